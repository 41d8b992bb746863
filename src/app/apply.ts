import { dirname } from 'node:path';
import { EboxmailError, EXIT, isSystemError } from '../core/errors.ts';
import { isEmpty, type FileChange, type Plan } from '../core/plan/plan.ts';
import type { Removals } from '../core/plan/removals.ts';
import { below, certificateOf, PATHS } from '../core/render/paths.ts';
import { makeSelfSigned } from '../system/certificate.ts';
import { syncDirectories, type StagedFile } from '../system/files.ts';
import { userId } from '../system/identity.ts';
import { endOrphans } from '../system/postfix.ts';
import { sha256 } from '../system/hash.ts';
import { removeRollbackRecord } from '../system/rollback-record.ts';
import { runningDaemons } from '../system/master-processes.ts';
import { beginUndo, endUndo, undoIsLeft, type Undo } from '../system/undo.ts';
import { afterScannerChange, checkRspamdFiles, ensureRspamdPlace, requireRspamd } from './builtin-filter.ts';
import { afterFilterChange, requireUsableFilter } from './content-filter.ts';
import { accountSteps, type AccountSteps } from './accounts-in-place.ts';
import { announce, record, remember, rememberWhatWasThere } from './applied.ts';
import { hasApplyLock, requireRoot, withApplyLock } from './apply-lock.ts';
import { clientSteps, type ClientSteps } from './clients-under-way.ts';
import { keepOriginals, requireConsent, requireRemovals, requireUnchanged } from './consent.ts';
import { requireExpected } from './digest.ts';
import { ensureDirectories, ensureMailOwner } from './directories.ts';
import { checkFetchFiles, ensureFetchPlace } from './fetch-place.ts';
import { newDomainsFirst } from './domains-first.ts';
import { goBack } from './go-back.ts';
import { Interrupted, untilAWayOut } from './interruption.ts';
import { removeLeftovers } from './leftovers.ts';
import { finishMoves, mailboxMover } from './mailbox-moves.ts';
import type { MailboxMover } from './move-mailboxes.ts';
import { removeEmptyDirectories, requireOwnDirectories } from './own-directories.ts';
import type { Place } from './place.ts';
import { forgetPurges } from './purges.ts';
import { prepare, type Prepared } from './prepare.ts';
import { withStateLock } from './state-lock.ts';
import { checkConfigurations, compileScripts, isRemoval, makeCheckPlace, stageChanges } from './stage.ts';
import { requirePortsFree, switchDaemons, untilSettled } from './switch-daemons.ts';
import { startChangedTimers, stopRemovedTimers } from './timers.ts';

export interface ApplyOptions {
  /** Files that are not ours, or were edited by hand, may be replaced; the originals are kept. */
  readonly adopt: boolean;
  /** Those that were edited by hand may be replaced, and no others: the edits are in the state now. */
  readonly adoptEdited?: boolean;
  /** Asks whether these may be replaced; absent when nobody can be asked. */
  readonly askConsent?: (files: readonly FileChange[]) => Promise<boolean>;
  /** So many addresses may stop working without a question; ten when absent. */
  readonly allowRemovals?: number | undefined;
  /** Asks for the second yes; absent when nobody can be asked. */
  readonly askRemovals?: (removals: Removals) => Promise<boolean>;
  /** Digest of the plan that was reviewed: another plan is refused (exit 1). */
  readonly expect?: string | undefined;
  /** Stands first in the history's summary. */
  readonly reason?: string;
  /** The command that was run, by which hints say how to run it again; "eboxmail apply" when absent. */
  readonly again?: string;
  /** Called as the work goes on, in words for people. */
  readonly progress: (step: string) => void;
}

/** The new configuration is in force and was proven, and something after that could not be done; another apply does it. */
export class InForceError extends EboxmailError {}

export interface Applied {
  readonly plan: Plan;
  readonly prepared: Prepared;
}

