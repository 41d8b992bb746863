import { basename, dirname, join } from 'node:path';
import { resolveLinks } from '../system/files.ts';
import { withLock } from '../system/lock.ts';
import type { Place } from './place.ts';

/** While this runs nobody else changes the state file, nor what is written down along with it. */
export function withStateLock<T>(place: Place, work: () => Promise<T>): Promise<T> {
  const path = resolveLinks(place.statePath);
  return withLock(join(dirname(path), `.${basename(path)}.lock`), work);
}
