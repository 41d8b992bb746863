import { readdirSync, rmSync } from 'node:fs';
import { bytesIfPresent, lstat, makeDirectory, writeAtomically } from './files.ts';
import { readJsonFile } from './json-file.ts';

/** What was at a path before eboxmail wrote there for the first time. */
export interface Original {
  /** Name of the copy in var/lib/eboxmail/originals; absent when there was nothing. */
  readonly copy?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

const PRIVATE = { mode: 0o600, uid: 0, gid: 0 } as const;

/** @param lib absolute path of var/lib/eboxmail */
export function readOriginals(lib: string): ReadonlyMap<string, Original> {
  const hint = [
    `it says what was there before eboxmail; the copies of that are beside it, by numbers. Take those that you need out of`,
    `${directoryIn(lib)}, which an uninstall removes, and move it away: then nothing is given back`,
  ].join('\n');
  return new Map(
    Object.entries(readJsonFile<Readonly<Record<string, Original>>>(listIn(lib), { needs: {}, hint }) ?? {}),
  );
}

/** Remembers what is at these paths (relative to the root), where nothing of ours is. */
export function rememberOriginals(root: string, lib: string, paths: readonly string[]): void {
  if (paths.length === 0) return;
  const known = new Map(readOriginals(lib));
  makeDirectory(directoryIn(lib), 0o700);
  const used = Math.max(0, ...[...known.values()].map(({ copy }) => Number(copy ?? 0)));
  for (const [n, path] of paths.entries()) known.set(path, keep(`${root}/${path}`, lib, String(used + 1 + n)));
  writeAtomically({ path: listIn(lib), content: `${JSON.stringify(Object.fromEntries(known))}\n`, ...PRIVATE });
  const copies = new Set([...known.values()].map(({ copy }) => copy));
  for (const name of readdirSync(directoryIn(lib)))
    if (/^\d+$/.test(name) && !copies.has(name)) rmSync(`${directoryIn(lib)}/${name}`, { force: true });
}

export function forgetOriginals(lib: string): void {
  rmSync(directoryIn(lib), { recursive: true, force: true });
}

/** Undefined when there was nothing. */
export function contentOfOriginal(lib: string, original: Original | undefined): Buffer | undefined {
  return original?.copy === undefined ? undefined : bytesIfPresent(`${directoryIn(lib)}/${original.copy}`);
}

export function directoryIn(lib: string): string {
  return `${lib}/originals`;
}

function keep(target: string, lib: string, copy: string): Original {
  const found = lstat(target);
  const content = found?.isFile() === true ? bytesIfPresent(target) : undefined;
  if (found === undefined || content === undefined) return {};
  writeAtomically({ path: `${directoryIn(lib)}/${copy}`, content, ...PRIVATE });
  return { copy, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid };
}

function listIn(lib: string): string {
  return `${directoryIn(lib)}/list.json`;
}
