import { rmSync } from 'node:fs';
import { DAEMONS } from '../core/daemons.ts';
import { failed } from '../core/errors.ts';
import { PATHS } from '../core/render/paths.ts';
import { readAppliedRecord, removeAppliedRecord, type AppliedRecord } from '../system/applied-record.ts';
import { bytesIfPresent, lstat, syncDirectories, writeAtomically } from '../system/files.ts';
import { sha256 } from '../system/hash.ts';
import { indexPath } from '../system/installed.ts';
import { withLock } from '../system/lock.ts';
import { masterProcesses } from '../system/master-processes.ts';
import { contentOfOriginal, readOriginals, type Original } from '../system/originals.ts';
import { servicesFor } from './switch-daemons.ts';
import type { Place } from './place.ts';
import { readHost } from './read-host.ts';

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
  const applied = requireApplied(lib);
  const originals = readOriginals(lib);
  const [restored, removed, left]: [string[], string[], string[]] = [[], [], []];
  for (const [path, { sha256: ours }] of applied.files) {
    const now = bytesIfPresent(`${root}/${path}`);
    if (now !== undefined && sha256(now) !== ours) left.push(path);
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
  requireApplied(lib);
  const { services: wish } = await readHost(root);
  return withLock(`${lib}/lock`, async () => {
    const done = planUninstall(place);
    const originals = readOriginals(lib);
    const services = servicesFor(place, wish);
    const running = masterProcesses(root);
    for (const name of [...DAEMONS].reverse()) {
      if (running[name] === undefined) continue;
      progress(`stop ${name}`);
      await services[name]('stop');
    }
    for (const path of done.restored) restore(root, lib, path, originals.get(path) ?? {});
    for (const path of done.removed) rmSync(`${root}/${path}`, { force: true });
    for (const path of [...done.restored, ...done.removed]) removeIndexes(`${root}/${path}`);
    for (const path of [PATHS.tables, PATHS.probe]) removeEmpty(root, path);
    syncDirectories([...done.restored, ...done.removed].map((path) => `${root}/${path}`).filter(hasDirectory));
    removeAppliedRecord(lib);
    rmSync(`${lib}/originals`, { recursive: true, force: true });
    return done;
  });
}

function requireApplied(lib: string): AppliedRecord {
  const applied = readAppliedRecord(lib);
  if (applied !== undefined) return applied;
  throw failed('nothing of eboxmail is installed here', 'it is what "eboxmail apply" installs');
}

function restore(
  root: string,
  lib: string,
  path: string,
  { copy = '', mode = 0o644, uid = 0, gid = 0 }: Original,
): void {
  const content = contentOfOriginal(lib, copy);
  if (content === undefined) throw failed(`the original of ${root}/${path} is gone`, `look in ${lib}/backup`);
  writeAtomically({ path: `${root}/${path}`, content, mode, uid, gid });
}

/** Only kinds that we build (system/installed). */
function removeIndexes(path: string): void {
  for (const type of ['cdb', 'lmdb']) rmSync(indexPath(path, type), { force: true });
}

/** Our own directories, and the file that only an apply needs. */
function removeEmpty(root: string, path: string): void {
  const found = lstat(`${root}/${path}`);
  if (found?.isDirectory() === true) rmSync(`${root}/${path}`, { recursive: true, force: true });
  else rmSync(`${root}/${path}`, { force: true });
}

function hasDirectory(path: string): boolean {
  return lstat(path.slice(0, path.lastIndexOf('/'))) !== undefined;
}
