import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  statSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { refused } from '../core/errors.ts';
import type { FoundDirectory, Ownership } from '../core/plan/directory-changes.ts';
import { lstat } from './files.ts';
import { groupName, ownerIds, userName } from './identity.ts';

/** Owner and mode of a directory; undefined where there is none, or this process may not look. Links are not followed. */
export function readDirectory(path: string): FoundDirectory | undefined {
  const found = look(() => lstatSync(path));
  if (found?.isDirectory() !== true) return undefined;
  return {
    mode: found.mode & 0o7777,
    owner: userName(found.uid),
    group: groupName(found.gid),
    belowRoots: look(() => statSync(dirname(path)))?.uid === 0,
  };
}

/** Whether nothing is there; also at the end of symbolic links. What this process may not see is not gone. */
export function isGone(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

/** Whether a directory is seen to be empty, but for what file systems have at their top. */
export function isSeenEmpty(path: string): boolean {
  try {
    return readdirSync(path).every((name) => name === 'lost+found');
  } catch {
    return false;
  }
}

/** Whatever is in the way of looking is told by whoever needs what is there. */
function look(at: () => Stats): Stats | undefined {
  try {
    return at();
  } catch {
    return undefined;
  }
}

/** Gives a directory owner and mode. @throws when it is none by now, a symbolic link to one included */
export function changeDirectory(path: string, wanted: Ownership): void {
  const { uid, gid } = ownerIds(wanted);
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      const found = fstatSync(descriptor);
      if (found.uid !== uid || found.gid !== gid) fchownSync(descriptor, uid, gid);
      fchmodSync(descriptor, wanted.mode);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw refused(`cannot change owner and mode of ${path}`, error);
  }
}

/** A directory and all below it; none where there is none. Links are not followed. */
export function directoriesBelow(path: string): readonly string[] {
  if (lstat(path)?.isDirectory() !== true) return [];
  const found = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [path, ...found.map(({ parentPath, name }) => join(parentPath, name))];
}

export function isEmptyDirectory(path: string): boolean {
  return readdirSync(path).length === 0;
}
