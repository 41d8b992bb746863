import type { StateFile } from '../generated/state-types.ts';

/** The sections of the state that are maps of named things. */
export type SectionName = 'domains' | 'users' | 'groups' | 'aliases' | 'networks';

export type Section<S extends SectionName> = NonNullable<StateFile[S]>;

export function sectionOf<S extends SectionName>(state: StateFile, name: S): Section<S> {
  return state[name] ?? {};
}

export function withEntry<S extends SectionName>(
  state: StateFile,
  section: S,
  key: string,
  value: Section<S>[string],
): StateFile {
  return { ...state, [section]: { ...sectionOf(state, section), [key]: value } };
}

export function withoutEntries(state: StateFile, section: SectionName, keys: readonly string[]): StateFile {
  if (keys.length === 0) return state;
  const gone = new Set(keys);
  const left = Object.entries(sectionOf(state, section)).filter(([key]) => !gone.has(key));
  return { ...state, [section]: Object.fromEntries(left) };
}
