import type { ExpiryRun } from '../core/expiry.ts';
import { readIfPresent, writeAtomically } from './files.ts';

/** A broken disk fails for everybody; a few examples tell as much. */
const MOST_ERRORS = 20;

/** `lib` is the absolute path of var/lib/eboxmail. */
export function readExpiryRun(lib: string): ExpiryRun | undefined {
  const text = readIfPresent(fileIn(lib));
  return text === undefined ? undefined : (JSON.parse(text) as ExpiryRun);
}

export function writeExpiryRun(lib: string, run: ExpiryRun): void {
  const kept = { ...run, errors: run.errors.slice(0, MOST_ERRORS) };
  writeAtomically({ path: fileIn(lib), content: `${JSON.stringify(kept)}\n`, mode: 0o600, uid: 0, gid: 0 });
}

function fileIn(lib: string): string {
  return `${lib}/expiry.json`;
}
