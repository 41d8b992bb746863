import { readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { refused } from '../core/errors.ts';
import { runAtOnce } from './exec.ts';
import { lstat } from './files.ts';

/** Moves directories of mailboxes while Dovecot works in them. */

/** Number of renameat2(2) by Node's name of the architecture (syscalls(2)). */
const RENAMEAT2: Readonly<Record<string, number>> = {
  x64: 316,
  arm64: 276,
  arm: 382,
  ia32: 353,
  ppc64: 357,
  riscv64: 276,
  s390x: 347,
};

/** AT_FDCWD is -100, RENAME_EXCHANGE is 2. */
const EXCHANGE = 'my ($number, $from, $to) = @ARGV; exit(syscall($number + 0, -100, $from, -100, $to, 2) == 0 ? 0 : 1)';

/** Milliseconds within which who holds a lock is done with what it wanted to write. */
const LOCK_HOLDS = 200;

/** rename(2), with words for what can go wrong. */
export function moveDirectory(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw refused(`cannot move ${from} to ${to}`, error);
  }
  releaseLocks(to);
}

/**
 * Moves a directory and leaves a symbolic link at its old name. To everybody else it is one step: who works in it by the old
 * name meanwhile, a delivery that holds a lock for example, always finds it. Node has no renameat2, and mv(1) exchanges
 * since coreutils 9.5 only; Perl is part of every Debian. Where the file system cannot do it, it is two steps.
 * @param link text of the link
 */
export function moveLeavingLink(from: string, to: string, link: string): void {
  try {
    symlinkSync(link, to);
    exchange(from, to);
    // Whatever ended it, it was done or not.
    if (lstat(from)?.isSymbolicLink() === true) return;
    rmSync(to);
    moveDirectory(from, to);
    symlinkSync(link, from);
  } catch (error) {
    throw refused(`cannot move ${from} to ${to}`, error);
  }
}

function exchange(from: string, to: string): void {
  const number = RENAMEAT2[process.arch];
  if (number === undefined) return;
  runAtOnce('perl', ['-e', EXCHANGE, String(number), from, to]);
}

/**
 * Whoever held a lock of Dovecot's by the old name cannot take it away any more, and everybody else would wait two minutes
 * for it (maildir-uidlist.c, MAILDIR_UIDLIST_LOCK_STALE_TIMEOUT).
 */
function releaseLocks(directory: string): void {
  const locks = locksIn(`${directory}/Maildir`);
  if (locks.length === 0) return;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_HOLDS);
  for (const { path, inode } of locks) if (lstat(path)?.ino === inode) rmSync(path, { force: true });
}

function locksIn(maildir: string): readonly { readonly path: string; readonly inode: number }[] {
  if (lstat(maildir)?.isDirectory() !== true) return [];
  const folders = ['', ...readdirSync(maildir).filter((name) => name.startsWith('.') && name !== '.')];
  return folders.flatMap((folder) => {
    const path = `${maildir}/${folder}/dovecot-uidlist.lock`;
    const found = lstat(path);
    return found === undefined ? [] : [{ path, inode: found.ino }];
  });
}
