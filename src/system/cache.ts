import { closeSync, constants, openSync, readSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { PATHS } from '../core/render/paths.ts';
import { bytesIfPresent, listDirectory, lstat, makeDirectory, removeStale, writeAtomically } from './files.ts';
import { sha256 } from './hash.ts';

/**
 * What was made of something at some cost, kept so that the next command need not make it again. It is a convenience:
 * found by what it was made of, guarded by a hash of its own, and lost without harm. It holds what the state holds, so it
 * is 0600, and goes when the state has gone: who deletes a state means its hashes, too.
 */

/** What the program makes of a text may change with its version. */
const FORMAT = `2 ${__EBOXMAIL_VERSION__}`;

/**
 * @param source path of the file that it was made of; @param hash SHA-256 of what that was like
 * @returns what was remembered, which is data of JSON; undefined when there is nothing, or it was made of something else
 */
export function recall(root: string, source: string, hash: string): unknown {
  const stored = tryTo(() => bytesIfPresent(fileOf(root, source)));
  if (stored === undefined) return undefined;
  const end = stored.indexOf('\n');
  const payload = stored.subarray(end + 1);
  if (end < 0 || stored.toString('utf8', 0, end) !== headOf(source, hash, payload)) return undefined;
  return JSON.parse(payload.toString('utf8'));
}

export function remember(root: string, source: string, hash: string, made: unknown): void {
  const payload = Buffer.from(JSON.stringify(made));
  tryTo(() => {
    makeDirectory(`${root}/${PATHS.cache}`, 0o700, process.getuid?.(), process.getgid?.());
    // Who is writing the same file at this moment loses it, which is no harm either.
    removeStale(`${root}/${PATHS.cache}`, basename(fileOf(root, source)));
    writeAtomically({
      path: fileOf(root, source),
      content: Buffer.concat([Buffer.from(`${headOf(source, hash, payload)}\n`), payload]),
      mode: 0o600,
      volatile: true,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    });
  });
  for (const name of tryTo(() => listDirectory(`${root}/${PATHS.cache}`)) ?? [])
    tryTo(() => removeIfOrphaned(`${root}/${PATHS.cache}/${name}`));
}

/** What was made of a file that is no more, or by a version that did not write down of which. */
function removeIfOrphaned(path: string): void {
  if (!path.endsWith('.json')) return;
  const source = sourceOf(path);
  if (source === undefined || lstat(source) === undefined) rmSync(path);
}

function sourceOf(path: string): string | undefined {
  const head = Buffer.alloc(LONGEST_HEAD);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const length = readSync(descriptor, head);
    const source = HEAD.exec(head.toString('utf8', 0, length))?.[1];
    return source === undefined ? undefined : (JSON.parse(source) as string);
  } finally {
    closeSync(descriptor);
  }
}

/** More than a path can have. */
const LONGEST_HEAD = 8192;

const HEAD = /^eboxmail cache \S+ \S+ \S+ \S+ (".*")\n/;

function fileOf(root: string, source: string): string {
  return `${root}/${PATHS.cache}/${basename(source)}-${sha256(source).slice(0, 16)}.json`;
}

function headOf(source: string, hash: string, payload: Buffer): string {
  return `eboxmail cache ${FORMAT} ${hash} ${sha256(payload)} ${JSON.stringify(source)}`;
}

/** Whatever keeps the cache from working (no right to write, a full disk) must not keep the command from working. */
function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
