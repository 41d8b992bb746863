import { PATHS } from '../core/render/paths.ts';
import { makeDirectory, readIfPresent, writeAtomically } from './files.ts';

/** Remembers until the next apply that a removed user's mail is to be deleted. */
export function requestPurge(root: string, address: string): void {
  makeDirectory(`${root}/${PATHS.lib}`, 0o700);
  writePurges(root, [...readPurges(root), address]);
}

/** A user who is back before the apply keeps the mail. */
export function withdrawPurge(root: string, address: string): void {
  forgetPurges(root, [address]);
}

/** These are done with. */
export function forgetPurges(root: string, addresses: readonly string[]): void {
  const requested = readPurges(root);
  const left = requested.filter((line) => !addresses.includes(line));
  if (left.length < requested.length) writePurges(root, left);
}

function writePurges(root: string, addresses: readonly string[]): void {
  const content = addresses.map((address) => `${address}\n`).join('');
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  writeAtomically({ path: `${root}/${PATHS.purges}`, content, mode: 0o600, ...owner });
}

/** Addresses whose mail the next apply is to delete. */
export function readPurges(root: string): readonly string[] {
  return (readIfPresent(`${root}/${PATHS.purges}`) ?? '').split('\n').filter((line) => line !== '');
}
