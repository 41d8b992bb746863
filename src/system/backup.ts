import { dirname } from 'node:path';
import { failed } from '../core/errors.ts';
import { bytesIfPresent, lstat, makeDirectory, writeAtomically } from './files.ts';

/**
 * Keeps what stands at a path that is about to be replaced, and is somebody's work. As it is, and not as text: it may be in any
 * encoding.
 * @param lib absolute path of var/lib/eboxmail
 * @param path relative to the root
 * @returns where the copy is; undefined when nothing is there
 */
export function keepCopy(root: string, lib: string, path: string): string | undefined {
  const content = bytesIfPresent(`${root}/${path}`);
  if (content === undefined) return undefined;
  const base = `${lib}/backup/${path}`;
  makeDirectory(`${lib}/backup`, 0o700);
  makeDirectory(dirname(base), 0o700);
  const candidates = [base, ...Array.from({ length: 999 }, (_, n) => `${base}.${n + 1}`)];
  const free = candidates.find((candidate) => lstat(candidate) === undefined);
  if (free === undefined)
    throw failed(`too many originals are kept in ${dirname(base)}`, 'remove those you do not need');
  writeAtomically({ path: free, content, mode: 0o600, uid: 0, gid: 0 });
  return free;
}
