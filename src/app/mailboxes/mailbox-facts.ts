import type { StateFile } from '../../core/generated/state-types.ts';
import { EboxmailError } from '../../core/errors.ts';
import { readIfPresent } from '../../system/files.ts';
import { archivedMailboxes, archiveKey, mailboxSize, type MailboxSize } from './archive.ts';
import { homeOf } from './mailbox-places.ts';
import type { Place } from '../state/place.ts';
import { originOf, pendingMailboxes } from './pending-mailboxes.ts';

/** What the machine knows about a user's mailbox, without asking a daemon. */
export interface MailboxFacts {
  /** Undefined when it cannot be read. */
  readonly usage: MailboxSize | undefined;
  /** ISO 8601; null for a user who never logged in to read mail; undefined when it cannot be read. */
  readonly lastLogin: string | null | undefined;
  /** What is not known, and why; what is not so yet. */
  readonly notes: readonly string[];
}

export function mailboxFacts(place: Place, state: StateFile, address: string): MailboxFacts {
  const notes: string[] = [];
  const attempt = <T>(what: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof EboxmailError)) throw error;
      notes.push(`${what} is not known: ${error.message}`);
      return undefined;
    }
  };
  const directory = attempt('the mailbox', () => mailboxPlace(place, state, address, notes));
  if (directory === undefined) return { usage: undefined, lastLogin: undefined, notes };
  const usage = attempt('how much is in the mailbox', () => mailboxSize(directory));
  const lastLogin = attempt('the last login', () => readLastLogin(`${directory}/last-login`, notes));
  return { usage, lastLogin, notes };
}

/** The directory in which a user's mail is at this moment, whatever the next apply will do about it. */
function mailboxPlace(place: Place, state: StateFile, address: string, notes: string[]): string | undefined {
  const { root } = place;
  const track = originOf(pendingMailboxes(place, state), address);
  if (track === undefined) {
    notes.push('not applied yet: the mailbox comes with the next apply');
    return undefined;
  }
  if (track.archived) {
    notes.push('not applied yet: the mailbox comes back from the archive with the next apply');
    const path = archivedMailboxes(root).find((mailbox) => archiveKey(mailbox) === track.origin)?.path;
    return path === null || path === undefined ? undefined : `${root}/${path}`;
  }
  if (track.origin !== address) notes.push(`not applied yet: the mailbox is still that of ${track.origin}`);
  return homeOf(root, track.origin);
}

/** The plugin last_login writes `shared/last-login` and the seconds since 1970 on two lines (Dovecot documentation, "file dict"). */
function readLastLogin(path: string, notes: string[]): string | null | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return null;
  const seconds = /^shared\/last-login\n(\d{1,11})\n/.exec(text)?.[1];
  if (seconds !== undefined) return new Date(Number(seconds) * 1000).toISOString();
  notes.push(`the last login is not known: ${path} does not hold one`);
  return undefined;
}
