import { setTimeout as sleep } from 'node:timers/promises';
import { telltaleOf } from '../core/account-file.ts';
import type { HostFacts } from '../core/host-facts.ts';
import type { FileChange } from '../core/plan/plan.ts';
import { below, PATHS } from '../core/render/paths.ts';
import { isKnownUser } from '../system/dovecot-auth.ts';
import { lstat, setTime } from '../system/files.ts';

/**
 * Dovecot looks at a passwd-file at most once a second of its clock, and takes one with the second and the size of the
 * last one for that one (db-passwd-file.c).
 */
const SECOND = 1000;

/** Waiting for a second to be over ends a little behind it. */
const MARGIN = 5;

/** Gives a passwd-file that is to replace another a time by which Dovecot can tell them apart. */
export function makeNewerThan(path: string, temporary: string): void {
  const before = lstat(path)?.mtimeMs ?? 0;
  setTime(temporary, Math.max(Date.now(), before + SECOND));
}

/**
 * Waits until Dovecot goes by the account file that was put in place. It refuses mail for good when it does not know the
 * account, so Postfix must not accept any before. Mostly it is enough to ask, and then there is nothing to wait for.
 * @param change of the account file; absent when there is none, unless an apply made it that was killed since
 */
export async function untilAccountsAreRead(
  facts: HostFacts,
  change: Pick<FileChange, 'before' | 'after'> | undefined,
): Promise<void> {
  if (change === undefined) {
    const age = Date.now() - (lstat(below(facts, PATHS.accounts))?.ctimeMs ?? 0);
    if (age >= 0 && age < SECOND) await sleep(SECOND + MARGIN - age);
    return;
  }
  const telltale = telltaleOf(change.before ?? '', change.after ?? '');
  if (telltale !== undefined && (await knows(telltale.name, facts)) === telltale.added) return;
  await sleep(SECOND + MARGIN - (Date.now() % SECOND));
}

/** @returns undefined when Dovecot does not say */
async function knows(name: string, facts: HostFacts): Promise<boolean | undefined> {
  try {
    return await isKnownUser(name, below(facts, PATHS.dovecotRun));
  } catch {
    return undefined;
  }
}
