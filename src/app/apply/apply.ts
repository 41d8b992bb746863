import { dirname } from 'node:path';
import { isEmpty, type Plan } from '../../core/plan/plan.ts';
import { below, certificateOf, PATHS } from '../../core/render/paths.ts';
import { makeSelfSigned } from '../../system/certificate.ts';
import { requireFetchmail } from '../../system/fetchmail.ts';
import { userId } from '../../system/identity.ts';
import { endOrphans } from '../../system/postfix.ts';
import { removeUnfinished } from '../../system/applied-record.ts';
import { removeRollbackRecord } from '../../system/rollback-record.ts';
import { endUndo, undoIsLeft } from '../../system/undo.ts';
import { checkRspamdFiles, ensureRedisLog, requireRspamd } from '../switch/builtin-filter.ts';
import { letFormerFilterGo, requireUsableFilter } from '../switch/content-filter.ts';
import { filesAfter } from '../switch/applied.ts';
import { hasApplyLock, requireRoot, withApplyLock } from './apply-lock.ts';
import type { ApplyOptions } from '../plan/apply-options.ts';
import { conclude } from './conclude.ts';
import { requireConsent, requireRemovals } from '../plan/consent.ts';
import { requireExpected } from '../plan/digest.ts';
import { ensureDirectories, ensureMailOwner } from '../switch/directories.ts';
import { checkFetchFiles } from '../switch/fetch-files.ts';
import { untilAWayOut } from '../switch/interruption.ts';
import { removeLeftovers } from '../switch/leftovers.ts';
import { removeJournal } from '../mailboxes/mailbox-journal.ts';
import { forgetUndone, mailboxMover } from '../switch/mailbox-moves.ts';
import { requireOwnDirectories } from '../plan/own-directories.ts';
import type { Place } from '../state/place.ts';
import { prepare, type Prepared } from '../plan/prepare.ts';
import { withStateLock } from '../state/state-lock.ts';
import { checkConfigurations, discard, makeCheckPlace, stageChanges } from '../switch/stage.ts';
import { switchOver } from '../switch/switch-over.ts';
import { requirePortsFree, untilSettled } from '../switch/switch-daemons.ts';

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
    // One that had come to its end was killed while it tidied up, or another one before it changed anything.
    endUndo(lib);
    removeUnfinished(lib, prepared.applied);
    removeJournal(place.root);
    await removeLeftovers(place, prepared);
    await forgetUndone(place, prepared);
    removeRollbackRecord(lib);
    await letFormerFilterGo(place, options.progress);
    return { plan, prepared };
  }
  requireOwnDirectories(place, prepared);
  begin();
  await requireConsent(place, plan, options);
  // Who began one that was cut off has said yes to it.
  if (prepared.applied?.unfinished?.state !== prepared.textSha256) await requireRemovals(plan, options);
  await requireUsableFilter(place, prepared);
  requireRspamd(prepared);
  if (prepared.model.fetch.enabled) await requireFetchmail();
  ensureDirectories(prepared, options.progress);
  ensureRedisLog(prepared);
  await ensureCertificate(prepared, options.progress);
  options.progress('checking the new configuration');
  await removeLeftovers(place, prepared);
  if (plan.daemons.postfix === 'start') await endOrphans(below(facts, PATHS.queue));
  await requirePortsFree(prepared);
  // So it was with this one: what it kept to go back to is not what is in force now.
  if (prepared.applied?.unfinished === undefined && undoIsLeft(lib)) endUndo(lib);
  const mover = mailboxMover(place, prepared, options.progress);
  const after = filesAfter(prepared);
  const check = makeCheckPlace(place.root, prepared.rendered);
  try {
    await checkConfigurations(place, check, prepared);
    await checkFetchFiles(dirname(check.dovecot), plan.files);
    await checkRspamdFiles(place.root, dirname(check.dovecot), prepared.rendered, plan.files);
    const staged = await stageChanges(place.root, plan.files, {
      config: check.postfix,
      after,
      progress: options.progress,
    });
    await untilAWayOut(
      async (checkInterruption) => {
        try {
          await switchOver(place, prepared, { staged, mover, after, checkInterruption }, options);
        } finally {
          discard(staged);
        }
        await conclude(place, prepared, { mover, after }, options);
        removeRollbackRecord(lib);
      },
      () => options.progress('interrupted: leaving this at the next moment at which nothing is half done'),
    );
  } finally {
    check.remove();
  }
  return { plan, prepared };
}

/** What is written down about mailboxes comes before the state that it belongs to: with the lock both are of one moment. */
async function prepareForGood(place: Place): Promise<Prepared> {
  const prepared = await prepare(place, true);
  const { events, purges } = prepared.mailboxes;
  return events || purges.size > 0 ? withStateLock(place, () => prepare(place)) : prepared;
}

async function ensureCertificate(
  { certificate, model, facts }: Prepared,
  progress: ApplyOptions['progress'],
): Promise<void> {
  if (!certificate.toBeMade) return;
  await makeSelfSigned(certificateOf(model, facts), model.mailname);
  progress(`made a self-signed certificate for ${model.mailname}: clients will warn; set server.tls to a real one`);
}