/** Makes the machine what the state says. A second run finds nothing to do, writes nothing and reloads nothing. */
export async function apply(place: Place, options: ApplyOptions): Promise<Applied> {
  requireRoot();
  if (!hasApplyLock(place)) {
    // What can be refused is refused before anything is written, the lock and its directory included.
    const prepared = await prepare(place);
    requireExpected(prepared.plan, options.expect);
    requireOwnDirectories(place, prepared);
  }
  return withApplyLock(place, (describe) => applyLocked(place, options, describe));
}

/**
 * `apply` for who has the lock.
 * @param begin is called before anything is written
 */
export async function applyLocked(
  place: Place,
  options: ApplyOptions,
  begin: () => void = () => undefined,
): Promise<Applied> {
  if (place.root === '' && userId('vmail') === undefined) await ensureMailOwner(place.root);
  const lib = `${place.root}/${PATHS.lib}`;
  if (undoIsLeft(lib)) await untilSettled(place);
  const prepared = await prepareForGood(place);
  const { plan, facts } = prepared;
  requireExpected(plan, options.expect);
  if (isEmpty(plan)) {
    // An apply that had come to its end was killed while it tidied up.
    endUndo(lib);
    await removeLeftovers(place, prepared);
    await withdrawStalePurges(place, prepared);
    removeRollbackRecord(lib);
    return { plan, prepared };
  }
  requireOwnDirectories(place, prepared);
  begin();
  await requireConsent(place, plan, options);
  // Who began one that was cut off has said yes to it.
  if (prepared.applied?.unfinished?.state !== sha256(prepared.text)) await requireRemovals(plan, options);
  await requireUsableFilter(place, prepared);
  requireRspamd(prepared);
  ensureDirectories(facts);
  await ensureFetchPlace(place.root, prepared.model);
  ensureRspamdPlace(place.root, prepared);
  await ensureCertificate(prepared, options.progress);
  options.progress('checking the new configuration');
  await removeLeftovers(place, prepared);
  if (plan.daemons.postfix === 'start') await endOrphans(below(facts, PATHS.queue));
  await requirePortsFree(prepared);
  const mover = mailboxMover(place, prepared, options.progress);
  const check = makeCheckPlace(place.root, prepared.rendered);
  try {
    await checkConfigurations(place, check, prepared);
    await checkFetchFiles(dirname(check.dovecot), plan.files);
    await checkRspamdFiles(place.root, dirname(check.dovecot), prepared.rendered, plan.files);
    const staged = await stageChanges(place.root, plan.files, check.postfix);
    try {
      await untilAWayOut(
        (checkInterruption) => switchOver(place, prepared, { staged, mover, checkInterruption }, options),
        () => options.progress('interrupted: leaving this at the next moment at which nothing is half done'),
      );
    } finally {
      // Those that are in place have nothing left to discard.
      for (const file of staged) tidy(() => file.discard());
    }
  } finally {
    tidy(() => check.remove());
  }
  await finish(place, prepared, mover, options);
  removeRollbackRecord(lib);
  return { plan, prepared };
}

/** Whoever was removed and is there again, by a state that was put back by hand, is not purged by a later removal. */
async function withdrawStalePurges(place: Place, { mailboxes: { purges } }: Prepared): Promise<void> {
  if (purges.size > 0) await withStateLock(place, async () => forgetPurges(place.root, [...purges]));
}

