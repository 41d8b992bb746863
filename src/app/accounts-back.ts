import { setTimeout as sleep } from 'node:timers/promises';
import { withWayBack } from '../core/account-file.ts';
import type { HostFacts } from '../core/host-facts.ts';
import { below, PATHS } from '../core/render/paths.ts';
import { readIfPresent } from '../system/files.ts';
import type { Undo } from '../system/undo.ts';
import { untilAccountsAreRead } from './account-file.ts';
import { alsoWrites } from './applied.ts';
import { writePasswdFile } from './passwd-file.ts';
import type { Prepared } from './prepare.ts';

/** Milliseconds in which Postfix delivers what it has just accepted. */
const UNDER_WAY = 1000;

/**
 * The account file on the way back: before Postfix has its tables back Dovecot must know the accounts that it accepts mail for
 * then, and what it accepted for the new address of a rename must still get to the mailbox.
 * @param rest puts back everything else
 */
export async function accountsBack(
  { facts, plan }: Pick<Prepared, 'facts' | 'plan'>,
  undo: Undo,
  rest: () => void,
): Promise<void> {
  const path = below(facts, PATHS.accounts);
  const isAccounts = (target: string): boolean => target === path;
  const now = readIfPresent(path) ?? '';
  const before = undo.textBefore(path) ?? now;
  const held = withWayBack(before, now);
  const holds = held !== before && hold(facts, held);
  if (!holds) undo.restore(isAccounts);
  // One that is started reads them anyway. What Dovecot does not do here is for those to see who look afterwards.
  if (now !== before && plan.daemons.dovecot !== 'start')
    await untilAccountsAreRead(facts, { before: now, after: holds ? held : before }).catch(() => undefined);
  rest();
  if (!holds) return;
  await sleep(UNDER_WAY);
  undo.restore(isAccounts);
}

/** @returns whether it is in place; a full disk is no reason to stop */
function hold(facts: HostFacts, content: string): boolean {
  try {
    if (!alsoWrites(facts.root, PATHS.accounts, content)) return false;
    writePasswdFile(below(facts, PATHS.accounts), content);
    return true;
  } catch {
    return false;
  }
}
