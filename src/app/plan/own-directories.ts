import { rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ownDirectoriesAbove } from '../../core/render/directories.ts';
import { PATHS } from '../../core/render/paths.ts';
import { isEmptyDirectory } from '../../system/directories.ts';
import { lstat, refuseOddDirectory } from '../../system/files.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from './prepare.ts';

/**
 * Directories of ours are made by us and are where they seem to be: whatever else they lead to is not written.
 * @throws failed (exit 1) when one of them is a symbolic link or no directory
 */
export function requireOwnDirectories({ root }: Place, { rendered, plan }: Pick<Prepared, 'rendered' | 'plan'>): void {
  const directories = [...rendered, ...plan.files].flatMap(({ path }) => ownDirectoriesAbove(path));
  for (const directory of new Set(directories)) refuseOddDirectory(`${root}/${directory}`);
}

/** Those that files of ours have left without any. @param paths of the files, relative to the root */
export function removeEmptyDirectories({ root }: Place, paths: readonly string[]): void {
  const directories = new Set(
    paths.flatMap((path) => [...ownDirectoriesAbove(path), ...SHARED.filter((name) => name === dirname(path))]),
  );
  // What is within another goes before it.
  for (const directory of [...directories].sort((a, b) => b.length - a.length)) {
    const path = `${root}/${directory}`;
    if (lstat(path)?.isDirectory() === true && isEmptyDirectory(path)) rmdirSync(path);
  }
}

/** Made by whoever has a file for them, and without meaning when they are empty. */
const SHARED: readonly string[] = [dirname(PATHS.mailWanted)];
