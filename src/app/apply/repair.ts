import { EboxmailError, EXIT, failed } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { isFilterChangeNoted } from '../../system/filter-queue.ts';
import { beginUndo, endUndo, undoIsLeft } from '../../system/undo.ts';
import { applyLocked } from './apply.ts';
import type { ApplyOptions } from '../plan/apply-options.ts';
import { withExistingApplyLock } from './apply-lock.ts';
import { letFormerFilterGo } from '../switch/content-filter.ts';
import { editedMeanwhile } from '../switch/edited-meanwhile.ts';
import { putBack } from '../switch/go-back.ts';
import { removeLeftovers } from '../switch/leftovers.ts';
import { mailboxMover } from '../switch/mailbox-moves.ts';
import type { Place } from '../state/place.ts';
import { prepare } from '../plan/prepare.ts';
import { untilSettled } from '../switch/switch-daemons.ts';

/** What became of an apply that was cut off. */
export type Repair = 'finished' | 'undone';

/**
 * Brings an apply that was cut off to its end when the state is still the one that it was about, and otherwise puts back what
 * was in force before. One that is at work is left alone.
 * What waits for a filter that was changed goes on as well.
 * @returns undefined when there was nothing of that, or this is not root
 */
export async function repairInterrupted(place: Place, progress: ApplyOptions['progress']): Promise<Repair | undefined> {
  const lib = `${place.root}/${PATHS.lib}`;
  if (process.getuid?.() !== 0 || !(undoIsLeft(lib) || isFilterChangeNoted(lib))) return undefined;
  try {
    return await withExistingApplyLock(place, () => repairLocked(place, progress), 0);
  } catch (error) {
    if (error instanceof EboxmailError && error.exitCode === EXIT.locked) return undefined;
    throw error;
  }
}

async function repairLocked(place: Place, progress: ApplyOptions['progress']): Promise<Repair | undefined> {
  const lib = `${place.root}/${PATHS.lib}`;
  if (!undoIsLeft(lib)) {
    await letFormerFilterGo(place, progress);
    return undefined;
  }
  await untilSettled(place);
  const prepared = await prepare(place);
  const unfinished = prepared.applied?.unfinished;
  if (unfinished === undefined) {
    // It had changed nothing yet, or was recorded already.
    await removeLeftovers(place, prepared);
    endUndo(lib);
    return undefined;
  }
  if (unfinished.state === prepared.textSha256) {
    await applyLocked(place, { adopt: false, allowRemovals: Infinity, progress });
    return 'finished';
  }
  const undo = beginUndo(lib, [], []);
  const edited = editedMeanwhile(place.root, undo).map((path) => `${place.root}/${path}`);
  if (edited.length > 0) throw failed(`it cannot be undone, because ${edited.join(', ')} was edited since`);
  await removeLeftovers(place, prepared);
  await putBack(place, prepared, { undo, mover: mailboxMover(place, prepared, progress) });
  return 'undone';
}
