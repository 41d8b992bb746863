import { dirname } from 'node:path';
import { EboxmailError } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { directoriesBelow } from '../../system/directories.ts';
import { hasStale, lstat, removeStale, resolveLinks } from '../../system/files.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';
import { withdrawProbe } from '../prove/login.ts';
import { withStateLock } from '../state/state-lock.ts';
import { removeCheckPlace } from './stage.ts';

/** Clears away what applies that were killed had not put in place yet, and what they needed only for themselves. */
export async function removeLeftovers(place: Place, { rendered, plan }: Prepared): Promise<void> {
  removeCheckPlace(place.root);
  withdrawProbe(place);
  await removeTemporaries(
    place,
    [...rendered, ...plan.files].map(({ path }) => path),
  );
}

/**
 * The files that writers which were killed had not renamed yet. The lock of the applies, which the caller has, says that no other
 * is at work; where commands that change the state write as well, their lock says it.
 * @param paths relative to the root; what is beside them goes
 */
export async function removeTemporaries(place: Place, paths: readonly string[]): Promise<void> {
  const lib = `${place.root}/${PATHS.lib}`;
  const kept = ['generations', 'contents', 'undo', 'originals'].map((name) => `${lib}/${name}`);
  const shared = new Set([lib, ...stateDirectories(place)]);
  const beside = [PATHS.selfSigned.key, ...paths].map((path) => dirname(`${place.root}/${path}`));
  const own = [...kept, ...directoriesBelow(`${lib}/backup`), ...beside];
  for (const directory of new Set(own)) {
    if (!shared.has(directory) && lstat(directory) !== undefined) removeStale(directory);
  }
  const stale = [...shared].filter(hasStale);
  if (stale.length === 0) return;
  try {
    await withStateLock(place, async () => stale.forEach((directory) => removeStale(directory)), 0);
  } catch (error) {
    // Whoever changes the state just now, or has taken it away, decides nothing here: the next apply clears it away.
    if (!(error instanceof EboxmailError)) throw error;
  }
}

/** Where the state and its secrets are. In a directory of somebody's own, which has a state to be tried, others may write. */
function stateDirectories({ root, statePath }: Place): readonly string[] {
  const etc = `${root}/${PATHS.etc}`;
  return dirname(resolveLinks(statePath)) === etc ? directoriesBelow(etc) : [];
}
