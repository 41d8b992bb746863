import { setTimeout as sleep } from 'node:timers/promises';
import { accountsAdded, withWayBack } from '../../core/account-file.ts';
import type { HostFacts } from '../../core/host-facts.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { readIfPresent } from '../../system/files.ts';
import type { Undo } from '../../system/undo.ts';
import { untilAccountsAreRead } from './account-file.ts';
import { writeMeanwhile } from './applied.ts';
import { domainsOfBoth } from './domains-back.ts';
import { recipientsBack } from './recipient-tables.ts';
import { writePasswdFile } from '../../system/passwd-file.ts';
import type { Prepared } from '../plan/prepare.ts';

/** Milliseconds in which Postfix delivers what it has just accepted. */
const UNDER_WAY = 1000;

/** So often what was put off for a moment is tried again, a second apart. */
const TRIES = 5;

/**
 * The account file on the way back: before Postfix has its tables back Dovecot must know the accounts that it accepts mail for
 * then, and what it accepted for the new address of a rename must still get to the mailbox.
 * @param rest puts back everything else, but for the files of which this holds
 */
export async function accountsBack(
  { facts, plan }: Pick<Prepared, 'facts' | 'plan'>,
  undo: Undo,
  rest: (waits: (target: string) => boolean) => void,
): Promise<void> {
  const path = below(facts, PATHS.accounts);
  const isAccounts = (target: string): boolean => target === path;
  const now = readIfPresent(path) ?? '';
  const before = undo.textBefore(path) ?? now;
  const held = withWayBack(before, now);
  const holds = held !== before && writeMeanwhile(facts.root, PATHS.accounts, held, () => writePasswdFile(path, held));
  if (!holds) undo.restore(isAccounts);
  // One that is started reads them anyway. What Dovecot does not do here is for those to see who look afterwards.
  if (now !== before && plan.daemons.dovecot !== 'start')
    await untilAccountsAreRead(facts, { before: now, after: holds ? held : before }).catch(() => undefined);
  const standIns = holds ? accountsAdded(before, held) : [];
  const isDomains = await domainsOfBoth(facts, undo, standIns);
  const isLast = await recipientsBack(facts, undo);
  const waits = (target: string): boolean => isAccounts(target) || isDomains(target);
  rest((target) => waits(target) || isLast(target));
  undo.restore(isLast);
  if (!holds) return;
  await untilDelivered(facts, standIns);
  undo.restore(waits);
}

/** What could not be delivered at once, while the mailbox was on its way back, is tried before its address is nobody's. */
async function untilDelivered({ root }: HostFacts, addresses: readonly string[]): Promise<void> {
  const { retryFor } = await import('../queue/waiting-for.ts');
  for (let n = 0; n < TRIES; n += 1) {
    await sleep(UNDER_WAY);
    if (((await retryFor({ root }, addresses)) ?? 0) === 0) return;
  }
}
