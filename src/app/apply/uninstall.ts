import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { failed, withHint } from '../../core/errors.ts';
import { giveBackOwnedLine } from '../../core/plan/owned-line.ts';
import { PATHS, POSTMASTER_LINE } from '../../core/render/paths.ts';
import { readAppliedRecord, setRecordAside, type AppliedRecord } from '../../system/applied-record.ts';
import { directoriesBelow } from '../../system/directories.ts';
import {
  bytesIfPresent,
  lstat,
  refuseOddTarget,
  requireWritable,
  syncDirectories,
  writeAtomically,
} from '../../system/files.ts';
import { forgetFilterChange } from '../../system/filter-queue.ts';
import { sha256 } from '../../system/hash.ts';
import { indexPaths } from '../../system/installed.ts';
import { runningDaemons } from '../../system/master-processes.ts';
import { refuseOddFile } from '../../system/regular-file.ts';
import {
  contentOfOriginal,
  directoryIn as originalsIn,
  forgetOriginals,
  readOriginals,
  type Original,
} from '../../system/originals.ts';
import { isUnit, startTimers, stopTimer } from '../../system/timers.ts';
import { usesSystemd } from '../../system/systemd.ts';
import { directoryIn as undoIn, endUndo } from '../../system/undo.ts';
import { withExistingApplyLock } from './apply-lock.ts';
import { mailboxesAreAway, mailboxesBack } from './mailboxes-back.ts';
import { removeTemporaries } from '../switch/leftovers.ts';
import { checkPlaceIn, removeCheckPlace } from '../switch/stage.ts';
import { servicesFor } from '../switch/switch-daemons.ts';
import { removeEmptyDirectories } from '../plan/own-directories.ts';
import { ownDirectoriesAbove } from '../../core/render/directories.ts';
import type { Place } from '../state/place.ts';
import { withdrawProbe } from '../prove/login.ts';
import { readHost } from '../state/read-host.ts';

export interface Uninstalled {
  /** Paths below the root that have their earlier content again. */
  readonly restored: readonly string[];
  readonly removed: readonly string[];
  /** Left as they are, because somebody changed them since the last apply. */
  readonly left: readonly string[];
}

export interface UninstallPlan extends Uninstalled {
  /** Whether the mail service that runs may be ours: not where an apply was cut off before it put anything in place. */
  readonly stops: boolean;
  /** Whether mailboxes that an apply had begun to move go back. */
  readonly moves: boolean;
}

/** What an uninstall would do, without doing it. @throws exit 1 when nothing of ours is there */
export function planUninstall({ root }: Pick<Place, 'root'>): UninstallPlan {
  const lib = `${root}/${PATHS.lib}`;
  const applied = readAppliedRecord(lib);
  const moves = mailboxesAreAway(root);
  if (applied === undefined && !moves && !somethingIsLeft(root, lib))
    throw failed('nothing of eboxmail is installed here', 'it is what "eboxmail apply" installs');
  // Nothing was put in place yet, or nothing is left there.
  if (applied === undefined) return { restored: [], removed: [], left: [], stops: false, moves };
  const written = writtenBy(applied);
  const originals = readOriginals(lib);
  const [restored, removed, left]: [string[], string[], string[]] = [[], [], []];
  for (const path of everOurs(written, originals)) {
    for (const index of indexPaths(path)) refuseOddFile(`${root}/${index}`);
    const now = bytesIfPresent(`${root}/${path}`);
    const original = contentOfOriginal(lib, originals.get(path));
    if (original !== undefined && now?.equals(original) === true) continue;
    const ours = now === undefined || path === PATHS.aliases || written.get(path)?.includes(sha256(now)) === true;
    if (!ours) left.push(path);
    else if (originals.get(path)?.copy !== undefined) restored.push(path);
    else if (now !== undefined) removed.push(path);
  }
  return { restored, removed, left, stops: true, moves };
}

/**
 * Takes everything away that eboxmail put on the machine, and gives back what was there before. The state, the mail and
 * what is in var/lib/eboxmail stay.
 */
export async function uninstall(place: Place, progress: (step: string) => void): Promise<Uninstalled> {
  if (process.getuid?.() !== 0) throw failed('uninstall must be run as root', 'use sudo');
  const { root } = place;
  const lib = `${root}/${PATHS.lib}`;
  planUninstall(place);
  const host = await readHost(root);
  const wish = host.services;
  return withExistingApplyLock(place, async () => {
    const { stops, restored, removed, left } = planUninstall(place);
    const done = { restored, removed, left };
    const mailboxes = mailboxesBack(root, host);
    mailboxes.check();
    const originals = readOriginals(lib);
    const ever = everOurs(writtenBy(readAppliedRecord(lib)), originals);
    requirePossible(
      [lib, undoIn(lib), originalsIn(lib), ...[...restored, ...removed].map((path) => dirname(`${root}/${path}`))],
      // Lines of others in it are kept, so it is written anew.
      [...restored, ...removed].filter((path) => path === PATHS.aliases).map((path) => `${root}/${path}`),
    );
    if (stops) {
      const services = servicesFor(place, wish);
      for (const name of [...runningDaemons(root)].reverse()) {
        progress(`stop ${name}`);
        await services[name]('stop');
      }
    }
    mailboxes.bringBack(progress);
    const touched = [...done.restored, ...done.removed];
    const units = usesSystemd(root, wish) ? touched.filter(isUnit) : [];
    for (const path of units) await stopTimer(path);
    const aliases = { touched: touched.includes(PATHS.aliases), originals };
    if (stops) for (const path of ever) if (!done.left.includes(path)) removeIndexes(root, path, aliases);
    for (const path of done.restored) restore(root, lib, path, originals.get(path) ?? {});
    for (const path of done.removed) remove(root, path);
    // Behind its source: Postfix complains of an index that is older. Where nothing was announced it is as it was.
    if (stops) for (const index of ALIAS_INDEXES) restoreIndex(root, lib, index, originals.get(index));
    withdrawProbe(place);
    rmSync(`${root}/${PATHS.probe}`, { force: true });
    removeCheckPlace(root);
    const begun = [...ever, ...mayBeBegun(root)];
    await removeTemporaries(place, begun);
    // Also those that one that was killed has emptied.
    removeEmptyDirectories(place, begun);
    syncDirectories(ever.map((path) => `${root}/${path}`).filter(hasDirectory));
    if (units.length > 0) await startTimers([]);
    endUndo(lib);
    setRecordAside(lib);
    forgetFilterChange(lib);
    forgetOriginals(lib);
    return done;
  });
}

