import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { failed } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { bytesIfPresent, lstat, makeDirectory, resolveLinks, writeAtomically } from '../../system/files.ts';
import { listGenerations, readContent, type Generation } from '../../system/generations.ts';
import { sha256 } from '../../system/hash.ts';
import type { ReplacedFile } from '../../system/rollback-record.ts';
import type { Place } from '../state/place.ts';
import { lineOf, secretPath } from '../state/secrets.ts';

/** A file that a rollback replaces: the state, or a secret that the state refers to. */
export interface Replacement {
  /** STATE, or the name of a secret. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Undefined where there is none. */
  readonly before: Buffer | undefined;
  readonly after: string;
}

/** What the state is called among what is replaced, whatever its file is called. */
export const STATE = 'state.yaml';

/** What differs from what a generation came from, the state last. @throws when the generation's is no longer readable */
export function replacementsFor(place: Place, to: Generation): readonly Replacement[] {
  const { root, statePath } = place;
  const content = (hash: string, what: string): string => {
    const text = readContent(`${root}/${PATHS.lib}`, hash);
    if (text === undefined)
      throw failed(`${what} of generation ${to.number} is no longer readable`, 'choose another one');
    return text;
  };
  const secrets = (to.secrets ?? []).flatMap(({ name, sha256: hash }): Replacement[] => {
    const path = secretPath(place, name);
    const before = bytesIfPresent(path);
    if (before !== undefined && sha256(lineOf(before)) === hash) return [];
    return [{ name, path, before, after: `${content(hash, name)}\n` }];
  });
  const path = resolveLinks(statePath);
  const state = { name: STATE, path, before: bytesIfPresent(path), after: content(to.state, 'the state') };
  return [...secrets, ...(isThere(state) ? [] : [state])];
}

/** Keeps what no generation has, which would be lost. @returns where each is as it was */
export function keepReplaced({ root }: Place, files: readonly Replacement[]): readonly ReplacedFile[] {
  const lib = `${root}/${PATHS.lib}`;
  const generations = listGenerations(lib);
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  return files.flatMap(({ name, before }): ReplacedFile[] => {
    if (before === undefined) return [];
    const generation = generations.find((one) => hasFile(lib, one, name, before))?.number;
    if (generation !== undefined) return [{ name, generation }];
    const kept = `${lib}/backup/${name}.${time}`;
    makeDirectory(`${lib}/backup`, 0o700);
    makeDirectory(dirname(kept), 0o700);
    writeAtomically({ path: kept, content: before, mode: 0o600, uid: 0, gid: 0 });
    return [{ name, kept }];
  });
}

function hasFile(lib: string, { state, secrets = [] }: Generation, name: string, before: Buffer): boolean {
  const hash = sha256(name === STATE ? before : lineOf(before));
  const isIts = name === STATE ? state === hash : secrets.some((one) => one.name === name && one.sha256 === hash);
  return isIts && readContent(lib, hash) !== undefined;
}

/** Puts it in place. */
export function replace({ statePath }: Place, { path, after }: Replacement): void {
  write(statePath, path, after);
}

/** As it was. A state that was not there stays: it is better than none. */
export function putBack({ statePath }: Place, { name, path, before }: Replacement): void {
  if (before !== undefined) write(statePath, path, before);
  else if (name !== STATE) rmSync(path, { force: true });
}

/** Whether it is in place, and nobody changed it since. */
export function isThere({ path, after }: Replacement): boolean {
  return bytesIfPresent(path)?.equals(Buffer.from(after)) === true;
}

function write(statePath: string, path: string, content: string | Buffer): void {
  const { uid, gid } = lstat(path) ?? lstat(resolveLinks(statePath)) ?? { uid: 0, gid: 0 };
  makeDirectory(dirname(path), 0o700, uid, gid);
  writeAtomically({ path, content, mode: 0o600, uid, gid });
}
