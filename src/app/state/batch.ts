import { draftOf } from '../../core/edits/draft.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { StatePath } from '../../core/problem.ts';
import { changesBetween } from '../../core/state/edit/changes.ts';
import type { Edited, EditSettings, StateEdit } from './edit-state.ts';

/**
 * Commands that are done as one: each finds the state as the ones before have left it, and all that they do besides waits
 * until the state is written, which happens once.
 */
export class Batch {
  /** The state after the commands that were done. */
  state: StateFile;
  /** The command that is at work. */
  #index = 0;
  readonly #changedBy = new Map<string, number>();
  readonly #beforeWriting: ((before: JsonObject) => void)[] = [];
  readonly #beside: (() => boolean)[] = [];
  readonly #afterwards: (() => void | Promise<void>)[] = [];

  constructor(state: StateFile) {
    this.state = state;
  }

  /** From here on it is this command that changes things. */
  begin(index: number): void {
    this.#index = index;
  }

  async edit(edit: StateEdit, { beforeWriting, beside }: EditSettings): Promise<Edited> {
    let changed = false;
    const note = (path: StatePath): void => {
      changed = true;
      this.#changedBy.set(placeIn(path), this.#index);
    };
    const draft = draftOf(this.state, (section, key) => note([section, key]));
    this.state = draft;
    const after = await edit(draft);
    for (const { path, value } of changesBetween(dataOf(draft), dataOf(after))) noteWhole(path, value, note);
    this.state = after;
    if (beforeWriting !== undefined && changed) this.#beforeWriting.push(beforeWriting);
    if (beside !== undefined) this.#beside.push(beside);
    return { changed: changed || beside !== undefined, warnings: [] };
  }

  /** To be done just before the state is written. */
  first(work: () => void): void {
    this.#beforeWriting.push(work);
  }

  /** To be done when the state is written. */
  later(work: () => void | Promise<void>): void {
    this.#afterwards.push(work);
  }

  /** The command that last changed the entry that a path leads to or through. */
  changerOf(path: StatePath): number | undefined {
    return this.#changedBy.get(placeIn(path)) ?? this.#changedBy.get(placeIn(path.slice(0, 1)));
  }

  readonly beforeWriting = (before: JsonObject): void => {
    for (const work of this.#beforeWriting) work(before);
  };

  readonly beside = (): boolean => this.#beside.map((work) => work()).some(Boolean);

  async afterwards(): Promise<void> {
    for (const work of this.#afterwards) await work();
  }
}

/** A section that is new counts for each of its entries. */
function noteWhole(path: StatePath, value: Json | undefined, note: (path: StatePath) => void): void {
  if (path.length === 1 && value !== null && typeof value === 'object')
    for (const key of Object.keys(value)) note([...path, key]);
  note(path);
}

/** Entries are told apart by section and name, the settings of a section by their first key. */
function placeIn(path: StatePath): string {
  return JSON.stringify(path.slice(0, 2));
}

function dataOf(state: StateFile): JsonObject {
  return state as unknown as JsonObject;
}
