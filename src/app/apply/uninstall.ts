import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { failed } from '../../core/errors.ts';
import { giveBackOwnedLine } from '../../core/plan/owned-line.ts';
import { PATHS, POSTMASTER_LINE } from '../../core/render/paths.ts';
import { readAppliedRecord, removeAppliedRecord, type AppliedRecord } from '../../system/applied-record.ts';
import { bytesIfPresent, lstat, syncDirectories, writeAtomically } from '../../system/files.ts';
import { sha256 } from '../../system/hash.ts';
import { indexPaths } from '../../system/installed.ts';
import { runningDaemons } from '../../system/master-processes.ts';
import { contentOfOriginal, forgetOriginals, readOriginals, type Original } from '../../system/originals.ts';
import { isUnit, startTimers, stopTimer } from '../../system/timers.ts';
import { usesSystemd } from '../../system/systemd.ts';
import { endUndo } from '../../system/undo.ts';
import { withExistingApplyLock } from './apply-lock.ts';
import { servicesFor } from '../switch/switch-daemons.ts';
import { removeEmptyDirectories } from '../plan/own-directories.ts';
import type { Place } from '../state/place.ts';
import { readHost } from '../state/read-host.ts';

export interface Uninstalled {
  /** Paths below the root that have their earlier content again. */
  readonly restored: readonly string[];
  readonly removed: readonly string[];
  /** Left as they are, because somebody changed them since the last apply. */
  readonly left: readonly string[];
}

/** What an uninstall would do, without doing it. @throws exit 1 when nothing of ours is there */
export function planUninstall({ root }: Place): Uninstalled {
  const lib = `${root}/${PATHS.lib}`;
  const written = writtenBy(requireApplied(lib));
  const originals = readOriginals(lib);
  const [restored, removed, left]: [string[], string[], string[]] = [[], [], []];
  for (const path of new Set([...written.keys(), ...originals.keys()])) {
    const now = bytesIfPresent(`${root}/${path}`);
    const original = contentOfOriginal(lib, originals.get(path));
    if (original !== undefined && now?.equals(original) === true) continue;
    const ours = now === undefined || path === PATHS.aliases || written.get(path)?.includes(sha256(now)) === true;
    if (!ours) left.push(path);
    else if (originals.get(path)?.copy !== undefined) restored.push(path);
    else if (now !== undefined) removed.push(path);
  }
  return { restored, removed, left };
}

/**
 * Takes everything away that eboxmail put on the machine, and gives back what was there before. The state, the mail and
 * what is in var/lib/eboxmail stay.
 */
export async function uninstall(place: Place, progress: (step: string) => void): Promise<Uninstalled> {
  if (process.getuid?.() !== 0) throw failed('uninstall must be run as root', 'use sudo');
  const { root } = place;
  const lib = `${root}/${PATHS.lib}`;
  const everWritten = [...writtenBy(requireApplied(lib)).keys()];
  const { services: wish } = await readHost(root);
  return withExistingApplyLock(place, async () => {
    const done = planUninstall(place);
    const originals = readOriginals(lib);
    const services = servicesFor(place, wish);
    for (const name of [...runningDaemons(root)].reverse()) {
      progress(`stop ${name}`);
      await services[name]('stop');
    }
    const touched = [...done.restored, ...done.removed];
    const units = usesSystemd(root, wish) ? touched.filter(isUnit) : [];
    for (const path of units) await stopTimer(path);
    // Before their sources: whoever goes on after a crash looks only at those that are still there.
    for (const path of touched) removeIndexes(`${root}/${path}`);
    for (const path of done.restored) restore(root, lib, path, originals.get(path) ?? {});
    for (const path of done.removed) remove(root, path);
    rmSync(`${root}/${PATHS.probe}`, { force: true });
    // Also those that one that was killed has emptied.
    removeEmptyDirectories(place, [...everWritten, ...originals.keys()]);
    syncDirectories(touched.map((path) => `${root}/${path}`).filter(hasDirectory));
    if (units.length > 0) await startTimers([]);
    endUndo(lib);
    removeAppliedRecord(lib);
    forgetOriginals(lib);
    return done;
  });
}

/** Hashes of what we wrote at each path, or were about to write when we were killed. */
function writtenBy({ files, unfinished }: AppliedRecord): ReadonlyMap<string, readonly string[]> {
  const written = new Map([...files].map(([path, file]) => [path, [file.sha256]]));
  for (const [path, hashes] of unfinished?.files ?? []) written.set(path, [...(written.get(path) ?? []), ...hashes]);
  return written;
}

function requireApplied(lib: string): AppliedRecord {
  const applied = readAppliedRecord(lib);
  if (applied !== undefined) return applied;
  throw failed('nothing of eboxmail is installed here', 'it is what "eboxmail apply" installs');
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

/** Only kinds that we build (system/installed); aliases.db may be somebody else's. */
function removeIndexes(path: string): void {
  for (const index of indexPaths(path)) if (!index.endsWith('.db')) rmSync(index, { force: true });
}

function hasDirectory(path: string): boolean {
  return lstat(dirname(path)) !== undefined;
}
