import { bytesIfPresent, lstat, makeDirectory, readIfPresent, writeAtomically } from './files.ts';

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
  const text = readIfPresent(listIn(lib));
  return new Map(Object.entries(text === undefined ? {} : (JSON.parse(text) as Record<string, Original>)));
}

/** Remembers what is at these paths (relative to the root), unless it is known already. */
export function rememberOriginals(root: string, lib: string, paths: readonly string[]): void {
  const known = new Map(readOriginals(lib));
  const fresh = paths.filter((path) => !known.has(path));
  if (fresh.length === 0) return;
  makeDirectory(directoryIn(lib), 0o700);
  for (const path of fresh) known.set(path, keep(`${root}/${path}`, lib, String(known.size)));
  writeAtomically({ path: listIn(lib), content: `${JSON.stringify(Object.fromEntries(known))}\n`, ...PRIVATE });
}

export function contentOfOriginal(lib: string, copy: string): Buffer | undefined {
  return bytesIfPresent(`${directoryIn(lib)}/${copy}`);
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
