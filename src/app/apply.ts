import { dirname } from 'node:path';
import { DAEMONS } from '../core/daemons.ts';
import { EboxmailError, EXIT, failed } from '../core/errors.ts';
import { isEmpty, type FileChange, type Plan } from '../core/plan/plan.ts';
import { below, certificateOf, PATHS } from '../core/render/paths.ts';
import { writeAppliedRecord } from '../system/applied-record.ts';
import { makeSelfSigned } from '../system/certificate.ts';
import { MissingProgram } from '../system/exec.ts';
import {
  bytesIfPresent,
  lstat,
  makeDirectory,
  removeStale,
  writeAtomically,
  type StagedFile,
} from '../system/files.ts';
import { sha256 } from '../system/hash.ts';
import { userId } from '../system/identity.ts';
import { withLock } from '../system/lock.ts';
import { missingPackage } from '../system/packages.ts';
import { directServices, systemdServices, usesSystemd, type Services } from '../system/services.ts';
import { checkRspamdFiles, ensureRspamdPlace, requireRspamd, requireRspamdAnswers } from './builtin-filter.ts';
import { afterFilterChange, requireUsableFilter } from './content-filter.ts';
import { ensureDirectories, ensureMailOwner } from './directories.ts';
import { checkFetchFiles, ensureFetchPlace } from './fetch-place.ts';
import { listenersOf, requireAnswers } from './listeners.ts';
import { finishMoves, mailboxMover } from './mailbox-moves.ts';
import type { MailboxMover } from './move-mailboxes.ts';
import type { Place } from './place.ts';
import { prepare, type Prepared } from './prepare.ts';
import { withStateLock } from './state-lock.ts';
import { startChangedTimers, stopRemovedTimers } from './timers.ts';
import { checkConfigurations, compileScripts, indexOf, makeCheckPlace, stageChanges } from './stage.ts';

export interface ApplyOptions {
  /** Files that are not ours, or were edited by hand, may be replaced; the originals are kept. */
  readonly adopt: boolean;
  /** Asks whether these may be replaced; absent when nobody can be asked. */
  readonly askConsent?: (files: readonly FileChange[]) => Promise<boolean>;
  /** Called as the work goes on, in words for people. */
  readonly progress: (step: string) => void;
}

export interface Applied {
  readonly plan: Plan;
  readonly prepared: Prepared;
}

/** Makes the machine what the state says. A second run finds nothing to do, writes nothing and reloads nothing. */
export async function apply(place: Place, options: ApplyOptions): Promise<Applied> {
  if (process.getuid?.() !== 0) throw failed('apply must be run as root', 'use sudo; plan works without');
  // What can be refused is refused before anything is written, the lock's directory included.
  const first = await prepare(place);
  if (isEmpty(first.plan)) return { plan: first.plan, prepared: first };
  const lib = `${place.root}/${PATHS.lib}`;
  makeDirectory(lib, 0o700);
  try {
    return await withLock(`${lib}/lock`, () => applyLocked(place, options));
  } catch (error) {
    throw error instanceof MissingProgram ? missingPackage(error) : error;
  }
}

async function applyLocked(place: Place, options: ApplyOptions): Promise<Applied> {
  if (place.root === '' && userId('vmail') === undefined) await ensureMailOwner(place.root);
  const prepared = await prepareForGood(place);
  const { plan, rendered, facts } = prepared;
  if (isEmpty(plan)) return { plan, prepared };
  await consent(place, plan, options);
  await requireUsableFilter(place, prepared);
  requireRspamd(prepared);
  ensureDirectories(facts);
  await ensureFetchPlace(place.root, prepared.model);
  ensureRspamdPlace(place.root, prepared);
  if (prepared.certificate.toBeMade) {
    await makeSelfSigned(certificateOf(prepared.model, facts), prepared.model.mailname);
    const { mailname } = prepared.model;
    options.progress(`made a self-signed certificate for ${mailname}: clients will warn; set server.tls to a real one`);
  }
  options.progress('checking the new configuration');
  removeLeftovers(prepared);
  const mover = mailboxMover(place, prepared, options.progress);
  const check = makeCheckPlace(place.root, rendered);
  try {
    await checkConfigurations(check, plan.files);
    await checkFetchFiles(dirname(check.dovecot), plan.files);
    await checkRspamdFiles(place.root, dirname(check.dovecot), rendered, plan.files);
    const staged = await stageChanges(place.root, plan.files, check.postfix);
    try {
      keepOriginals(place.root, plan.files);
      announce(place, prepared);
      if (plan.files.length > 0) options.progress(`putting ${countFiles(plan.files)} in place`);
      await stopRemovedTimers(prepared);
      mover.begin();
      await putInPlace(staged, place.root, plan, mover);
      await compileScripts(place.root, plan.files);
    } finally {
      // Those that are in place have nothing left to discard.
      for (const file of staged) file.discard();
    }
  } finally {
    check.remove();
  }
  await driveDaemons(place, prepared, options.progress);
  await startChangedTimers(prepared);
  await mover.end();
  await afterFilterChange(place, prepared, options.progress);
  record(place, prepared);
  await finishMoves(place, prepared, mover);
  return { plan, prepared };
}

/** Clears away what an apply that was killed had not put in place yet; the lock says that no other is at work. */
function removeLeftovers({ facts, rendered, plan }: Prepared): void {
  const paths = [...rendered, ...plan.files].map(({ path }) => path);
  const directories = [PATHS.lib, dirname(PATHS.selfSigned.key), ...paths.map((path) => dirname(path))];
  for (const directory of new Set(directories.map((path) => below(facts, path)))) {
    if (lstat(directory) !== undefined) removeStale(directory);
  }
}

