import { alreadyThere, notThere, usageError } from '../errors.ts';
import type { StateFile } from '../generated/state-types.ts';
import { whyNotGroupName } from '../state/read/groups.ts';
import { quoted } from '../state/schema-words.ts';
import { nearestAddress } from '../state/unknown-key.ts';
import { addressArgument, addressKey, missing, normalAddress } from './names.ts';
import { targetsOf, withoutGroupTargets, type Cleaned } from './references.ts';
import { sectionOf, withEntry, withoutEntries } from './sections.ts';

export function addGroup(state: StateFile, name: string, members: readonly string[]): StateFile {
  const wrong = whyNotGroupName(name);
  if (wrong !== undefined) throw usageError(`${quoted(name)} is no group name: it ${wrong}`);
  const key = groupKey(state, name);
  if (key !== undefined) throw alreadyThere(`the group ${key} is already there`);
  return withEntry(state, 'groups', name, {
    members: [...new Set(members.map((text) => memberArgument(state, text)))],
  });
}

/** Removes a group, and takes it out of the aliases that go to it. */
export function removeGroup(state: StateFile, name: string): Cleaned {
  const key = requireGroupKey(state, name);
  const { state: cleaned, effects } = withoutGroupTargets(state, key);
  return { state: withoutEntries(cleaned, 'groups', [key]), effects };
}

export function addMembers(state: StateFile, name: string, users: readonly string[]): StateFile {
  const key = requireGroupKey(state, name);
  const present = membersOf(state, key);
  const known = new Set(present.map(normalAddress));
  const fresh = [...new Set(users.map((text) => memberArgument(state, text)))].filter((user) => !known.has(user));
  if (fresh.length === 0) throw alreadyThere(`${users.join(', ')} is already in the group ${key}`);
  return withEntry(state, 'groups', key, { members: [...present, ...fresh] });
}

export function removeMembers(state: StateFile, name: string, users: readonly string[]): StateFile {
  const key = requireGroupKey(state, name);
  const gone = new Set(users.map((text) => addressArgument(text, state)));
  const present = membersOf(state, key);
  const absent = [...gone].filter((user) => !present.some((member) => normalAddress(member) === user));
  if (absent.length > 0) {
    const near = nearestAddress(absent[0] ?? '', present);
    const there = present.length === 0 ? 'it has no members' : `there is: ${present.join(', ')}`;
    const hint = near === undefined ? there : `did you mean ${near}?`;
    throw notThere(`${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} not in the group ${key}`, hint);
  }
  return withEntry(state, 'groups', key, { members: present.filter((member) => !gone.has(normalAddress(member))) });
}

/** The key of a group that must exist. */
export function requireGroupKey(state: StateFile, name: string): string {
  return groupKey(state, name) ?? missing('group', name, state, 'groups', `eboxmail group add ${name}`);
}

export function membersOf(state: StateFile, key: string): readonly string[] {
  return sectionOf(state, 'groups')[key]?.members ?? [];
}

/** Addresses of the aliases that go to a group. */
export function aliasesOfGroup(state: StateFile, key: string): readonly string[] {
  return Object.entries(sectionOf(state, 'aliases'))
    .filter(([, value]) => targetsOf(value).some((target) => target.toLowerCase() === key.toLowerCase()))
    .map(([address]) => address);
}

function groupKey(state: StateFile, name: string): string | undefined {
  return Object.keys(sectionOf(state, 'groups')).find((key) => key.toLowerCase() === name.toLowerCase());
}

/** Members are users, with or without a mail account; an alias is none. */
function memberArgument(state: StateFile, text: string): string {
  const address = addressArgument(text, state);
  const alias = addressKey(state, 'aliases', address);
  if (alias !== undefined) throw usageError(`${alias} is an alias`, 'members of groups are users');
  if (addressKey(state, 'users', address) === undefined) {
    missing('user', address, state, 'users', `eboxmail user add ${address}`);
  }
  return address;
}
