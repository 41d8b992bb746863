import type { StateChange } from '../../core/plan/state-words.ts';
import { PATHS } from '../../core/render/paths.ts';
import { isShut } from '../../system/closed-directories.ts';
import { listDirectory, lstat } from '../../system/files.ts';
import { readJournal } from './mailbox-journal.ts';
import { archiveMailboxes } from './archive.ts';
import { homeOf, isClosed, WAITING, type MailboxPlaces } from './mailbox-places.ts';

/**
 * What stands in the way of mail, of moves of which nothing is written down any more: a journal was lost, or an earlier version
 * took it away.
 */
export interface Strays {
  /** Directories of domains in which nobody can make anything, absolute. */
  readonly shut: readonly string[];
  /** Mailboxes that wait, by the address under which they do. */
  readonly waiting: readonly string[];
  /** Addresses whose names are closed. */
  readonly closed: readonly string[];
}

const NONE: Strays = { shut: [], waiting: [], closed: [] };

/**
 * @param since time of the last apply; while its mailboxes are known to move, nothing is astray
 * @param users every one is looked at only where something else is astray
 */
export function findStrays(
  root: string,
  since: string,
  domains: Iterable<string>,
  users: () => Iterable<string>,
): Strays {
  // Others cannot look into the mail.
  if (process.getuid?.() !== 0 || readJournal(root, since) !== undefined) return NONE;
  const mail = `${root}/${PATHS.mail}`;
  const shut = [...domains].map((domain) => `${mail}/${domain}`).filter(isInTheWay);
  const waiting = waitingIn(`${mail}/${WAITING}`);
  // An apply may have begun to move them meanwhile.
  if (shut.length + waiting.length === 0 || readJournal(root, since) !== undefined) return NONE;
  return { shut, waiting, closed: [...users()].filter((address) => isClosed(homeOf(root, address))) };
}

function isInTheWay(path: string): boolean {
  const found = lstat(path);
  // So it is with nearly all, of which there may be many.
  if (found === undefined || (found.isDirectory() && found.uid !== 0 && (found.mode & 0o200) !== 0)) return false;
  return isShut(path) || isClosed(path);
}

function waitingIn(base: string): readonly string[] {
  if (lstat(base)?.isDirectory() !== true) return [];
  return listDirectory(base).flatMap((domain) =>
    listDirectory(`${base}/${domain}`)
      .filter((local) => lstat(`${base}/${domain}/${local}`)?.isDirectory() === true)
      .map((local) => `${local}@${domain}`),
  );
}

interface Clearing {
  readonly since: string;
  readonly time: Date;
  readonly say: (line: string) => void;
}

/** Opens what is closed. Whose a mailbox is that was left so nobody can tell for sure: it goes into the archive. */
export function clearStrays(
  places: MailboxPlaces,
  { shut, waiting, closed }: Strays,
  { since, time, say }: Clearing,
): void {
  places.reopenDirectories(shut);
  for (const address of closed) places.openClosed(places.home(address));
  const left = waiting.map((address) => ({ directory: places.waiting(address), address, entry: null, since }));
  for (const { address, path } of archiveMailboxes(places.root, left, time))
    say(`a mailbox that was ${address}'s was left behind: kept in ${places.root}/${path ?? ''}`);
  if (left.length > 0) places.removeWaiting();
}

export function wordsOfStrays(root: string, { shut, waiting, closed }: Strays): readonly StateChange[] {
  const words = [
    ...shut.map((path) => `${path}: no mail can be delivered there, as it is closed; it is opened again`),
    ...waiting.map((one) => `a mailbox that was ${one}'s was left in ${root}/${PATHS.mail}/${WAITING}; it is archived`),
    ...closed.map((one) => `${homeOf(root, one)}: the name is closed; it is opened again`),
  ];
  return words.map((text) => ({ kind: 'changed', path: ['users'], text: `mailboxes: ${text}` }));
}
