import { resolve } from 'node:path';
import { PATHS } from '../../core/render/paths.ts';
import type { Batch } from './batch.ts';

/** A state and the secrets that it refers to, by name, before they are files. */
export interface Unwritten {
  readonly text: string;
  readonly secrets: ReadonlyMap<string, string>;
}

/** Which system and which state file a command works on. */
export interface Place {
  /** Absolute, without a trailing slash; empty for the machine itself. */
  readonly root: string;
  /** Absolute path of the state file. */
  readonly statePath: string;
  /** The batch that a command is a line of: it reads and changes the state of that instead of the file. */
  readonly batch?: Batch;
  /** A state that is not written yet, and stands for the one in the file. */
  readonly unwritten?: Unwritten;
}

export function placeOf(root: string, statePath: string | undefined): Place {
  const absolute = resolve(root);
  const prefix = absolute === '/' ? '' : absolute;
  return { root: prefix, statePath: statePath === undefined ? `${prefix}/${PATHS.state}` : resolve(statePath) };
}
