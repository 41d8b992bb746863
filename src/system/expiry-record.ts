import type { ExpiryRun } from '../core/expiry.ts';
import { writeAtomically } from './files.ts';
import { readJsonFile } from './json-file.ts';

/** A broken disk fails for everybody; a few examples tell as much. */
const MOST_ERRORS = 20;

/** `directory` is the absolute path of var/lib/eboxmail/expire. */
export function readExpiryRun(directory: string): ExpiryRun | undefined {
  const needs = { time: 'string', users: 'number', removed: 'map', errors: 'list' } as const;
  return readJsonFile<ExpiryRun>(fileIn(directory), { needs, hint: 'the next "eboxmail expire" writes it anew' });
}

export function writeExpiryRun(directory: string, run: ExpiryRun): void {
  const kept = { ...run, errors: run.errors.slice(0, MOST_ERRORS) };
  writeAtomically({ path: fileIn(directory), content: `${JSON.stringify(kept)}\n`, mode: 0o600, uid: 0, gid: 0 });
}

function fileIn(directory: string): string {
  return `${directory}/last-run.json`;
}
