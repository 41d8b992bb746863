import { PATHS } from '../core/render/paths.ts';
import { lstat, setTime, stageMeanwhile } from './files.ts';
import { requireGroup } from './identity.ts';

/**
 * Milliseconds. Dovecot looks at a passwd-file at most once a second of its clock, and takes one with the second and the
 * size of the last one for that one (db-passwd-file.c).
 */
export const DOVECOT_LOOKS = 1000;

/** Milliseconds that a file's time may be ahead of the clock because of `makeNewerThan`. */
const MOST_AHEAD = 60 * 60 * 1000;

const PASSWD_FILES: readonly string[] = [PATHS.accounts, PATHS.quotaAliases, PATHS.probe];

/** Whether Dovecot reads a file of ours as a passwd-file. @param path relative to the root */
export function isPasswdFile(path: string): boolean {
  return PASSWD_FILES.includes(path);
}

/** Gives a passwd-file that is to replace another a time by which Dovecot can tell them apart. */
export function makeNewerThan(path: string, temporary: string): void {
  const before = lstat(path)?.mtimeMs ?? 0;
  const now = Date.now();
  const isNear = before > now - DOVECOT_LOOKS && before < now + MOST_AHEAD;
  setTime(temporary, isNear ? before + DOVECOT_LOOKS : now);
}

/** Puts a text in the place of a passwd-file, in a way that Dovecot sees. The name is not waited for until it is on the disk. */
export function writePasswdFile(path: string, content: string): void {
  const file = stageMeanwhile({ path, content, mode: 0o640, uid: 0, gid: requireGroup('dovecot') });
  makeNewerThan(path, file.temporary);
  file.commit();
}
