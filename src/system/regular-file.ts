import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, statSync, type Stats } from 'node:fs';
import { failed } from '../core/errors.ts';

/** Bytes that a record written by a user with fewer rights may have. */
const MOST_RECORD = 64 * 1024;

/** What to do about something odd in the place of ours. */
export const MOVE_AWAY = 'move it away and run the command again';

/**
 * The content of a file, where nobody but us has to put one: whoever opens a FIFO waits for ever, and a device may never end.
 * @throws exit 1 when something else than a file is there; what the system says otherwise
 */
export function readRegular(path: string): Buffer {
  const descriptor = open(path);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw odd(path, found);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws exit 1 when there is something that programs cannot read as a file, or that cannot be removed like one */
export function refuseOddFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw odd(path, found);
}

/** In words, for a path that is no file. */
export function kindOf(found: Stats): string {
  if (found.isSymbolicLink()) return 'a symbolic link';
  if (found.isDirectory()) return 'a directory';
  if (found.isFIFO()) return 'a FIFO';
  return found.isSocket() ? 'a socket' : 'a device';
}

/** What a daemon of another user wrote: undefined unless it is a small regular file. */
export function readRecord(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size > MOST_RECORD) return undefined;
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const found = (error as NodeJS.ErrnoException).code === 'ENXIO' ? lstatSync(path) : undefined;
    throw found === undefined ? error : odd(path, found);
  }
}

function odd(path: string, found: Stats): Error {
  return failed(`${path} is ${kindOf(found)}, where a file belongs`, MOVE_AWAY);
}
