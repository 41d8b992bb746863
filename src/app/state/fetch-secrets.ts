import { randomBytes } from 'node:crypto';
import { rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fetchPasswordFiles } from '../../core/edits/fetch.ts';
import { whyNotFetchPassword } from '../../core/fetch/fetching.ts';
import { usageError } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { isEmptyDirectory } from '../../system/directories.ts';
import { lstat, makeDirectory, writeAtomically } from '../../system/files.ts';
import { loadState, stateOf } from './load-state.ts';
import type { Place } from './place.ts';

/** Files that commands made have names that begin so; those that people made are never removed. */
const OURS = 'secrets/fetch-';

/** Longest part of a name that tells whose it is. */
const TELLING = 150;

/** A new name for the password of an account elsewhere, relative to etc/eboxmail. */
export function newSecretName(user: string, address: string): string {
  const telling = `${user}-${address}`.replace(/[^A-Za-z0-9.@-]+/g, '-').slice(0, TELLING);
  return `${OURS}${telling}-${randomBytes(4).toString('hex')}`;
}

/** Writes a password down, readable by its owner alone. @throws usage error when it is none */
export function writeSecret({ root, batch }: Place, name: string, password: string): void {
  const wrong = whyNotFetchPassword(password);
  if (wrong !== undefined) throw usageError(`the password ${wrong}`);
  if (batch !== undefined) return batch.first(() => writeSecret({ root, statePath: '' }, name, password));
  const path = `${root}/${PATHS.etc}/${name}`;
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  makeDirectory(dirname(path), 0o700, owner.uid, owner.gid);
  writeAtomically({ path, content: `${password}\n`, mode: 0o600, ...owner });
}

/** Removes a file that a command made, unless an entry of the state, as it is now, refers to it. */
export async function removeSecret(place: Place, name: string): Promise<void> {
  if (!name.startsWith(OURS)) return;
  const { wellFormed, data } = await loadState(place);
  if (!wellFormed || fetchPasswordFiles(stateOf(data)).has(name)) return;
  const path = `${place.root}/${PATHS.etc}/${name}`;
  if (lstat(path)?.isFile() === true) rmSync(path);
  if (lstat(dirname(path)) !== undefined && isEmptyDirectory(dirname(path))) rmdirSync(dirname(path));
}
