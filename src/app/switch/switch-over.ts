import type { FileChange } from '../../core/plan/plan.ts';
import { PATHS } from '../../core/render/paths.ts';
import { syncDirectories, type StagedFile } from '../../system/files.ts';
import { runningDaemons } from '../../system/master-processes.ts';
import { beginUndo, type Undo } from '../../system/undo.ts';
import { accountSteps, type AccountSteps } from './accounts-in-place.ts';
import { announce, rememberWhatWasThere, type FilesAfter } from './applied.ts';
import type { ApplyOptions } from '../plan/apply-options.ts';
import { clientSteps, type ClientSteps } from './clients-under-way.ts';
import { keepOriginals, requireUnchanged } from '../plan/consent.ts';
import { noteNewFilter } from './content-filter.ts';
import { newDomainsFirst } from './domains-first.ts';
import { goBack } from './go-back.ts';
import { HandEdits } from './hand-edits.ts';
import { Interrupted } from './interruption.ts';
import type { MailboxMover } from '../mailboxes/move-mailboxes.ts';
import { recipientsInOrder } from './recipient-tables.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';
import { compileScripts, discard, isRemoval } from './stage.ts';
import { switchDaemons } from './switch-daemons.ts';
import { stopRemovedTimers } from './timers.ts';

export interface Switch {
  readonly staged: readonly StagedFile[];
  readonly mover: MailboxMover;
  readonly after: FilesAfter;
  /** Throws when somebody wants to leave. */
  readonly checkInterruption: () => void;
}

/** From the first file that changes to the proof that it works: all of it is done, or all of it is undone. */
export async function switchOver(
  place: Place,
  prepared: Prepared,
  { staged, mover, after, checkInterruption }: Switch,
  { progress, again }: Pick<ApplyOptions, 'progress' | 'again'>,
): Promise<void> {
  const { plan } = prepared;
  const targets = staged.map(({ target }) => target);
  const edits = new HandEdits(place.root, plan.files);
  requireUnchanged(place, plan, again);
  mover.prepare();
  let undo: Undo | undefined;
  try {
    keepOriginals(place, plan);
    rememberWhatWasThere(place, prepared);
    const clients = clientSteps(prepared, edits);
    const toKeep = [...targets, ...clients.targets];
    undo = beginUndo(`${place.root}/${PATHS.lib}`, toKeep, runningDaemons(place.root));
    const accounts = accountSteps(prepared, mover.handsOver, edits);
    const steps = stepsOf(accounts, clients);
    edits.expect(steps);
    noteNewFilter(place, prepared);
    announce(place, prepared, after, steps);
    if (plan.files.length > 0) progress(`putting ${countFiles(plan.files)} in place`);
    mover.begin();
    // What nothing refers to any more goes when the daemons have read that.
    const guarded = staged.map((file) => edits.guard(file));
    const [gone, present] = [guarded.filter(isRemoval), guarded.filter((file) => !isRemoval(file))];
    const accountFile = present.find(({ target }) => target === `${place.root}/${PATHS.accounts}`);
    const masterFile = present.find(({ target }) => target === `${place.root}/${PATHS.masterCf}`);
    await accounts.begin(accountFile);
    checkInterruption();
    await mover.handOver();
    const rest = await recipientsInOrder(prepared, await newDomainsFirst(place, prepared, present, clients));
    for (const file of rest) if (file !== accountFile && file !== masterFile) file.commit();
    clients.begin(masterFile);
    syncDirectories(present.map(({ target }) => target));
    await compileScripts(place.root, plan.files, after);
    const step = (words: string): void => {
      checkInterruption();
      progress(words);
    };
    await switchDaemons(place, prepared, step);
    checkInterruption();
    await stopRemovedTimers(prepared);
    await accounts.end(accountFile);
    clients.end(masterFile);
    for (const file of gone) file.commit();
  } catch (error) {
    if (undo === undefined || !(error instanceof Error)) throw error;
    const what = error instanceof Interrupted ? 'interrupted' : 'this failed';
    progress(`${what}; going back to the previous configuration`);
    // Where the disk is full, going back may need their room.
    discard(staged);
    await goBack(place, prepared, { undo, mover }, error);
  }
}

/** What stands in files only for a while. */
function stepsOf({ texts }: AccountSteps, clients: ClientSteps): ReadonlyMap<string, readonly string[]> {
  return new Map([
    [PATHS.accounts, texts],
    [PATHS.masterCf, clients.texts],
  ]);
}

function countFiles(files: readonly FileChange[]): string {
  return files.length === 1 ? '1 file' : `${files.length} files`;
}
