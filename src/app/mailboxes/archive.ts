import { readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refused } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { PATHS } from '../../core/render/paths.ts';
import { lstat, makeDirectory, writeAtomically } from '../../system/files.ts';
import { readJsonFile } from '../../system/json-file.ts';
import { moveDirectory } from '../../system/move-directory.ts';
import { newestGeneration } from '../../system/generations.ts';

/** Mailboxes of users who are gone, and the index of them. */

export interface ArchivedMailbox {
  /** Tells the generations of one address apart; also the end of the directory's name. */
  readonly id: string;
  readonly address: string;
  /** When it came into the archive, ISO 8601. */
  readonly removed: string;
  readonly messages: number;
  readonly bytes: number;
  /** Relative to the root; null for a user who never got mail. */
  readonly path: string | null;
  /** The user's entry in the state that was in force until then; null for a mailbox that belonged to nobody. */
  readonly entry: Json;
  /** Time of the apply before the removal: one that was cut off and is run again finds its own work by it. */
  readonly since: string;
  /**
   * Number of the newest generation before the removal, 0 for none: what a way back goes by, as clocks may be set back. Absent
   * in entries of earlier versions.
   */
  readonly generation?: number;
  /** What the mailbox is known by wherever it goes. Absent for one of nobody, and in entries of earlier versions. */
  readonly mailbox?: string | undefined;
}

/** Counted from what Dovecot writes into the names of the files, so that no message is opened. */
export interface MailboxSize {
  readonly messages: number;
  /** As quotas count: with the line ends of the network. */
  readonly bytes: number;
}

/** By which the mailbox log names it. */
export function archiveKey({ address, id }: Pick<ArchivedMailbox, 'address' | 'id'>): string {
  return `${address}/${id}`;
}

/** What each is known by, also those that an apply that was cut off has brought back already. */
export function archivedIds(root: string): ReadonlyMap<string, string> {
  return new Map(readIndex(root).flatMap((one) => (one.mailbox === undefined ? [] : [[archiveKey(one), one.mailbox]])));
}

/**
 * Those that are there, in the order in which they came.
 * @param isKept of those whose directory has left, which count as well
 */
export function archivedInOrder(
  root: string,
  isKept: (mailbox: ArchivedMailbox) => boolean = () => false,
): readonly ArchivedMailbox[] {
  return readIndex(root).filter((one) => !isLost(root, one) || isKept(one));
}

/** The same, newest first. */
export function archivedMailboxes(
  root: string,
  isKept?: (mailbox: ArchivedMailbox) => boolean,
): readonly ArchivedMailbox[] {
  const there = [...archivedInOrder(root, isKept)];
  const order = (one: ArchivedMailbox): string => `${one.address}\u0000${one.id}`;
  return there.sort((a, b) => b.removed.localeCompare(a.removed) || order(a).localeCompare(order(b)));
}

/** What comes into the archive: a directory, or only the entry of a user who never got mail. */
export interface Leaving extends Pick<ArchivedMailbox, 'address' | 'entry' | 'since' | 'mailbox'> {
  readonly directory: string | undefined;
}

/** Takes mailboxes into the archive. */
export function archiveMailboxes(root: string, leaving: readonly Leaving[], time: Date): readonly ArchivedMailbox[] {
  if (leaving.length === 0) return [];
  const index = readIndex(root);
  const generation = newestGeneration(`${root}/${PATHS.lib}`);
  const taken = new Set(index.map(archiveKey));
  const stamp = time.toISOString().replace(/[:.]/g, '-');
  const added = leaving.map(({ directory, ...about }): ArchivedMailbox => {
    const isFree = (id: string): boolean =>
      !taken.has(archiveKey({ ...about, id })) && lstat(`${root}/${pathOf(about.address, id)}`) === undefined;
    const id = [stamp, ...Array.from({ length: 99 }, (_, n) => `${stamp}-${n + 2}`)].find(isFree) ?? stamp;
    taken.add(archiveKey({ ...about, id }));
    const size = directory === undefined ? { messages: 0, bytes: 0 } : mailboxSize(directory);
    const path = directory === undefined ? null : pathOf(about.address, id);
    return { id, ...about, removed: time.toISOString(), generation, ...size, path };
  });
  // The index first: it may name what is not there yet, but nothing is ever in the archive without it.
  writeIndex(root, [...index, ...added]);
  makeDirectory(`${root}/${PATHS.archive}`, 0o700);
  for (const [at, { path }] of added.entries()) {
    const directory = leaving[at]?.directory;
    if (path === null || directory === undefined) continue;
    makeDirectory(dirname(`${root}/${path}`), 0o700);
    moveDirectory(directory, `${root}/${path}`);
  }
  return added;
}

