import { rmSync } from 'node:fs';
import { exec, HangingProgram, type Finished } from './exec.ts';
import { writeAtomically } from './files.ts';

/** Dovecot's work on the messages of many users at once (doveadm-search(1), doveadm-expunge(1)). */

export interface FoundMessages {
  /** Messages of each user who has some. */
  readonly counts: ReadonlyMap<string, number>;
  /** Users whose mailbox could not be looked at, and why. */
  readonly errors: ReadonlyMap<string, string>;
}

/** So many users in one process: starting one for each would take longer than the work. */
const BATCH = 200;

/** Milliseconds that a batch may take: a mailbox that was never indexed is read message by message. */
const PATIENCE = 600_000;

export interface MailSearch {
  readonly config: string;
  /** A file that may be written for the names of the users. */
  readonly scratch: string;
}

/** Counts what a query finds, and removes it where that is asked for. One user's failure does not keep the others waiting. */
export async function searchMail(
  search: MailSearch,
  users: readonly string[],
  query: readonly string[],
  remove: boolean,
): Promise<FoundMessages> {
  const counts = new Map<string, number>();
  const errors = new Map<string, string>();
  for (let start = 0; start < users.length; start += BATCH) {
    const batch = users.slice(start, start + BATCH);
    const { due, failure } = await work(search, batch, query, remove);
    for (const [user, count] of due) counts.set(user, count);
    if (failure === undefined) continue;
    // Who fails may have kept others from having their turn; what was removed in the first run is not found again.
    for (const user of batch) {
      const again = await work(search, [user], query, remove);
      const count = Math.max(due.get(user) ?? 0, again.due.get(user) ?? 0);
      if (again.failure !== undefined) errors.set(user, again.failure);
      if (again.failure === undefined && count > 0) counts.set(user, count);
      else counts.delete(user);
    }
  }
  return { counts, errors };
}

interface Done {
  readonly due: ReadonlyMap<string, number>;
  readonly failure?: string;
}

async function work(
  search: MailSearch,
  users: readonly string[],
  query: readonly string[],
  remove: boolean,
): Promise<Done> {
  const found = await doveadm(search, 'search', users, query);
  const due = countsIn(found.stdout);
  if (found.code !== 0) return { due, failure: complaint(found) };
  if (!remove || due.size === 0) return { due };
  const removed = await doveadm(search, 'expunge', [...due.keys()], query);
  return removed.code === 0 ? { due } : { due, failure: complaint(removed) };
}

async function doveadm(
  { config, scratch }: MailSearch,
  action: 'search' | 'expunge',
  users: readonly string[],
  query: readonly string[],
): Promise<Finished> {
  writeAtomically({ path: scratch, content: `${users.join('\n')}\n`, mode: 0o600, uid: 0, gid: 0, volatile: true });
  try {
    const args = ['-c', config, '-f', 'tab', action, '-F', scratch, ...query];
    return await exec('doveadm', args, { patience: PATIENCE });
  } catch (error) {
    if (!(error instanceof HangingProgram)) throw error;
    return { code: 1, stdout: '', stderr: error.message };
  } finally {
    rmSync(scratch, { force: true });
  }
}

/** A header, then a line for each message with the user in front. */
function countsIn(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.split('\n').slice(1)) {
    const user = line.slice(0, line.indexOf('\t'));
    if (user !== '') counts.set(user, (counts.get(user) ?? 0) + 1);
  }
  return counts;
}

function complaint({ stderr, code }: Finished): string {
  const error = /Error: (.*)/.exec(stderr)?.[1];
  return error ?? (stderr.trim() === '' ? `doveadm ended with status ${code}` : stderr.trim());
}
