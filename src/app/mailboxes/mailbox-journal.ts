import { rmSync } from 'node:fs';
import { keyOf } from '../../core/mailboxes/tracks.ts';
import { PATHS } from '../../core/render/paths.ts';
import { writeAtomically } from '../../system/files.ts';
import { readJsonFile } from '../../system/json-file.ts';
import { archiveKey, type ArchivedMailbox } from './archive.ts';
import { inodeOf } from './mailbox-places.ts';

/**
 * Written before the first mailbox moves and removed when the apply is recorded. A directory keeps its inode wherever it
 * is renamed to, so whoever comes after a crash can tell which mailbox is where.
 */
export interface Journal {
  /** Time of the apply before: a journal of another one is of no meaning. */
  readonly since: string;
  /** By their keys. */
  readonly mailboxes: Readonly<Record<string, JournalEntry>>;
  /** Addresses that change hands, whose names are closed meanwhile; absent in journals of earlier versions. */
  readonly closed?: readonly string[];
}

export interface JournalEntry {
  readonly inode: string;
  /** Absolute paths where it may be. */
  readonly places: readonly string[];
  /** Absent where its mail was not to be deleted; it may be only partly so. */
  readonly deleted?: true | undefined;
}

/** The journal of an apply that was cut off, when there was one since then. */
export function readJournal(root: string, since: string): Journal | undefined {
  const hint = [
    'an apply was cut off while mailboxes moved, and this says which is which: move it away and run "eboxmail apply"',
    `mailboxes that are not found at their addresses then go into the archive: "eboxmail user restore --list"`,
  ].join('\n');
  const journal = readJsonFile<Journal>(fileOf(root), { needs: { since: 'string', mailboxes: 'map' }, hint });
  return journal?.since === since ? journal : undefined;
}

/** Which mailboxes of the archive an apply that was cut off since then has brought out of it: they are in one of their places. */
export function broughtOut(root: string, since: string): (mailbox: ArchivedMailbox) => boolean {
  const { mailboxes = {} } = readJournal(root, since) ?? {};
  return (mailbox) => {
    const { inode, places = [] } = mailboxes[keyOf({ origin: archiveKey(mailbox), archived: true })] ?? {};
    return places.some((path) => inodeOf(path) === inode);
  };
}

/** Whether an apply since then has begun to delete the mail that was an address's. */
export function isBeingDeleted(root: string, since: string, address: string): boolean {
  return readJournal(root, since)?.mailboxes[address]?.deleted === true;
}

export function writeJournal(root: string, journal: Journal): void {
  writeAtomically({ path: fileOf(root), content: `${JSON.stringify(journal)}\n`, mode: 0o600, uid: 0, gid: 0 });
}

export function removeJournal(root: string): void {
  rmSync(fileOf(root), { force: true });
}

function fileOf(root: string): string {
  return `${root}/${PATHS.lib}/moving.json`;
}