/** In a directory for the domain: with it, the longest addresses would be too long for one name. */
function pathOf(address: string, id: string): string {
  const [local = '', domain = ''] = address.split('@');
  return `${PATHS.archive}/${domain}/${local}.${id}`;
}

/** Drops what has left the archive, and what is lost. */
export function forgetArchived(root: string, gone: (mailbox: ArchivedMailbox) => boolean): void {
  dropFromIndex(root, (mailbox) => isLost(root, mailbox) || gone(mailbox));
}

/** Drops these, and nothing else: what is on its way out of the archive may have to go back there. */
export function dropFromIndex(root: string, gone: (mailbox: ArchivedMailbox) => boolean): void {
  const all = readIndex(root);
  const left = all.filter((mailbox) => !gone(mailbox));
  if (left.length < all.length) writeIndex(root, left);
}

/** Whether its directory is not there, or no longer. */
export function isLost(root: string, { path }: Pick<ArchivedMailbox, 'path'>): boolean {
  return path !== null && lstat(`${root}/${path}`) === undefined;
}

/** Messages and bytes in a user's directory; zeros where there is none. */
export function mailboxSize(directory: string): MailboxSize {
  const maildir = join(directory, 'Maildir');
  let [messages, bytes] = [0, 0];
  const folders = ['', ...namesIn(maildir).filter((name) => name.startsWith('.'))];
  for (const folder of folders) {
    for (const part of ['new', 'cur']) {
      const path = join(maildir, folder, part);
      for (const name of namesIn(path)) {
        if (name.startsWith('.')) continue;
        messages += 1;
        bytes += sizeIn(name) ?? statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0;
      }
    }
  }
  return { messages, bytes };
}

/** `W=` is the size with CRLF, `S=` that of the file (Dovecot documentation, "Maildir"). */
function sizeIn(name: string): number | undefined {
  const found = /,W=(\d+)/.exec(name) ?? /,S=(\d+)/.exec(name);
  return found === null ? undefined : Number(found[1]);
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw refused(`cannot read ${directory}`, error);
  }
}

function readIndex(root: string): ArchivedMailbox[] {
  const hint = [
    `it says whose the mailboxes in ${root}/${PATHS.archive} are: bring it back from a backup`,
    'or move it away: they stay there, and "eboxmail user restore" knows none of them',
  ].join('\n');
  const needs = { mailboxes: 'list' } as const;
  return [
    ...(readJsonFile<{ mailboxes: readonly ArchivedMailbox[] }>(indexFile(root), { needs, hint })?.mailboxes ?? []),
  ];
}

function writeIndex(root: string, mailboxes: readonly ArchivedMailbox[]): void {
  const path = indexFile(root);
  makeDirectory(dirname(path), 0o700);
  if (mailboxes.length === 0) return rmSync(path, { force: true });
  const content = `${JSON.stringify({ version: 1, mailboxes }, null, 1)}\n`;
  writeAtomically({ path, content, mode: 0o600, uid: 0, gid: 0 });
}

function indexFile(root: string): string {
  return `${root}/${PATHS.lib}/archive.json`;
}
