import { formatAddress, nameCharacter, parseManagedAddress, type Address } from '../../address.ts';
import type { StateFile } from '../../generated/state-types.ts';
import type { Group, User } from '../../model.ts';
import type { DomainIndex } from './domains.ts';
import type { Findings } from './findings.ts';
import { addressHint } from '../unknown-key.ts';

/** Why a text is no name of a group or network object; undefined when it is one. Groups are told from addresses by having no "@". */
export function whyNotGroupName(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.length > 64) return 'is longer than 64 characters';
  const bad = /[^A-Za-z0-9._-]/u.exec(name);
  if (bad) return `contains ${nameCharacter(bad[0])} (letters, digits and . _ - are allowed)`;
  if (!/^[A-Za-z0-9]/.test(name)) return 'does not begin with a letter or digit';
  return undefined;
}

interface Known {
  readonly state: StateFile;
  readonly index: DomainIndex;
  readonly users: ReadonlyMap<string, User>;
}

/** Reads `groups`. Names are compared in lower case; members must be users. */
export function readGroups(known: Known, findings: Findings): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const [key, value] of Object.entries(known.state.groups ?? {})) {
    const name = key.toLowerCase();
    const wrong = whyNotGroupName(key);
    if (wrong !== undefined) {
      findings.error('group-name', ['groups', key], 'key', `"${key}" is no group name: it ${wrong}`);
      continue;
    }
    if (groups.has(name)) {
      findings.error(
        'group-duplicate',
        ['groups', key],
        'key',
        `the group ${name} is there twice`,
        'upper and lower case make no difference in names',
      );
      continue;
    }
    const written = value?.members ?? [];
    groups.set(name, { name, members: readMembers(key, written, known, findings) });
  }
  return groups;
}

function readMembers(group: string, written: readonly string[], known: Known, findings: Findings): readonly string[] {
  const members = new Set<string>();
  written.forEach((member, position) => {
    const path = ['groups', group, 'members', position];
    const parsed = parseManagedAddress(member);
    const address = parsed.ok ? formatAddress(parsed.value) : member;
    if (!known.users.has(address)) {
      const hint = parsed.ok ? memberHint(parsed.value, known) : 'members are written as addresses of users';
      findings.error('member-missing', path, 'value', `there is no user "${member}"`, hint);
    } else if (members.has(address)) {
      findings.error('member-duplicate', path, 'value', `${address} is a member twice`);
    } else {
      members.add(address);
    }
  });
  return [...members];
}

function memberHint(address: Address, { state, index, users }: Known): string {
  const text = formatAddress(address);
  const main = index.aliasOf.get(address.domain);
  if (main !== undefined) return `${address.domain} is a domain alias of ${main}: write ${address.local}@${main}`;
  if (!index.domains.has(address.domain)) return 'members are users of the domains that are managed here';
  const isAlias = Object.keys(state.aliases ?? {}).some((key) => {
    const parsed = parseManagedAddress(key);
    return parsed.ok && formatAddress(parsed.value) === text;
  });
  if (isAlias) return 'it is an alias, and members are users: write the users that it goes to';
  return addressHint(text, [users], `add it with: eboxmail user add ${text} --no-account`);
}
