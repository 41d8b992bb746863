import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EboxmailError, failed, refused } from '../core/errors.ts';
import { kindOf, MOVE_AWAY, readRegular } from './regular-file.ts';

export interface FileContent {
  /** Absolute. */
  readonly path: string;
  readonly content: string | Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** For what may be lost with the power: not waited for until it is on the disk. */
  readonly volatile?: boolean;
}

/** A file that is written and synced beside its target, and only has to be renamed. */
export interface StagedFile {
  readonly temporary: string;
  readonly target: string;
  /** Puts it in place: rename(2), which readers see as all or nothing; it goes when that fails. `syncDirectories` makes it last. */
  commit(): void;
  discard(): void;
}

/** Temporary files have this in their names; after a crash they can be told from everything else. */
const MARK = '.eboxmail-new.';

/** Writes a file beside its target with owner and mode set and its data on disk. Symbolic links are refused. */
export function stageFile(file: FileContent): StagedFile {
  refuseOddTarget(file.path);
  const temporary = temporaryFor(file.path);
  rmSync(temporary, { force: true });
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const descriptor = openSync(temporary, flags, 0o600);
    try {
      writeFileSync(descriptor, file.content);
      if (process.getuid?.() === 0) fchownSync(descriptor, file.uid, file.gid);
      fchmodSync(descriptor, file.mode);
      if (file.volatile !== true) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw refused(`cannot write ${file.path}`, error);
  }
  return staged(temporary, file.path);
}

/** Takes a finished file that another program built beside its target. */
export function staged(temporary: string, target: string): StagedFile {
  const discard = (): void => rmSync(temporary, { force: true });
  const commit = (): void => {
    try {
      renameSync(temporary, target);
    } catch (error) {
      discard();
      throw error;
    }
  };
  return { temporary, target, commit, discard };
}

/** The same for a place for which another file may be staged already, which it is not mixed up with. */
export function stageMeanwhile(file: FileContent): StagedFile {
  return staged(stageFile({ ...file, path: `${file.path}.now` }).temporary, file.path);
}

export function writeAtomically(file: FileContent): void {
  stageFile(file).commit();
  if (file.volatile !== true) syncDirectory(dirname(file.path));
}

/**
 * Puts a copy of the file at one path, with its owner, mode and time, at another, whole or not at all. Never a second name of
 * the same file: Postfix sees that a table was replaced by its having no name any more (dict_changed_name in Postfix's
 * dict.c), and would go on with the old one. The caller syncs the directory.
 * @returns what is in it
 */
export function duplicate(source: string, target: string): Buffer {
  const { mode, uid, gid, atimeMs, mtimeMs } = lstatSync(source);
  const content = readFileSync(source);
  const copy = stageFile({ path: target, content, mode: mode & 0o7777, uid, gid });
  utimesSync(copy.temporary, atimeMs / 1000, mtimeMs / 1000);
  copy.commit();
  return content;
}

/**
 * Moves a copy that `duplicate` made to where it belongs, which needs no room on the disk. Between file systems the copy stays
 * and is copied; one that is gone has been moved before. The caller syncs the directory.
 */
export function moveBack(copy: string, target: string): void {
  if (lstat(copy) === undefined) return;
  refuseOddTarget(target);
  try {
    renameSync(copy, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw refused(`cannot put ${target} back`, error);
    duplicate(copy, target);
  }
}

function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}${MARK}${process.pid}`);
}

/**
 * Removes what writers that were killed left in a directory, of one file or of all. Only for holders of the lock that
 * guards it: what another process is about to rename would be gone.
 */
export function removeStale(directory: string, file?: string): void {
  for (const name of readdirSync(directory)) {
    const ours = file === undefined ? isTemporary(name) : name.startsWith(`.${file}${MARK}`);
    if (ours) rmSync(join(directory, name), { force: true });
  }
}

/** Whether a directory has what `removeStale` would remove, or what a writer is about to rename. */
export function hasStale(directory: string): boolean {
  return listDirectory(directory).some(isTemporary);
}

function isTemporary(name: string): boolean {
  return name.startsWith('.') && name.includes(MARK);
}

/** Makes a directory and those above it, with exactly this mode under any umask; one that is there stays as it is. */
export function makeDirectory(path: string, mode: number, uid = 0, gid = 0): void {
  if (lstat(path) !== undefined) return;
  if (lstat(dirname(path)) === undefined) makeDirectory(dirname(path), 0o755, 0, 0);
  try {
    mkdirSync(path, mode);
    // Who may write above it may have put a link in its place by now.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      fchmodSync(descriptor, mode);
      if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refused(`cannot make the directory ${path}`, error);
  }
}

/**
 * Makes a file some seconds older. Every program of Postfix waits up to two seconds for a main.cf that is newer, lest it
 * is still being written (dict_load_file_xt); what is renamed into place is complete.
 */
export function backdate(path: string): void {
  setTime(path, Date.now() - 10_000);
}

/** @param time milliseconds since 1970 */
export function setTime(path: string, time: number): void {
  utimesSync(path, time / 1000, time / 1000);
}

/** Contents, or undefined when there is no such file. */
export function readIfPresent(path: string): string | undefined {
  return bytesIfPresent(path)?.toString('utf8');
}

/** The same as bytes. @throws when something else than a file is there */
export function bytesIfPresent(path: string): Buffer | undefined {
  return ifPresent(path, readRegular);
}

/** The same of what somebody names on the command line: that may be a pipe of the shell. */
export function givenBytes(path: string): Buffer | undefined {
  return ifPresent(path, readFileSync);
}

function ifPresent(path: string, read: (path: string) => Buffer): Buffer | undefined {
  try {
    return read(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error instanceof EboxmailError ? error : refused(`cannot read ${path}`, error);
  }
}

export function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** @throws when this process may not make files in a directory */
export function requireWritable(directory: string): void {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refused(`cannot write in ${directory}`, error);
  }
}

/** Names in a directory; none where there is no directory. */
export function listDirectory(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw refused(`cannot read ${path}`, error);
  }
}

/** What is at this path itself, links not followed. */
export function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw refused(`cannot read ${path}`, error);
  }
}

/** Where a path that may be a symbolic link really is, so that a link in the user's care is kept. */
export function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isMissing(error)) return path;
    throw refused(`cannot read ${path}`, error);
  }
}

export function refuseOddTarget(path: string): void {
  const found = lstat(path);
  if (found === undefined || found.isFile()) return;
  throw failed(`${path} is ${kindOf(found)}, and eboxmail does not write through that`, MOVE_AWAY);
}

/** @throws when something else than a directory is there, a symbolic link to one included */
export function refuseOddDirectory(path: string): void {
  const found = lstat(path);
  if (found === undefined || found.isDirectory()) return;
  const what = found.isSymbolicLink() ? 'a symbolic link' : 'no directory';
  throw failed(`${path} is ${what}, and eboxmail writes only in a directory of its own there`, MOVE_AWAY);
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Waits until renames of these files are on the disk. */
export function syncDirectories(paths: readonly string[]): void {
  for (const directory of new Set(paths.map((path) => dirname(path)))) syncDirectory(directory);
}

/** Waits until the names in a directory are on the disk. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
