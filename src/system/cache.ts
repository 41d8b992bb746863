import { basename } from 'node:path';
import { makeDirectory, bytesIfPresent, removeStale, writeAtomically } from './files.ts';
import { sha256 } from './hash.ts';

/**
 * What was made of something at some cost, kept so that the next command need not make it again. It is a convenience:
 * found by what it was made of, guarded by a hash of its own, and lost without harm. It holds what the state holds, so it
 * is 0600.
 */

const DIRECTORY = 'var/cache/eboxmail';

/** What the program makes of a text may change with its version. */
const FORMAT = `1 ${__EBOXMAIL_VERSION__}`;

/**
 * @param source path of the file that it was made of; @param hash SHA-256 of what that was like
 * @returns what was remembered, which is data of JSON; undefined when there is nothing, or it was made of something else
 */
export function recall(root: string, source: string, hash: string): unknown {
  const stored = tryTo(() => bytesIfPresent(fileOf(root, source)));
  if (stored === undefined) return undefined;
  const end = stored.indexOf('\n');
  const payload = stored.subarray(end + 1);
  if (end < 0 || stored.toString('latin1', 0, end) !== headOf(hash, payload)) return undefined;
  return JSON.parse(payload.toString('utf8'));
}

export function remember(root: string, source: string, hash: string, made: unknown): void {
  const payload = Buffer.from(JSON.stringify(made));
  tryTo(() => {
    makeDirectory(`${root}/${DIRECTORY}`, 0o700, process.getuid?.(), process.getgid?.());
    // Who is writing the same file at this moment loses it, which is no harm either.
    removeStale(`${root}/${DIRECTORY}`, basename(fileOf(root, source)));
    writeAtomically({
      path: fileOf(root, source),
      content: Buffer.concat([Buffer.from(`${headOf(hash, payload)}\n`), payload]),
      mode: 0o600,
      volatile: true,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    });
  });
}

function fileOf(root: string, source: string): string {
  return `${root}/${DIRECTORY}/${basename(source)}-${sha256(source).slice(0, 16)}.json`;
}

function headOf(hash: string, payload: Buffer): string {
  return `eboxmail cache ${FORMAT} ${hash} ${sha256(payload)}`;
}

/** Whatever keeps the cache from working (no right to write, a full disk) must not keep the command from working. */
function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
