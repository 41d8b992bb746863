import { dirname } from 'node:path';
import { EboxmailError, EXIT } from '../../core/errors.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { directoriesBelow, hasStale, lstat, removeStale, resolveLinks } from '../../system/files.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';
import { withdrawProbe } from '../prove/login.ts';
import { withStateLock } from '../state/state-lock.ts';

/**
 * Clears away what writers that were killed had not put in place yet, and the probe account of a killed apply. The lock of the
 * applies, which the caller has, says that no other is at work; where commands that change the state write as well, their lock
 * says it.
 */
export async function removeLeftovers(place: Place, { facts, rendered, plan }: Prepared): Promise<void> {
  const lib = below(facts, PATHS.lib);
  const kept = ['generations', 'contents', 'undo', 'originals'].map((name) => `${lib}/${name}`);
  const paths = [PATHS.selfSigned.key, ...[...rendered, ...plan.files].map(({ path }) => path)];
  const shared = new Set([lib, ...stateDirectories(place)]);
  const own = [...kept, ...directoriesBelow(`${lib}/backup`), ...paths.map((path) => dirname(below(facts, path)))];
  for (const directory of new Set(own)) {
    if (!shared.has(directory) && lstat(directory) !== undefined) removeStale(directory);
  }
  withdrawProbe(facts);
  const stale = [...shared].filter(hasStale);
  if (stale.length === 0) return;
  try {
    await withStateLock(place, async () => stale.forEach((directory) => removeStale(directory)), 0);
  } catch (error) {
    // Whoever changes the state just now decides nothing here: the next apply clears it away.
    if (!(error instanceof EboxmailError) || error.exitCode !== EXIT.locked) throw error;
  }
}

/** Where the state and its secrets are. In a directory of somebody's own, which has a state to be tried, others may write. */
function stateDirectories({ root, statePath }: Place): readonly string[] {
  const etc = `${root}/${PATHS.etc}`;
  return dirname(resolveLinks(statePath)) === etc ? directoriesBelow(etc) : [];
}
