import type { UserEntry } from '../../core/generated/state-types.ts';
import type { Json } from '../../core/json.ts';
import type { MailboxEvent } from '../../core/mailboxes/events.ts';
import { PATHS } from '../../core/render/paths.ts';
import { lstat, makeDirectory, readIfPresent, requireWritable } from '../../system/files.ts';
import { appendToMailboxLog, readMailboxLog, type NewEvent } from '../../system/mailbox-log.ts';
import { isApplying, lastRecord, lastRecordFile } from '../../system/applied-record.ts';
import { originsNow } from '../state/followed-state.ts';
import type { Place } from '../state/place.ts';
import { loginOf, secretsNow } from '../state/state-signs.ts';
import { usersOf } from '../state/users-of.ts';

/** What commands want the next apply to know about mailboxes. */

/** Fails when a wish could not be written down, before anything else is written. */
export function requireNotable(root: string): void {
  const directory = `${root}/${PATHS.lib}`;
  makeDirectory(directory, 0o700);
  requireWritable(directory);
}

/**
 * Writes down what happens to an address; call it before the state is written, under its lock. Where nothing was ever
 * applied there are no mailboxes, and nothing is written.
 * @param entry the user's
 * @returns its number
 */
export function noteEvent(place: Place, event: NewEvent, entry?: UserEntry | null): number | undefined {
  const lib = `${place.root}/${PATHS.lib}`;
  const applied = lastRecord(lib);
  if (applied === undefined) return undefined;
  const login = entry === undefined ? {} : { login: loginOf(entry as unknown as Json, secretsNow(place)) };
  const { lineages: after, isSure } = originsNow(place, applied);
  // Written down as coming from several, it would be taken for each of them later.
  const doubtful = event.kind === 'back' && !isSure ? { before: undefined } : {};
  return appendToMailboxLog(lib, applied.mailboxes?.seq ?? 0, applied.time, { ...event, ...login, ...doubtful, after });
}

/** Whether a new user gets an address that was somebody's at the last apply, or was or is meant to be since. */
export function isTakenOver(root: string, address: string): boolean {
  const lib = `${root}/${PATHS.lib}`;
  if (isApplying(lib) || readMailboxLog(lib).some((event) => goesTo(event, address))) return true;
  const path = lastRecordFile(lib);
  const found = path === undefined ? undefined : lstat(path);
  if (path === undefined || found === undefined) return false;
  const record = `${lib} ${found.ino} ${found.mtimeMs}`;
  // A glance is enough for most: the record of thousands of users is long. A batch looks at it once.
  if (lastLook?.record !== record) {
    lastLook = { record };
    const local = address.slice(0, address.lastIndexOf('@') + 1);
    if (readIfPresent(path)?.toLowerCase().includes(`"${local}`) !== true) return false;
  }
  lastLook.users ??= usersOf(lastRecord(lib)?.state ?? {});
  return Object.hasOwn(lastLook.users, address);
}

/** By a rollback that did not come to its end it may be anybody's. */
function goesTo(event: MailboxEvent, address: string): boolean {
  if (event.kind === 'back') return true;
  return event.kind !== 'new' && event.kind !== 'seen' && event.to === address;
}

/** The record that was looked at last, and its users once they were needed. */
let lastLook: { readonly record: string; users?: ReturnType<typeof usersOf> } | undefined;
