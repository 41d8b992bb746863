import type { DomainEntry, StateFile } from '../generated/state-types.ts';
import { normalAddress } from './names.ts';
import { sectionOf } from './sections.ts';

export interface Cleaned {
  readonly state: StateFile;
  /** What else changes, for people: memberships and targets that go, aliases that end nowhere. */
  readonly effects: readonly string[];
}

/** Takes addresses out of everything that refers to them: groups, aliases, catch-alls and postmaster. */
export function withoutAddresses(state: StateFile, addresses: readonly string[]): Cleaned {
  const gone = new Set(addresses);
  const effects: string[] = [];
  const withGroups = withoutMembers(state, gone, effects);
  return withoutTargets(withGroups, gone, effects, () => false);
}

/** Takes a group out of the aliases that go to it. */
export function withoutGroupTargets(state: StateFile, group: string): Cleaned {
  return withoutTargets(state, new Set(), [], (target) => target.toLowerCase() === group.toLowerCase());
}

/** An alias that is left without a target goes too, and so on: `gone` grows by them. */
function withoutTargets(
  state: StateFile,
  gone: Set<string>,
  effects: string[],
  isGoneGroup: (target: string) => boolean,
): Cleaned {
  const aliases: Record<string, string | readonly string[]> = { ...sectionOf(state, 'aliases') };
  for (let again = true; again;) {
    again = false;
    for (const [key, value] of Object.entries(aliases)) {
      const targets = targetsOf(value);
      const left = targets.filter((target) => !gone.has(normalAddress(target)) && !isGoneGroup(target));
      if (left.length === targets.length) continue;
      const address = normalAddress(key);
      if (left.length > 0) {
        aliases[key] = left;
        const lost = targets.filter((target) => !left.includes(target));
        if (!gone.has(address)) effects.push(`alias ${key} loses ${lost.join(', ')}`);
      } else {
        delete aliases[key];
        if (!gone.has(address)) effects.push(`alias ${key} has no target left and is removed`);
        gone.add(address);
        again = true;
      }
    }
  }
  const cleaned = state.aliases ? { ...state, aliases } : state;
  return { state: withoutPostmaster(withoutCatchAlls(cleaned, gone, effects), gone, effects), effects };
}

function withoutMembers(state: StateFile, gone: ReadonlySet<string>, effects: string[]): StateFile {
  if (!state.groups) return state;
  const groups = Object.entries(state.groups).map(([name, group]) => {
    const members = group.members.filter((member) => !gone.has(normalAddress(member)));
    if (members.length === group.members.length) return [name, group] as const;
    effects.push(`group ${name} loses ${group.members.filter((m) => !members.includes(m)).join(', ')}`);
    return [name, { ...group, members }] as const;
  });
  return { ...state, groups: Object.fromEntries(groups) };
}

function withoutCatchAlls(state: StateFile, gone: ReadonlySet<string>, effects: string[]): StateFile {
  if (!state.domains) return state;
  const isGone = (address: string | undefined): boolean => address !== undefined && gone.has(normalAddress(address));
  const domains = Object.entries(state.domains).map(([key, domain]): [string, DomainEntry | null] => {
    if (!domain?.catch_all) return [key, domain];
    const { catch_all: before, ...rest } = domain;
    const { copy_to: copyTo, unknown_to: unknownTo, ...others } = before;
    if (!isGone(copyTo) && !isGone(unknownTo)) return [key, domain];
    if (isGone(copyTo)) effects.push(`mail of the domain ${key} is no longer copied to ${copyTo ?? ''}`);
    if (isGone(unknownTo)) effects.push(`mail for unknown addresses of ${key} is refused`);
    const copies = copyTo === undefined || isGone(copyTo) ? {} : { copy_to: copyTo, ...others };
    const after = { ...copies, ...(unknownTo === undefined || isGone(unknownTo) ? {} : { unknown_to: unknownTo }) };
    return [key, Object.keys(after).length === 0 ? rest : { ...rest, catch_all: after }];
  });
  return { ...state, domains: Object.fromEntries(domains) };
}

function withoutPostmaster(state: StateFile, gone: ReadonlySet<string>, effects: string[]): StateFile {
  const written = state.server?.postmaster;
  if (written === undefined || !gone.has(normalAddress(written))) return state;
  effects.push('mail for postmaster goes to root');
  const { postmaster: _, ...server } = state.server ?? {};
  return { ...state, server };
}

/** The targets of an alias as a list. */
export function targetsOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
