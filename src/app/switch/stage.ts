import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { failed, isSystemError } from '../../core/errors.ts';
import type { FileChange } from '../../core/plan/plan.ts';
import { firstRow } from '../../core/plan/table-rows.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import type { RenderedFile } from '../../core/render/rendered-file.ts';
import { checkDovecot, requireDovecotParts } from '../../system/dovecot.ts';
import { endPrograms, exec } from '../../system/exec.ts';
import {
  backdate,
  lstat,
  makeDirectory,
  readIfPresent,
  removeStale,
  stageFile,
  staged,
  writeAtomically,
  type StagedFile,
} from '../../system/files.ts';
import { groupId, requireGroup, requireUser } from '../../system/identity.ts';
import { bytesAfter, indexPath, indexPaths } from '../../system/installed.ts';
import { missingParts } from '../../system/missing-parts.ts';
import { refusedValues } from '../../system/postfix-programs.ts';
import { buildIndex, checkInstallation, checkPostfix, requireLoginPlugins } from '../../system/postfix.ts';
import { compileSieve } from '../../system/sieve.ts';
import { isPasswdFile, makeNewerThan } from '../../system/passwd-file.ts';
import { unknownConditions } from '../../system/unknown-conditions.ts';
import { unusableDovecot } from '../../system/unusable-dovecot.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';
import { noteIndex, type FilesAfter } from './applied.ts';
import { clearWhenInterrupted } from './interruption.ts';
import { refusedConfiguration } from '../plan/refused-overrides.ts';

/** A directory in which the daemons look at configurations before they are in force. */
export interface CheckPlace {
  readonly postfix: string;
  readonly dovecot: string;
  remove(): void;
}

/** Writes the two configurations where their daemons can read them without anything being live. */
export function makeCheckPlace(root: string, rendered: readonly RenderedFile[]): CheckPlace {
  removeCheckPlace(root);
  const base = checkPlaceIn(root);
  const place = { postfix: `${base}/postfix`, dovecot: `${base}/dovecot.conf` };
  try {
    makeDirectory(base, 0o755);
    makeDirectory(place.postfix, 0o755);
    for (const { path, content } of rendered) {
      const target = path === PATHS.dovecotConf ? place.dovecot : `${place.postfix}/${basename(path)}`;
      if (path === PATHS.mainCf || path === PATHS.masterCf || path === PATHS.dovecotConf) {
        writeAtomically({ path: target, content, mode: 0o644, uid: 0, gid: 0, volatile: true });
      }
      if (path === PATHS.mainCf) backdate(target);
    }
  } catch (error) {
    tidy(() => removeCheckPlace(root));
    throw error;
  }
  const directories = new Set(rendered.map(({ path }) => dirname(`${root}/${path}`)));
  const stopWatching = clearWhenInterrupted(() => {
    endPrograms();
    removeCheckPlace(root);
    for (const directory of directories) if (lstat(directory) !== undefined) removeStale(directory);
  });
  const remove = (): void => {
    stopWatching();
    tidy(() => removeCheckPlace(root));
  };
  return { ...place, remove };
}

/** Also that of an apply that was killed. */
export function removeCheckPlace(root: string): void {
  rmSync(checkPlaceIn(root), { recursive: true, force: true });
}

/** Where it is, while an apply is at work. */
export function checkPlaceIn(root: string): string {
  return `${root}/${PATHS.lib}/staging`;
}

/** Has the real daemons look at what is staged; every complaint is a refusal, and all of them are shown. */
export async function checkConfigurations(
  { root, statePath }: Pick<Place, 'root' | 'statePath'>,
  place: CheckPlace,
  prepared: Pick<Prepared, 'plan' | 'model' | 'text' | 'facts'>,
): Promise<void> {
  const changes = prepared.plan.files;
  const touched = (path: string): boolean => changes.some((change) => change.path === path);
  const postfixChanges = touched(PATHS.mainCf) || touched(PATHS.masterCf);
  const isRaw = prepared.model.overrides.dovecot !== '';
  if (touched(PATHS.masterCf)) requireLoginPlugins(place.postfix);
  if (touched(PATHS.dovecotConf)) await requireDovecotParts(place.dovecot);
  const complaints = await allOf([
    ...(postfixChanges
      ? [
          checkPostfix(place.postfix),
          checkInstallation(place.postfix),
          missingParts(place.postfix, `${root}/${PATHS.postfix}`, filesOf(root, changes)),
          refusedValues(place.postfix, prepared.model.overrides.postfix),
          unknownConditions(place.postfix, prepared.model.overrides.postfix),
        ]
      : []),
    ...(touched(PATHS.dovecotConf) ? [checkDovecot(place.dovecot, isRaw)] : []),
    ...(touched(PATHS.dovecotConf) && isRaw
      ? [
          unusableDovecot(place.dovecot, {
            base: below(prepared.facts, PATHS.dovecotRun),
            sockets: `${below(prepared.facts, PATHS.queue)}/private`,
          }),
        ]
      : []),
  ]);
  if (complaints.length === 0) return;
  throw refusedConfiguration(statePath, prepared, complaints, readIfPresent(place.dovecot) ?? '');
}

