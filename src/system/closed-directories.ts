import { closeSync, constants, fchmodSync, fstatSync, openSync, realpathSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { failed, refused } from '../core/errors.ts';
import { lstat } from './files.ts';

/** Directories of a user who is not root, in which root moves things. */

/**
 * That user could let root make and move things anywhere by a symbolic link; root's own links are an administrator's wish.
 * @param base is not looked at itself
 * @throws failed (exit 1) when a directory on the way from there is another's link
 */
export function requireRootsLinks(base: string, directory: string): void {
  let path = base;
  for (const name of relative(base, directory).split('/')) {
    path = `${path}/${name}`;
    const found = lstat(path);
    if (found?.isSymbolicLink() !== true || found.uid === 0) continue;
    throw failed(
      `${path} is a symbolic link that is not root's`,
      'remove it, or make it again as root: mail is moved by root, and only where root wants it',
    );
  }
}

/** Runs `work` while nobody but root can make anything in these directories. Afterwards they are open to their owners. */
export function whileClosed(directories: readonly string[], work: () => void): void {
  const closed: { readonly descriptor: number; readonly mode: number }[] = [];
  try {
    for (const path of directories) {
      const descriptor = openDirectory(path);
      const mode = fstatSync(descriptor).mode & 0o7777;
      closed.push({ descriptor, mode });
      fchmodSync(descriptor, mode & ~0o222);
    }
    work();
  } finally {
    // Always open to its owner: whoever was here before may have been killed. One that is there twice has its own mode last.
    for (const { descriptor, mode } of closed.reverse()) {
      fchmodSync(descriptor, mode | 0o200);
      closeSync(descriptor);
    }
  }
}

/** Whether nobody but root can make anything in a directory. */
export function isShut(path: string): boolean {
  const link = lstat(path);
  const found = link?.isSymbolicLink() === true && link.uid === 0 ? statSync(path, { throwIfNoEntry: false }) : link;
  return found?.isDirectory() === true && (found.mode & 0o222) === 0;
}

/** Opens a directory to its owner again where `whileClosed` was killed; none is none. */
export function reopen(path: string): void {
  const found = lstat(path);
  if (found === undefined || (!found.isSymbolicLink() && (found.mode & 0o200) !== 0)) return;
  whileClosed([path], () => undefined);
}

/** What a link of somebody else leads to is not opened. */
function openDirectory(path: string): number {
  try {
    const found = lstat(path);
    const place = found?.isSymbolicLink() === true && found.uid === 0 ? realpathSync(path) : path;
    return openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    throw refused(`cannot open the directory ${path}`, error);
  }
}
