import { EboxmailError, EXIT } from '../../core/errors.ts';
import type { Plan } from '../../core/plan/plan.ts';
import { PATHS } from '../../core/render/paths.ts';
import { endUndo } from '../../system/undo.ts';
import { afterScannerChange } from '../switch/builtin-filter.ts';
import { afterFilterChange } from '../switch/content-filter.ts';
import { record, remember, type FilesAfter } from '../switch/applied.ts';
import type { ApplyOptions } from '../plan/apply-options.ts';
import { finishMoves } from '../switch/mailbox-moves.ts';
import type { MailboxMover } from '../mailboxes/move-mailboxes.ts';
import { removeEmptyDirectories } from '../plan/own-directories.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';
import { withStateLock } from '../state/state-lock.ts';
import { startTimersDue } from '../switch/timers.ts';

/** The new configuration is in force and was proven, and something after that could not be done; another apply does it. */
export class InForceError extends EboxmailError {}

/** From here on there is no way back and no need for one: the new configuration is in force and was proven. */
export async function conclude(
  place: Place,
  prepared: Prepared,
  { mover, after }: { readonly mover: MailboxMover; readonly after: FilesAfter },
  options: Pick<ApplyOptions, 'reason' | 'progress'>,
): Promise<void> {
  try {
    await startTimersDue(prepared, options.progress);
    await mover.end();
    await afterFilterChange(place, prepared, options.progress);
    await afterScannerChange(prepared, options.progress);
    await requeueScattered(place, prepared, options.progress);
    // A command reads the record twice, for whose mailbox it renames and when that was so: both have to be of one moment.
    const ids = await withStateLock(place, async () => {
      const known = record(place, prepared, after);
      finishMoves(place, prepared, mover);
      return known;
    });
    remember(place, prepared, { ...options, after, ids });
    endUndo(`${place.root}/${PATHS.lib}`);
    // Until then a way back may need them.
    removeEmptyDirectories(place, removedBy(prepared.plan));
  } catch (error) {
    throw new InForceError(
      EXIT.failed,
      `the new configuration is in force, but not everything after it could be done: ${(error as Error).message}`,
      'put that right and run "eboxmail apply" once more',
    );
  }
}

/** What was accepted for a mailbox that is none any more, and what its address stands for now. */
async function requeueScattered(
  place: Place,
  { mailboxes: { scattered } }: Prepared,
  progress: ApplyOptions['progress'],
): Promise<void> {
  if (scattered.length === 0) return;
  const { requeueFor } = await import('../queue/waiting-for.ts');
  const count = (await requeueFor(place, scattered)) ?? 0;
  if (count > 0)
    progress(`${count} waiting ${count === 1 ? 'message goes' : 'messages go'} to who has the address now`);
}

function removedBy({ files }: Plan): readonly string[] {
  return files.filter(({ change }) => change === 'removed').map(({ path }) => path);
}
