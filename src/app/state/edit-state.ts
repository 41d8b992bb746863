import { lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { EboxmailError, EXIT, failed } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Problem } from '../../core/problem.ts';
import type { Layout } from '../../core/state/layout.ts';
import { changesBetween } from '../../core/state/edit/changes.ts';
import { givenBytes, lstat, makeDirectory, removeStale, resolveLinks, writeAtomically } from '../../system/files.ts';
import { sha256 } from '../../system/hash.ts';
import { forgetPurges, readPurges } from '../../system/purges.ts';
import { noteSeen, noteStanding } from './followed-state.ts';
import {
  checkState,
  hasErrors,
  InvalidState,
  loadState,
  stateOf,
  type LoadedState,
  rememberState,
} from './load-state.ts';
import type { Place } from './place.ts';
import { withStateLock } from './state-lock.ts';
import { usersOf } from './users-of.ts';

/** From the state to the state as it should be; the same object when there is nothing to change. */
export type StateEdit = (state: StateFile) => StateFile | Promise<StateFile>;

export interface EditSettings {
  /** Makes a new file when there is none. */
  readonly create?: boolean | undefined;
  /** Called with the state as it is when the change has passed its checks, just before that is written. */
  readonly beforeWriting?: ((before: JsonObject) => void) | undefined;
  /**
   * Writes what belongs to the state and stands beside it, once the change has passed the checks and before the state is
   * written; tells whether that changed anything.
   */
  readonly beside?: (() => boolean) | undefined;
  /** Stops when the change has passed its checks. */
  readonly dryRun?: boolean | undefined;
}

export interface Edited {
  readonly changed: boolean;
  /** Warnings about the state as it is now that were not there before. */
  readonly warnings: readonly Problem[];
}

/** A state that does not exist yet begins as this. */
export const NEW_STATE =
  '# What the mail service should be; "eboxmail plan" shows what follows from it, "eboxmail apply" makes it so.\nversion: 1\n';

/** What the change would make of the state does not pass its checks: exit 3, nothing was written. */
export class RefusedEdit extends EboxmailError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(EXIT.invalidState, 'the change would make the state invalid, so nothing was written');
    this.problems = problems;
  }
}

/** Changes the state file: under its lock, checked, keeping every line that need not change, replaced atomically. */
export async function editState(place: Place, edit: StateEdit, settings: EditSettings = {}): Promise<Edited> {
  if (place.batch !== undefined) return place.batch.edit(edit, settings);
  const { create = false, beforeWriting, beside = () => false, dryRun = false } = settings;
  const path = resolveLinks(place.statePath);
  const directory = dirname(path);
  if (create && !dryRun) makeDirectory(directory, 0o700, process.getuid?.(), process.getgid?.());
  else if (!create && lstat(path) === undefined) await loadState(place);
  // While flock(1) runs, what the edit needs is loaded.
  const modules = Promise.all([import('../../core/state/edit/edit-text.ts'), import('../../core/state/check-data.ts')]);
  modules.catch(() => undefined);
  const work = async (): Promise<Edited> => {
    const loaded = create && givenBytes(path) === undefined ? newState() : await loadState(place);
    if (!loaded.wellFormed) throw new InvalidState(place.statePath, loaded.problems);
    const before = stateOf(loaded.data);
    const after = await edit(before);
    if (changesBetween(loaded.data, dataOf(after)).length === 0)
      return { changed: dryRun ? false : beside(), warnings: [] };
    const { problems, fresh } = await checked(place, loaded, after);
    if (dryRun) return { changed: true, warnings: fresh };
    keepMailOf(place, loaded.data);
    noteStanding(place, loaded.data, dataOf(after));
    beforeWriting?.(loaded.data);
    await write(place, path, loaded, after, problems, beside);
    return { changed: true, warnings: fresh };
  };
  return dryRun ? work() : withStateLock(place, work);
}

/** Who is there again was removed by a command whose work was undone: that is seen now, and not when somebody removes the user later. */
function keepMailOf({ root }: Place, state: JsonObject): void {
  // Who may not read it may edit a state of their own.
  const purges = process.getuid?.() === 0 ? readPurges(root) : [];
  if (purges.length === 0) return;
  const users = usersOf(state);
  forgetPurges(
    root,
    purges.filter((address) => Object.hasOwn(users, address)),
  );
}

function newState(): LoadedState {
  const text = NEW_STATE;
  return { text, sha256: sha256(text), data: { version: 1 }, layout: undefined, problems: [], wellFormed: true };
}

interface Checked {
  readonly problems: readonly Problem[];
  /** Those that the change brought. */
  readonly fresh: readonly Problem[];
}

async function checked(place: Place, loaded: LoadedState, after: StateFile): Promise<Checked> {
  const problems = await checkState(dataOf(after), changedPart(loaded.data, dataOf(after)));
  const known = new Set(loaded.problems.map(identity));
  const fresh = problems.filter((problem) => !known.has(identity(problem)));
  if (!hasErrors(problems)) return { problems, fresh };
  // What was wrong before is shown with its place in the file; what the change makes wrong has none yet.
  if (hasErrors(fresh)) throw new RefusedEdit(fresh.filter(({ severity }) => severity === 'error'));
  throw new InvalidState(place.statePath, loaded.problems);
}

/** The entries that differ, as a state of their own: everything else has passed the schema before. */
export function changedPart(before: JsonObject, after: JsonObject): JsonObject {
  const part: Record<string, Json> = {};
  for (const [key, value] of Object.entries(after)) {
    const old = before[key];
    if (key === 'version' || old === undefined || !isObject(old) || !isObject(value)) part[key] = value;
    else if (old !== value) {
      part[key] = Object.fromEntries(Object.entries(value).filter(([name, entry]) => old[name] !== entry));
    }
  }
  return part;
}

async function write(
  place: Place,
  path: string,
  loaded: LoadedState,
  after: StateFile,
  problems: readonly Problem[],
  beside: () => boolean,
): Promise<void> {
  const { text, layout } = await edited(loaded, dataOf(after));
  noteSeen(place, loaded.data, dataOf(after));
  beside();
  removeStale(dirname(path), basename(path));
  const owner = ownerOf(path);
  const content = Buffer.from(text);
  writeAtomically({ path, content, mode: 0o600, ...owner });
  // Without the places of its entries a large state is better parsed once more than edited the slow way for ever.
  if (layout !== undefined) {
    rememberState(place, sha256(content), { data: dataOf(after), layout, problems });
  }
}

async function edited(loaded: LoadedState, after: JsonObject): Promise<{ text: string; layout: Layout | undefined }> {
  const { editText } = await import('../../core/state/edit/edit-text.ts');
  const { UneditableError } = await import('../../core/state/edit/uneditable.ts');
  try {
    return editText(loaded.text, loaded.layout, loaded.data, after);
  } catch (error) {
    throw error instanceof UneditableError ? failed(error.message, 'nothing was written') : error;
  }
}

/** Whose a new file at this path is to be. */
export function ownerOf(path: string): { uid: number; gid: number } {
  const found = lstat(path) ?? lstatSync(dirname(path));
  return { uid: found.uid, gid: found.gid };
}

function identity({ rule, path, message }: Problem): string {
  return `${rule} ${path.join('\0')} ${message}`;
}

function dataOf(state: StateFile): JsonObject {
  return state as unknown as JsonObject;
}