/** What is about to be put in place. */
function filesOf(root: string, changes: readonly FileChange[]): ReadonlySet<string> {
  const paths = changes.flatMap(({ path, file }): readonly string[] => {
    if (file === undefined) return [];
    const target = `${root}/${path}`;
    return file.index === undefined ? [target] : [target, indexPath(target, file.index.type)];
  });
  return new Set(paths);
}

/**
 * Writes every changed file, and the index of every changed table, beside its target.
 * @param into.after learns what is built
 * @param into.progress is told what Postfix passes over in a file that others write in, too
 */
export async function stageChanges(
  root: string,
  changes: readonly FileChange[],
  into: Omit<Staging, 'done'>,
): Promise<readonly StagedFile[]> {
  const done: StagedFile[] = [];
  try {
    return await allOf(changes.map((change) => stageChange(root, change, { ...into, done })));
  } catch (error) {
    for (const file of done) file.discard();
    for (const directory of new Set(changes.map(({ path }) => dirname(`${root}/${path}`)))) removeStale(directory);
    throw error;
  }
}

/** All of them come to their end before anything is cleared away: the slower ones work there. */
async function allOf<T>(work: readonly Promise<readonly T[]>[]): Promise<readonly T[]> {
  const results = await Promise.allSettled(work);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}

interface Staging {
  /** Directory of the configuration that tables are built with. */
  readonly config: string;
  readonly after: FilesAfter;
  readonly progress: (step: string) => void;
  readonly done: StagedFile[];
}

async function stageChange(
  root: string,
  change: FileChange,
  { config, after, progress, done }: Staging,
): Promise<readonly StagedFile[]> {
  const { path, file, after: text } = change;
  const target = `${root}/${path}`;
  const content = bytesAfter(change);
  if (file === undefined || text === undefined || content === undefined) return removals(target);
  makeDirectory(dirname(target), 0o755);
  const source = stageFile({
    path: target,
    content,
    mode: file.mode,
    uid: requireUser(file.owner),
    gid: groupId(file.group) ?? requireGroup(file.group),
  });
  done.push(source);
  if (path === PATHS.mainCf) backdate(source.temporary);
  if (isPasswdFile(path)) makeNewerThan(target, source.temporary);
  if (file.index === undefined) return [source];
  const { builder, type } = file.index;
  // What sievec(1) makes names its source, so it is made when that is in place.
  if (builder === 'sievec') return [source];
  const passedOver = await buildIndex(builder, type, { source: source.temporary, target }, config);
  for (const warning of passedOver) progress(`warning: ${warning}`);
  await probeIndex(file, source.temporary, text, config);
  const index = staged(indexPath(source.temporary, type), indexPath(target, type));
  done.push(index);
  noteIndex(after, path, index.temporary);
  return [index, source];
}

/** The built table must give the answer that its source says, in the eyes of Postfix itself. */
async function probeIndex({ index, path }: RenderedFile, source: string, text: string, config: string): Promise<void> {
  if (index?.builder !== 'postmap') return;
  const row = firstRow(text);
  const { code, stdout, stderr } = await exec('postmap', [
    '-c',
    config,
    '-q',
    row?.key ?? 'nobody@invalid',
    `${index.type}:${source}`,
  ]);
  const expected = row === undefined ? code === 1 && stdout === '' : stdout.trimEnd() === row.value;
  if (!expected || stderr.trim() !== '')
    throw failed(`the table ${path} does not answer as it should: ${stderr.trim()}`);
}

/** Compiles the Sieve scripts that were put in place, with the configuration that was. */
export async function compileScripts(root: string, changes: readonly FileChange[], after: FilesAfter): Promise<void> {
  for (const { path, file } of changes) {
    if (file?.index?.builder !== 'sievec') continue;
    const index = indexPath(`${root}/${path}`, file.index.type);
    await compileSieve(`${root}/${PATHS.dovecotConf}`, `${root}/${path}`, index);
    noteIndex(after, path, index);
  }
}

/** A table goes with its index, which may hold the same secrets: before it, since who comes after a crash looks for tables. */
function removals(target: string): readonly StagedFile[] {
  return [...indexPaths(target).filter((path) => lstat(path) !== undefined), target].map((path) => ({
    temporary: path,
    target: path,
    commit: () => rmSync(path, { force: true }),
    discard: () => undefined,
  }));
}

/** Those that are in place have nothing left to discard. */
export function discard(staged: readonly StagedFile[]): void {
  for (const file of staged) tidy(() => file.discard());
}

/** What cannot be cleared away decides nothing: the next apply does it. */
function tidy(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Whether putting it in place means that the target goes. */
export function isRemoval({ temporary, target }: StagedFile): boolean {
  return temporary === target;
}
