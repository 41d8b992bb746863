import { basename } from 'node:path';
import type { JsonObject } from '../core/json.ts';
import type { Problem } from '../core/problem.ts';
import type { Layout } from '../core/state/layout.ts';
import { makeDirectory, bytesIfPresent, removeStale, writeAtomically } from './files.ts';
import { sha256 } from './hash.ts';

/**
 * A parsed and checked state, kept so that the next command need not read YAML. It is a convenience: found by the hash
 * of the state's text, guarded by a hash of its own, and lost without harm. It holds what the state holds, so it is 0600.
 */
export interface CachedState {
  readonly data: JsonObject;
  readonly layout: Layout | undefined;
  /** Warnings, without their places; a state with errors is not cached. */
  readonly problems: readonly Problem[];
}

const DIRECTORY = 'var/cache/eboxmail';

/** What the program makes of a text may change with its version. */
const FORMAT = `1 ${__EBOXMAIL_VERSION__}`;

export function recallState(root: string, statePath: string, textHash: string): CachedState | undefined {
  const stored = tryTo(() => bytesIfPresent(fileOf(root, statePath)));
  if (stored === undefined) return undefined;
  const end = stored.indexOf('\n');
  const payload = stored.subarray(end + 1);
  if (end < 0 || stored.toString('latin1', 0, end) !== headOf(textHash, payload)) return undefined;
  return JSON.parse(payload.toString('utf8')) as CachedState;
}

export function rememberState(root: string, statePath: string, textHash: string, state: CachedState): void {
  const payload = Buffer.from(JSON.stringify(state));
  tryTo(() => {
    makeDirectory(`${root}/${DIRECTORY}`, 0o700, process.getuid?.(), process.getgid?.());
    // Who is writing the same file at this moment loses it, which is no harm either.
    removeStale(`${root}/${DIRECTORY}`, basename(fileOf(root, statePath)));
    writeAtomically({
      path: fileOf(root, statePath),
      content: Buffer.concat([Buffer.from(`${headOf(textHash, payload)}\n`), payload]),
      mode: 0o600,
      volatile: true,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    });
  });
}

function fileOf(root: string, statePath: string): string {
  return `${root}/${DIRECTORY}/state-${sha256(statePath).slice(0, 16)}.json`;
}

function headOf(textHash: string, payload: Buffer): string {
  return `eboxmail state cache ${FORMAT} ${textHash} ${sha256(payload)}`;
}

/** Whatever keeps the cache from working (no right to write, a full disk) must not keep the command from working. */
function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
