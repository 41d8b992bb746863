import { failed } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { MissingProgram } from '../../system/exec.ts';
import { lstat, makeDirectory } from '../../system/files.ts';
import { withLock, withSilentLock } from '../../system/lock.ts';
import { missingPackage } from '../../system/packages.ts';
import type { Place } from '../state/place.ts';

/** Whoever has this lock is the only one who changes what is installed. */

/**
 * While this runs nobody else applies.
 * @param work is given what says who has the lock, to be called before anything else is written
 * @throws exit 6 when somebody else has it
 */
export async function withApplyLock<T>(place: Place, work: (describe: () => void) => Promise<T>): Promise<T> {
  requireRoot();
  makeDirectory(`${place.root}/${PATHS.lib}`, 0o700);
  try {
    return await withSilentLock(lockOf(place), work);
  } catch (error) {
    throw error instanceof MissingProgram ? missingPackage(error) : error;
  }
}

/** The same where something was applied before. @param wait seconds to wait for who has it */
export function withExistingApplyLock<T>(place: Place, work: () => Promise<T>, wait?: number): Promise<T> {
  return withLock(lockOf(place), work, wait);
}

/** Whether anybody ever applied here. */
export function hasApplyLock(place: Place): boolean {
  return lstat(lockOf(place)) !== undefined;
}

export function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw failed('apply must be run as root', 'use sudo; plan needs only the right to read');
}

function lockOf({ root }: Place): string {
  return `${root}/${PATHS.lib}/lock`;
}
