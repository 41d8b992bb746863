import { setTimeout as sleep } from 'node:timers/promises';
import { telltaleOf } from '../../core/account-file.ts';
import { failed } from '../../core/errors.ts';
import type { HostFacts } from '../../core/host-facts.ts';
import type { FileChange } from '../../core/plan/plan.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { dovecotProcess } from '../../system/dovecot.ts';
import { isKnownUser } from '../../system/dovecot-auth.ts';
import { lstat } from '../../system/files.ts';
import { childrenOf } from '../../system/processes.ts';
import { DOVECOT_LOOKS } from '../../system/passwd-file.ts';

/** Waiting for a second to be over ends a little behind it. */
const MARGIN = 5;

/** How often Dovecot is asked again after a second. */
const TRIES = 3;

/**
 * Waits until Dovecot goes by the account file that was put in place. It refuses mail for good when it does not know the
 * account, so Postfix must not accept any before. Mostly it is enough to ask, and then there is nothing to wait for.
 * @param change of the account file; absent when there is none, unless an apply made it that was killed since
 * @throws failed when Dovecot goes on with the old one
 */
export async function untilAccountsAreRead(
  facts: HostFacts,
  change: Pick<FileChange, 'before' | 'after'> | undefined,
): Promise<void> {
  if (change === undefined) {
    const age = Date.now() - (lstat(below(facts, PATHS.accounts))?.ctimeMs ?? 0);
    if (age >= 0 && age < DOVECOT_LOOKS) await sleep(DOVECOT_LOOKS + MARGIN - age);
    return;
  }
  const telltale = telltaleOf(change.before ?? '', change.after ?? '');
  const isRead = async (): Promise<boolean | undefined> => {
    if (telltale === undefined) return undefined;
    const answer = await knows(telltale.name, facts);
    return answer === undefined ? undefined : answer === telltale.added;
  };
  // After a reload an auth process of before may go on for who was connected to it, and its answer is not to be had.
  if (hasOneAuth(facts) && (await isRead()) === true) return;
  for (let n = 0; n < TRIES; n++) {
    await sleep(DOVECOT_LOOKS + MARGIN - (Date.now() % DOVECOT_LOOKS));
    if ((await isRead()) !== false) return;
  }
  throw failed('Dovecot does not take up the new account file', 'its log may say why');
}

/** Whether all of Dovecot asks the same process. */
function hasOneAuth({ root }: HostFacts): boolean {
  const master = dovecotProcess(`${root}/${PATHS.dovecotRun}`);
  const count = master === undefined ? undefined : childrenOf(master, 'auth')?.length;
  return count !== undefined && count <= 1;
}

/** @returns undefined when Dovecot does not say */
async function knows(name: string, facts: HostFacts): Promise<boolean | undefined> {
  try {
    return await isKnownUser(name, below(facts, PATHS.dovecotRun));
  } catch {
    return undefined;
  }
}
