import { DAEMONS, isEssential, type DaemonAction, type DaemonName } from '../../core/daemons.ts';
import { EboxmailError, EXIT, isSystemError } from '../../core/errors.ts';
import type { HostFacts } from '../../core/host-facts.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { removeUnfinished } from '../../system/applied-record.ts';
import { masterProcesses } from '../../system/master-processes.ts';
import type { Services } from '../../system/services.ts';
import { directoryIn, type Undo } from '../../system/undo.ts';
import { accountsBack } from './accounts-back.ts';
import { clientsBack } from './clients-under-way.ts';
import { letFormerFilterGo, noteOpenSessions } from './content-filter.ts';
import { keepEdited } from './edited-meanwhile.ts';
import { Interrupted } from './interruption.ts';
import type { MailboxMover } from '../mailboxes/move-mailboxes.ts';
import { becomesInForce } from '../plan/in-force.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';
import { withdrawProbe } from '../prove/login.ts';
import { endThrottling, factsInForce, requirePrevious, servicesFor } from './switch-daemons.ts';

/**
 * After a switch that failed: the files as they were, and the daemons that were touched read them again.
 * @returns never: exit 8 when the previous configuration is back (130 when somebody interrupted the apply), exit 9 when a person is needed
 */
export async function goBack(
  place: Place,
  prepared: Prepared,
  { undo, mover }: { readonly undo: Undo; readonly mover: MailboxMover },
  cause: Error,
): Promise<never> {
  const lib = `${place.root}/${PATHS.lib}`;
  const kept = keepEdited(place.root, undo);
  try {
    await putBack(place, prepared, { undo, mover });
  } catch (error) {
    throw new EboxmailError(
      EXIT.rollbackFailed,
      `apply failed (${cause.message}), and so did going back: ${(error as Error).message}`,
      [
        ...hintsOf(cause),
        ...hintsOf(error),
        ...kept,
        `the files that are not back yet are in ${directoryIn(lib)}, and journal.json there says where each belongs`,
        'put right what is named above and run "eboxmail apply"; "eboxmail status" shows what works',
      ].join('\n'),
    );
  }
  if (cause instanceof Interrupted)
    throw new EboxmailError(
      cause.exitCode,
      'interrupted: the previous configuration is back in force',
      kept.join('\n') || undefined,
    );
  throw new EboxmailError(
    EXIT.rolledBack,
    `apply failed, and the previous configuration is back in force: ${cause.message}`,
    [...hintsOf(cause), ...kept].join('\n') || undefined,
  );
}

/** The files and mailboxes as they were, and daemons that read them. */
export async function putBack(
  place: Place,
  prepared: Prepared,
  { undo, mover }: { readonly undo: Undo; readonly mover: MailboxMover },
): Promise<void> {
  const { root } = place;
  const { plan, applied, host, facts } = prepared;
  const lib = `${root}/${PATHS.lib}`;
  let clientsAreBack = (): void => undefined;
  await accountsBack(prepared, undo, (waits) => {
    undo.restore((target) => !waits(target) && target !== below(facts, PATHS.masterCf));
    clientsAreBack = clientsBack(facts, lib, undo);
    mover.back();
  });
  withdrawProbe(facts);
  noteOpenSessions(place);
  // An apply that was the first leaves a record without a time when it is killed.
  const configured = applied !== undefined && applied.time !== '';
  const services = servicesFor(place, host.services);
  // What one that was killed had told a daemon goes as well.
  const toldTo = (name: DaemonName): DaemonAction =>
    plan.daemons[name] === 'nothing' ? (applied?.unfinished?.daemons[name] ?? 'nothing') : plan.daemons[name];
  for (const name of DAEMONS) {
    const done = toldTo(name);
    // Programs of Postfix that have asked a Dovecot go on asking that one, also when it is the one that let nobody in.
    const asked = name === 'postfix' && toldTo('dovecot') !== 'nothing';
    const died = undo.running.includes(name) && masterProcesses(root)[name] === undefined;
    if (done === 'nothing' && !asked && !died) continue;
    // Somebody else's mail service, if that is what was there, goes on as well.
    const wanted = undo.running.includes(name) || (configured && isEssential(name));
    const action = actionBack(done, wanted, masterProcesses(root)[name] !== undefined);
    await services[name](action);
    if (name === 'dovecot' && action === 'reload') await endHanging(services, facts);
  }
  await requirePrevious(place, prepared);
  // Its programs die as well when Dovecot lets nobody in.
  if (configured && (plan.daemons.postfix !== 'nothing' || plan.daemons.dovecot !== 'nothing'))
    await endThrottling(services, factsInForce(prepared));
  clientsAreBack();
  try {
    await letFormerFilterGo(place, () => undefined);
  } catch (error) {
    // It is noted, and the next apply or status does it.
    if (!(error instanceof EboxmailError)) throw error;
  }
  try {
    removeUnfinished(lib, applied);
    undo.end();
  } catch (error) {
    // Without room for that the previous configuration is in force all the same; who comes next finds the journal.
    if (!isSystemError(error) && !(error instanceof EboxmailError)) throw error;
  }
}

/** A Dovecot whose programs cannot start any more reads nothing: only a new master does, and nobody has a session there. */
async function endHanging(services: Services, facts: HostFacts): Promise<void> {
  if (!(await becomesInForce(facts))) await services.dovecot('restart');
}

/** What makes a daemon read the old files, after an action that made it read, or not read, the new ones. */
function actionBack(done: DaemonAction, wanted: boolean, runs: boolean): DaemonAction {
  if (!wanted) return runs ? 'stop' : 'nothing';
  if (!runs) return 'start';
  return done === 'restart' ? 'restart' : 'reload';
}

function hintsOf(error: unknown): readonly string[] {
  return error instanceof EboxmailError && error.hint !== undefined ? [error.hint] : [];
}