/** Looked at before anything goes: half of it taken away, with the daemons stopped, would be worse than nothing. */
function requirePossible(directories: readonly string[], files: readonly string[]): void {
  try {
    for (const file of files) refuseOddTarget(file);
    for (const directory of new Set(directories)) if (lstat(directory) !== undefined) requireWritable(directory);
  } catch (error) {
    throw withHint(error, 'nothing was taken away; put that right and run "eboxmail uninstall" again');
  }
}

/** Of an apply that was cut off before it had announced itself, or an uninstall that was before its end. */
function somethingIsLeft(root: string, lib: string): boolean {
  const places = [undoIn(lib), originalsIn(lib), checkPlaceIn(root), `${root}/${PATHS.probe}`];
  return places.some((path) => lstat(path) !== undefined);
}

/** Hashes of what we wrote at each path, or were about to write when we were killed. */
function writtenBy(applied: AppliedRecord | undefined): ReadonlyMap<string, readonly string[]> {
  const written = new Map([...(applied?.files ?? [])].map(([path, file]) => [path, [file.sha256]]));
  for (const [path, hashes] of applied?.unfinished?.files ?? [])
    written.set(path, [...(written.get(path) ?? []), ...hashes]);
  return written;
}

/** Indexes belong to their sources. */
function everOurs(...by: readonly ReadonlyMap<string, unknown>[]): readonly string[] {
  const paths = new Set(by.flatMap((paths) => [...paths.keys()]));
  return [...paths].filter((path) => !ALIAS_INDEXES.includes(path));
}

/**
 * Paths in every directory in which an apply may have begun something: when it was killed early enough, it has written down
 * nothing of that. The state is the administrator's.
 */
function mayBeBegun(root: string): readonly string[] {
  const paths = Object.values(PATHS).filter((path) => typeof path === 'string');
  return paths
    .filter((path) => path.startsWith('etc/') && !path.startsWith(PATHS.etc))
    .flatMap((path) => [path, ...directoriesBelow(`${root}/${path}`).map((at) => `${at.slice(root.length + 1)}/*`)]);
}

function restore(root: string, lib: string, path: string, original: Original): void {
  const { mode = 0o644, uid = 0, gid = 0 } = original;
  const content = contentOfOriginal(lib, original);
  if (content === undefined) throw failed(`the original of ${root}/${path} is gone`, `look in ${lib}/backup`);
  const now = path === PATHS.aliases ? bytesIfPresent(`${root}/${path}`) : undefined;
  // Only a line of it is ours; what others wrote there since stays.
  const given = now === undefined ? content : withTheirLine(now, content);
  writeAtomically({ path: `${root}/${path}`, content: given, mode, uid, gid });
}

function remove(root: string, path: string): void {
  const target = `${root}/${path}`;
  const now = path === PATHS.aliases ? bytesIfPresent(target) : undefined;
  const rest = now === undefined ? Buffer.alloc(0) : withTheirLine(now, Buffer.alloc(0));
  if (rest.toString('latin1').trim() === '') rmSync(target, { force: true });
  else writeAtomically({ path: target, content: rest, mode: 0o644, uid: 0, gid: 0 });
}

/** Byte by byte: what others wrote may be in any encoding. */
function withTheirLine(now: Buffer, original: Buffer): Buffer {
  const given = giveBackOwnedLine(now.toString('latin1'), POSTMASTER_LINE, original.toString('latin1'));
  return Buffer.from(given, 'latin1');
}

const ALIAS_INDEXES: readonly string[] = indexPaths(PATHS.aliases);

interface AliasIndexes {
  readonly touched: boolean;
  readonly originals: ReadonlyMap<string, Original>;
}

/** Also where the source is not there, or is as it was: an apply puts the index in place first. */
function removeIndexes(root: string, path: string, { touched, originals }: AliasIndexes): void {
  const isOurs = (index: string): boolean => {
    if (ownDirectoriesAbove(path).length > 0) return true;
    if (path !== PATHS.aliases) return false;
    if (ALIAS_INDEXES.some((one) => originals.has(one))) return isNew(originals.get(index));
    // Taken over by a version that did not look at it; the one of Debian's own kind may be somebody else's.
    return touched && !index.endsWith('.db');
  };
  for (const index of indexPaths(path)) if (isOurs(index)) rmSync(`${root}/${index}`, { force: true });
}

/** Whether there was nothing. */
function isNew(original: Original | undefined): boolean {
  return original !== undefined && original.copy === undefined;
}

function restoreIndex(root: string, lib: string, index: string, original: Original | undefined): void {
  if (original?.copy !== undefined) restore(root, lib, index, original);
}

function hasDirectory(path: string): boolean {
  return lstat(dirname(path)) !== undefined;
}
