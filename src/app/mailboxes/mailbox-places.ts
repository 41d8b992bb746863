import { readdirSync, readlinkSync, rmdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { failed } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { reopen, requireRootsLinks, whileClosed } from '../../system/closed-directories.ts';
import { isEmptyDirectory } from '../../system/directories.ts';
import { lstat, makeDirectory } from '../../system/files.ts';
import { moveDirectory, moveLeavingLink } from '../../system/move-directory.ts';
import { archiveMailboxes } from './archive.ts';

/** Where mailboxes wait, beside the domains; no domain begins with a dot. */
export const WAITING = '.moving';

/** Mode of a directory, root's own, that stands where nothing may be delivered for a moment. */
const CLOSED = 0o700;

/** What a directory is known by wherever it is. */
export function inodeOf(path: string): string | undefined {
  const found = lstat(path);
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

/** Dovecot's mail_home. */
export function homeOf(root: string, address: string): string {
  const at = address.lastIndexOf('@');
  return `${root}/${PATHS.mail}/${address.slice(at + 1)}/${address.slice(0, at)}`;
}

/** Directories of mailboxes: where they are, and how they change places while Dovecot runs. */
export class MailboxPlaces {
  readonly root: string;
  private readonly owner: { readonly uid: number; readonly gid: number };

  constructor(root: string, owner: { readonly uid: number; readonly gid: number }) {
    this.root = root;
    this.owner = owner;
  }

  home(address: string): string {
    return homeOf(this.root, address);
  }

  /** Where a mailbox waits while its address changes hands. */
  waiting(address: string): string {
    return this.home(address).replace(`/${PATHS.mail}/`, `/${PATHS.mail}/${WAITING}/`);
  }

  inode(path: string): string | undefined {
    return inodeOf(path);
  }

  /** A directory is moved by its name only. @throws when one of its places is on another file system, or behind another's link */
  requireSameDevice(inode: string, homes: readonly string[]): void {
    for (const home of homes) {
      this.requireOwnWay(home);
      let parent = dirname(home);
      while (statSync(parent, { throwIfNoEntry: false }) === undefined) parent = dirname(parent);
      if (statSync(parent).dev === Number(inode.split(':')[0])) continue;
      throw failed(`a mailbox would have to move to another file system: ${home}`, 'keep all mail on one file system');
    }
  }

  /** @throws when a mailbox and the archive are not where they seem, but behind a link of somebody else */
  requireWayToArchive(home: string): void {
    this.requireOwnWay(home);
    this.requireOwnWay(`${this.root}/${PATHS.archive}/domain`);
  }

  /** The directory of a user who has got no mail yet. */
  makeHome(address: string): string {
    const home = this.home(address);
    this.makeParent(home);
    makeDirectory(home, 0o700, this.owner.uid, this.owner.gid);
    return home;
  }

  /**
   * Moves a mailbox. Meanwhile nobody but root can make anything in the directories of the two domains, or a delivery
   * between the steps would begin a fresh mailbox under one of the names.
   * @param clear is called for what may be in the way
   * @param leave what the old name is from then on: free, a way to the new one for who still uses it, or closed
   */
  move(from: string, to: string, clear: () => void, leave: 'free' | 'link' | 'closed'): void {
    this.makeParent(to);
    whileClosed([dirname(from), dirname(to)], () => {
      clear();
      if (leave === 'link') moveLeavingLink(from, to, relative(dirname(from), to));
      else moveDirectory(from, to);
      if (leave === 'closed') makeDirectory(from, CLOSED);
    });
  }

  /**
   * Mailboxes to where they were, all by way of a place where they wait: as one step to everybody else.
   * @param clear is called for what may be in the way
   */
  moveBack(
    moves: readonly { readonly from: string; readonly address: string }[],
    clear: (address: string) => void,
  ): void {
    for (const { address } of moves) {
      this.makeParent(this.waiting(address));
      this.makeParent(this.home(address));
    }
    const places = moves.flatMap(({ from, address }) => [from, this.waiting(address), this.home(address)]);
    whileClosed([...new Set(places.map((path) => dirname(path)))], () => {
      for (const { from, address } of moves) {
        if (from !== this.waiting(address)) moveDirectory(from, this.waiting(address));
      }
      for (const { address } of moves) {
        clear(address);
        moveDirectory(this.waiting(address), this.home(address));
      }
    });
  }

  /** The old name as a way to the new one. */
  link(from: string, to: string): void {
    whileClosed([dirname(from)], () => symlinkSync(relative(dirname(from), to), from));
  }

  /** After a move that was killed on its way. */
  reopen(homes: readonly string[]): void {
    this.reopenDirectories(new Set(homes.map((home) => dirname(home))));
  }

  /** One that was made, and not given to its owner yet, is made again by who needs it. */
  reopenDirectories(directories: Iterable<string>): void {
    for (const path of directories) {
      if (!path.includes(`/${WAITING}/`) && isClosed(path)) removeIfEmpty(path);
      reopen(path);
    }
  }

  /** In the way of every delivery and login of this name, which then have to wait: only root can enter it. */
  close(home: string): void {
    this.makeParent(home);
    whileClosed([dirname(home)], () => {
      if (lstat(home)?.isSymbolicLink() === true) this.open(home);
      if (lstat(home) === undefined) makeDirectory(home, CLOSED);
    });
  }

  /** Takes away what `close` or `move` left there. */
  open(home: string): void {
    const found = lstat(home);
    if (found?.isSymbolicLink() === true && this.isOurLink(home)) rmSync(home);
    else this.openClosed(home);
  }

  /** The same where a link may be somebody's wish. */
  openClosed(home: string): void {
    if (isClosed(home)) removeIfEmpty(home);
  }

  /** Whether anything is there that is not in the way for a moment only. */
  isTaken(home: string): boolean {
    return lstat(home) !== undefined && !isClosed(home);
  }

  /** Puts away what stands where a mailbox is to go, and belongs to nobody. */
  clear(address: string, since: string, time: Date): string | undefined {
    const home = this.home(address);
    this.open(home);
    if (lstat(home) === undefined) return undefined;
    const [kept] = archiveMailboxes(this.root, [{ directory: home, address, entry: null, since }], time);
    return `a mailbox of nobody was in the way of ${address}: kept in ${this.root}/${kept?.path ?? ''}`;
  }

  /** The place for those that wait, which is empty by now; what is not stays. */
  removeWaiting(): void {
    const base = `${this.root}/${PATHS.mail}/${WAITING}`;
    if (lstat(base)?.isDirectory() !== true) return;
    for (const domain of readdirSync(base)) removeIfEmpty(`${base}/${domain}`);
    removeIfEmpty(base);
  }

  private makeParent(home: string): void {
    const parent = dirname(home);
    this.requireOwnWay(home);
    if (parent.includes(`/${WAITING}/`)) {
      makeDirectory(dirname(parent), 0o700);
      makeDirectory(parent, 0o700);
    } else makeDirectory(parent, 0o700, this.owner.uid, this.owner.gid);
  }

  private requireOwnWay(place: string): void {
    requireRootsLinks(`${this.root}/${PATHS.mail}`, dirname(place));
  }

  private isOurLink(home: string): boolean {
    return /^(?:\.\.\/[^/]+\/)?[^/]+$/.test(readlinkSync(home));
  }
}

/** Also a directory that was made, and not given to its owner yet. */
export function isClosed(path: string): boolean {
  const found = lstat(path);
  const isRoots = found?.isDirectory() === true && found.uid === 0 && (found.mode & 0o777) === CLOSED;
  return isRoots && isEmptyDirectory(path);
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  }
}