/** From here on there is no way back and no need for one: the new configuration is in force and was proven. */
async function finish(
  place: Place,
  prepared: Prepared,
  mover: MailboxMover,
  options: Pick<ApplyOptions, 'reason' | 'progress'>,
): Promise<void> {
  try {
    await startChangedTimers(prepared);
    await mover.end();
    await afterFilterChange(place, prepared, options.progress);
    await afterScannerChange(prepared, options.progress);
    await requeueScattered(place, prepared, options.progress);
    // A command reads the record twice, for whose mailbox it renames and when that was so: both have to be of one moment.
    const ids = await withStateLock(place, async () => {
      const known = record(place, prepared);
      finishMoves(place, prepared, mover);
      return known;
    });
    remember(place, prepared, { ...options, ids });
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
  const { requeueFor } = await import('./queue/waiting-for.ts');
  const count = (await requeueFor(place, scattered)) ?? 0;
  if (count > 0)
    progress(`${count} waiting ${count === 1 ? 'message goes' : 'messages go'} to who has the address now`);
}

/** What is written down about mailboxes comes before the state that it belongs to: with the lock both are of one moment. */
async function prepareForGood(place: Place): Promise<Prepared> {
  const prepared = await prepare(place, true);
  const { events, purges } = prepared.mailboxes;
  return events || purges.size > 0 ? withStateLock(place, () => prepare(place)) : prepared;
}

interface Switch {
  readonly staged: readonly StagedFile[];
  readonly mover: MailboxMover;
  /** Throws when somebody wants to leave. */
  readonly checkInterruption: () => void;
}

/** From the first file that changes to the proof that it works: all of it is done, or all of it is undone. */
async function switchOver(
  place: Place,
  prepared: Prepared,
  { staged, mover, checkInterruption }: Switch,
  { progress, again }: Pick<ApplyOptions, 'progress' | 'again'>,
): Promise<void> {
  const { plan } = prepared;
  const targets = staged.map(({ target }) => target);
  requireUnchanged(place, plan, again);
  mover.prepare();
  let undo: Undo | undefined;
  try {
    keepOriginals(place, plan);
    rememberWhatWasThere(place, prepared);
    undo = beginUndo(`${place.root}/${PATHS.lib}`, targets, runningDaemons(place.root));
    const accounts = accountSteps(prepared, mover.handsOver);
    const clients = clientSteps(prepared);
    announce(place, prepared, stepsOf(accounts, clients));
    if (plan.files.length > 0) progress(`putting ${countFiles(plan.files)} in place`);
    mover.begin();
    // What nothing refers to any more goes when the daemons have read that.
    const [gone, present] = [staged.filter(isRemoval), staged.filter((file) => !isRemoval(file))];
    const accountFile = present.find(({ target }) => target === `${place.root}/${PATHS.accounts}`);
    const masterFile = present.find(({ target }) => target === `${place.root}/${PATHS.masterCf}`);
    await accounts.begin(accountFile);
    checkInterruption();
    await mover.handOver();
    const rest = await newDomainsFirst(place, prepared, present);
    for (const file of rest) if (file !== accountFile && file !== masterFile) file.commit();
    if (masterFile !== undefined) clients.begin(masterFile);
    syncDirectories(present.map(({ target }) => target));
    await compileScripts(place.root, plan.files);
    const step = (words: string): void => {
      checkInterruption();
      progress(words);
    };
    await switchDaemons(place, prepared, step);
    checkInterruption();
    await stopRemovedTimers(prepared);
    await accounts.end(accountFile);
    if (masterFile !== undefined) clients.end(masterFile);
    for (const file of gone) file.commit();
  } catch (error) {
    if (undo === undefined || !(error instanceof Error)) throw error;
    const what = error instanceof Interrupted ? 'interrupted' : 'this failed';
    progress(`${what}; going back to the previous configuration`);
    // Where the disk is full, going back may need their room.
    for (const file of staged) tidy(() => file.discard());
    await goBack(place, prepared, { undo, mover }, error);
  }
}

/** What stands in files only for a while. */
function stepsOf({ texts }: AccountSteps, { text }: ClientSteps): ReadonlyMap<string, readonly string[]> {
  return new Map([
    [PATHS.accounts, texts],
    [PATHS.masterCf, text === undefined ? [] : [text]],
  ]);
}

/** What cannot be cleared away decides nothing: the next apply does it. */
function tidy(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

function removedBy({ files }: Plan): readonly string[] {
  return files.filter(({ change }) => change === 'removed').map(({ path }) => path);
}

function countFiles(files: readonly FileChange[]): string {
  return files.length === 1 ? '1 file' : `${files.length} files`;
}

async function ensureCertificate(
  { certificate, model, facts }: Prepared,
  progress: ApplyOptions['progress'],
): Promise<void> {
  if (!certificate.toBeMade) return;
  await makeSelfSigned(certificateOf(model, facts), model.mailname);
  progress(`made a self-signed certificate for ${model.mailname}: clients will warn; set server.tls to a real one`);
}
