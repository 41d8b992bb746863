import { managedForm } from '../address.ts';
import type { StateFile } from '../generated/state-types.ts';
import { withEntry, type Section } from './sections.ts';

/**
 * Thousands of edits in a row would each copy a section and look through all of it. A batch gives its edits drafts
 * instead: states whose users and aliases nobody else holds, so that entries are put into them, and found by address.
 */
type Drafted = 'users' | 'aliases';

/** Called for each entry that is put into a draft. */
export type OnEntry = (section: Drafted, key: string) => void;

/** Keys by address as it is compared, of the sections that belong to a batch alone. */
const indexes = new WeakMap<object, Map<string, string>>();

const drafts = new WeakMap<StateFile, OnEntry>();

/** The same state for the next edit of a batch. What an earlier draft has become is taken over, anything else copied. */
export function draftOf(state: StateFile, onEntry: OnEntry): StateFile {
  const draft = {
    ...state,
    ...(state.users ? { users: owned(state.users) } : {}),
    ...(state.aliases ? { aliases: owned(state.aliases) } : {}),
  };
  drafts.set(draft, onEntry);
  return draft;
}

function owned<S extends object>(section: S): S {
  if (indexes.has(section)) return section;
  const copy = { ...section };
  indexes.set(copy, new Map(Object.keys(copy).map((key) => [compared(key), key])));
  return copy;
}

/** The state with an entry: new, or in the place of the one with this key. A draft gets it itself. */
export function putEntry<S extends Drafted>(
  state: StateFile,
  section: S,
  key: string,
  value: Section<S>[string],
): StateFile {
  const onEntry = drafts.get(state);
  const entries: Record<string, unknown> | null | undefined = state[section];
  const index = entries ? indexes.get(entries) : undefined;
  if (onEntry === undefined || !entries || index === undefined) return withEntry(state, section, key, value);
  entries[key] = value;
  index.set(compared(key), key);
  onEntry(section, key);
  return { ...state };
}

/** The key of an address in a section of a batch; undefined for any other section. */
export function draftKey(section: object, address: string): { readonly key: string | undefined } | undefined {
  const index = indexes.get(section);
  return index === undefined ? undefined : { key: index.get(address) };
}

function compared(key: string): string {
  return managedForm(key) ?? key;
}
