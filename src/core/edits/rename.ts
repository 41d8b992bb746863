import { alreadyExists } from '../errors.ts';
import type { DomainEntry, StateFile, UserEntry } from '../generated/state-types.ts';
import { addressArgument, addressAsWritten, addressKey, normalAddress, requireManagedDomain } from './names.ts';
import { targetsOf } from './references.ts';
import { sectionOf, withEntry, withoutEntries } from './sections.ts';
import { requireUserKey } from './users.ts';

export interface RenamedUser {
  readonly state: StateFile;
  /** Both as they are compared. */
  readonly from: string;
  readonly to: string;
  readonly entry: UserEntry | null;
  /** Whether the old address goes on as an alias of the new one. */
  readonly alias: boolean;
}

/**
 * Gives a user another address: the entry stays what and where it is, and whatever referred to the old address refers to
 * the new one. Without an account nobody could get the alias' mail, so there is none then.
 */
export function renameUser(state: StateFile, oldText: string, newText: string, leaveAlias: boolean): RenamedUser {
  const key = requireUserKey(state, oldText);
  const from = normalAddress(key);
  const to = addressArgument(newText, state);
  const entry = sectionOf(state, 'users')[key] ?? null;
  if (from === to) return { state, from, to, entry, alias: false };
  requireManagedDomain(state, to);
  const clash = addressKey(state, 'users', to);
  if (clash !== undefined) throw alreadyExists(`${clash} is already a user`, 'choose another address');
  const replaced = replacedAlias(state, from, to);
  const written = addressAsWritten(newText, state);
  const users = Object.entries(sectionOf(state, 'users')).map(([name, user]) => [name === key ? written : name, user]);
  const renamed = { ...state, users: Object.fromEntries(users) as NonNullable<StateFile['users']> };
  const cleaned = replaced === undefined ? renamed : withoutEntries(renamed, 'aliases', [replaced]);
  const referring = withAddress(cleaned, from, written);
  const alias = leaveAlias && entry?.account !== false;
  return { state: alias ? withEntry(referring, 'aliases', key, written) : referring, from, to, entry, alias };
}

/** The new address may be an alias of the user already, and of nobody else. */
function replacedAlias(state: StateFile, from: string, to: string): string | undefined {
  const alias = addressKey(state, 'aliases', to);
  if (alias === undefined) return undefined;
  const targets = targetsOf(sectionOf(state, 'aliases')[alias] ?? []);
  if (targets.every((target) => normalAddress(target) === from)) return alias;
  throw alreadyExists(`${alias} is already an alias of ${targets.join(', ')}`, `first: eboxmail alias remove ${alias}`);
}

/** Puts an address in the place of another, wherever the state refers to it. */
function withAddress(state: StateFile, from: string, written: string): StateFile {
  const other = (text: string): string => (normalAddress(text) === from ? written : text);
  return withPostmaster(withCatchAlls(withTargets(withMembers(state, other), other), other), other);
}

type Replace = (address: string) => string;

function withMembers(state: StateFile, other: Replace): StateFile {
  if (!state.groups) return state;
  const groups = Object.entries(state.groups).map(([name, group]) => {
    const members = replacedIn(group.members, other);
    return [name, members === group.members ? group : { ...group, members }] as const;
  });
  return { ...state, groups: Object.fromEntries(groups) };
}

function withTargets(state: StateFile, other: Replace): StateFile {
  if (!state.aliases) return state;
  const aliases = Object.entries(state.aliases).map(([key, value]) => [
    key,
    typeof value === 'string' ? other(value) : replacedIn(value, other),
  ]);
  return { ...state, aliases: Object.fromEntries(aliases) as NonNullable<StateFile['aliases']> };
}

/** The same list when nothing of it changes. The new address may be there already. */
function replacedIn<T extends readonly string[]>(list: T, other: Replace): T | string[] {
  const replaced = list.map(other);
  return replaced.every((item, index) => item === list[index]) ? list : [...new Set(replaced)];
}

function withCatchAlls(state: StateFile, other: Replace): StateFile {
  if (!state.domains) return state;
  const domains = Object.entries(state.domains).map(([key, domain]): [string, DomainEntry | null] => {
    const before = domain?.catch_all;
    if (!before) return [key, domain];
    const { copy_to: copyTo, unknown_to: unknownTo } = before;
    const copies = copyTo === undefined ? {} : { copy_to: other(copyTo) };
    const unknown = unknownTo === undefined ? {} : { unknown_to: other(unknownTo) };
    return [key, { ...domain, catch_all: { ...before, ...copies, ...unknown } }];
  });
  return { ...state, domains: Object.fromEntries(domains) };
}

function withPostmaster(state: StateFile, other: Replace): StateFile {
  const written = state.server?.postmaster;
  if (written === undefined || other(written) === written) return state;
  return { ...state, server: { ...state.server, postmaster: other(written) } };
}
