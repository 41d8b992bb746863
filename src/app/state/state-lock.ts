import { basename, dirname, join } from 'node:path';
import { resolveLinks } from '../../system/files.ts';
import { withLock } from '../../system/lock.ts';
import type { Place } from './place.ts';

/**
 * While this runs nobody else changes the state file, nor what is written down along with it.
 * @param wait seconds to wait for who has it
 */
export function withStateLock<T>(place: Place, work: () => Promise<T>, wait?: number): Promise<T> {
  const path = resolveLinks(place.statePath);
  return withLock(join(dirname(path), `.${basename(path)}.lock`), work, wait);
}
