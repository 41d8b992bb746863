import { setTimeout as sleep } from 'node:timers/promises';
import { telltaleOf, withThoseWhoGo } from '../core/account-file.ts';
import { failed } from '../core/errors.ts';
import type { HostFacts } from '../core/host-facts.ts';
import type { FileChange, Plan } from '../core/plan/plan.ts';
import { below, PATHS } from '../core/render/paths.ts';
import { dovecotProcess } from '../system/dovecot.ts';
import { isKnownUser } from '../system/dovecot-auth.ts';
import { lstat, setTime, staged, stageFile } from '../system/files.ts';
import { requireGroup } from '../system/identity.ts';
import { countChildren } from '../system/processes.ts';

/**
 * Dovecot looks at a passwd-file at most once a second of its clock, and takes one with the second and the size of the
 * last one for that one (db-passwd-file.c).
 */
const SECOND = 1000;

/** Waiting for a second to be over ends a little behind it. */
const MARGIN = 5;

/** Milliseconds that a file's time may be ahead of the clock because of `makeNewerThan`. */
const MOST_AHEAD = 60 * 60 * 1000;

/** How often Dovecot is asked again after a second. */
const TRIES = 3;

/** Gives a passwd-file that is to replace another a time by which Dovecot can tell them apart. */
export function makeNewerThan(path: string, temporary: string): void {
  const before = lstat(path)?.mtimeMs ?? 0;
  const now = Date.now();
  const isNear = before > now - SECOND && before < now + MOST_AHEAD;
  setTime(temporary, isNear ? before + SECOND : now);
}

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
    if (age >= 0 && age < SECOND) await sleep(SECOND + MARGIN - age);
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
    await sleep(SECOND + MARGIN - (Date.now() % SECOND));
    if ((await isRead()) !== false) return;
  }
  throw failed('Dovecot does not take up the new account file', 'its log may say why');
}

/** What stands in the account file until the proof: the new accounts and those that go; undefined when none goes. */
export function heldAccounts({ files }: Pick<Plan, 'files'>): string | undefined {
  const change = accountChange({ files });
  return change === undefined ? undefined : withThoseWhoGo(change.before ?? '', change.after ?? '');
}

export function accountChange({ files }: Pick<Plan, 'files'>): FileChange | undefined {
  return files.find(({ path }) => path === PATHS.accounts);
}

/** Puts a text in the place of a passwd-file, in a way that Dovecot sees. The name is not waited for until it is on the disk. */
export function writePasswdFile(path: string, content: string): void {
  // Another one may be staged for the same place.
  const { temporary } = stageFile({ path: `${path}.now`, content, mode: 0o640, uid: 0, gid: requireGroup('dovecot') });
  makeNewerThan(path, temporary);
  staged(temporary, path).commit();
}

/** Whether all of Dovecot asks the same process. */
function hasOneAuth({ root }: HostFacts): boolean {
  const master = dovecotProcess(`${root}/${PATHS.dovecotRun}`);
  const count = master === undefined ? undefined : countChildren(master, 'auth');
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