/** What is written down about mailboxes comes before the state that it belongs to: with the lock both are of one moment. */
async function prepareForGood(place: Place): Promise<Prepared> {
  const prepared = await prepare(place);
  return prepared.mailboxes.events ? withStateLock(place, () => prepare(place)) : prepared;
}

/**
 * Dovecot looks at its account file at most once a second (db-passwd-file.c), so Postfix must not accept mail for a new
 * account before that second is over: Dovecot would refuse it for good.
 */
async function putInPlace(
  staged: readonly StagedFile[],
  root: string,
  { daemons }: Plan,
  mover: MailboxMover,
): Promise<void> {
  const accounts = staged.filter(({ target }) => target === `${root}/${PATHS.accounts}`);
  for (const file of accounts) file.commit();
  if (accounts.length > 0 && daemons.dovecot !== 'start') await nextSecond();
  await mover.handOver();
  for (const file of staged) if (!accounts.includes(file)) file.commit();
}

function nextSecond(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1005 - (Date.now() % 1000)));
}

function countFiles(files: readonly FileChange[]): string {
  return files.length === 1 ? '1 file' : `${files.length} files`;
}

/** Content that is not ours is replaced only with leave (exit 7 otherwise). */
async function consent(place: Place, { files }: Plan, { adopt, askConsent }: ApplyOptions): Promise<void> {
  const others = files.filter(({ present }) => present === 'foreign' || present === 'edited');
  if (others.length === 0 || adopt || (await askConsent?.(others)) === true) return;
  const list = others.map(({ path, present }) => {
    const why = present === 'foreign' ? 'was not written by eboxmail' : 'was edited by hand since the last apply';
    return `${place.root}/${path} ${why}`;
  });
  throw new EboxmailError(
    EXIT.consent,
    `consent is needed to replace ${others.length === 1 ? 'a file' : `${others.length} files`}`,
    [
      ...list,
      'see the differences with "eboxmail plan"; "eboxmail apply --adopt" replaces them and keeps the originals',
    ].join('\n'),
  );
}

function keepOriginals(root: string, files: readonly FileChange[]): void {
  for (const { path, present, before } of files) {
    if (before === undefined || (present !== 'foreign' && present !== 'edited')) continue;
    const base = `${root}/${PATHS.lib}/backup/${path}`;
    makeDirectory(dirname(base), 0o700);
    const free = [base, ...Array.from({ length: 999 }, (_, n) => `${base}.${n + 1}`)].find(
      (p) => lstat(p) === undefined,
    );
    if (free === undefined)
      throw failed(`too many originals are kept in ${dirname(base)}`, 'remove those you do not need');
    writeAtomically({ path: free, content: before, mode: 0o600, uid: 0, gid: 0 });
  }
}

/** Only those whose files changed are touched, and afterwards every port is looked at. */
async function driveDaemons(
  place: Place,
  { plan, facts, model, host }: Prepared,
  progress: ApplyOptions['progress'],
): Promise<void> {
  const touched = [...DAEMONS].filter((name) => plan.daemons[name] !== 'nothing');
  // One that is no longer asked is stopped when the others know.
  touched.sort((a, b) => Number(plan.daemons[a] === 'stop') - Number(plan.daemons[b] === 'stop'));
  if (touched.length === 0) return;
  const services = servicesFor(place, host.services);
  for (const name of touched) {
    progress(`${plan.daemons[name]} ${name}`);
    await services[name](plan.daemons[name]);
    if (name === 'rspamd') await requireRspamdAnswers(place, { model });
  }
  const logs = place.root === '' ? 'journalctl -u postfix -u dovecot' : `${place.root}/var/log`;
  await requireAnswers(listenersOf(model, facts), logs);
}

function servicesFor({ root }: Place, wish: 'systemd' | 'direct' | undefined): Services {
  return usesSystemd(root, wish) ? systemdServices() : directServices(root);
}

/** Written down before the first file changes: whoever comes after a crash knows what is ours and what is still to do. */
function announce({ root }: Place, { plan, applied }: Prepared): void {
  const { time = '', state = {}, files = new Map<string, never>(), unfinished, certificate, mailboxes } = applied ?? {};
  const about = plan.files.flatMap(({ path, after }) => (after === undefined ? [] : [[path, sha256(after)] as const]));
  writeAppliedRecord(`${root}/${PATHS.lib}`, {
    time,
    state,
    files,
    certificate,
    mailboxes,
    unfinished: { files: new Map([...(unfinished?.files ?? []), ...about]), daemons: plan.daemons },
  });
}

/** Generations come to stand here: what is in force now is written down. */
function record({ root }: Place, { rendered, state, model, facts, certificate, mailboxes }: Prepared): void {
  const files = rendered.map((file) => {
    const index = indexOf(root, file);
    return [
      file.path,
      {
        sha256: sha256(bytesIfPresent(`${root}/${file.path}`) ?? ''),
        indexSha256: index === undefined ? undefined : sha256(bytesIfPresent(index) ?? ''),
      },
    ] as const;
  });
  const { upTo: seq, former } = mailboxes;
  writeAppliedRecord(`${root}/${PATHS.lib}`, {
    time: new Date().toISOString(),
    state,
    files: new Map(files),
    // As it was before the daemons were told to read it: when it was replaced meanwhile, the next apply sees that.
    certificate: certificate.toBeMade
      ? sha256(bytesIfPresent(certificateOf(model, facts).certificate) ?? '')
      : certificate.hash,
    mailboxes: { seq, former: Object.fromEntries(former) },
  });
}
