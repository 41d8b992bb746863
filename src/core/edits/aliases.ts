import { formatAddress, parseAnyAddress } from '../address.ts';
import { alreadyExists, alreadyThere, EboxmailError, EXIT, notFound, notThere, usageError } from '../errors.ts';
import type { StateFile } from '../generated/state-types.ts';
import { ROLE_LOCAL_PARTS } from '../directory.ts';
import { modelOf } from '../state/model-of.ts';
import { quoted } from '../state/schema-words.ts';
import { nearest } from '../state/unknown-key.ts';
import {
  addressArgument,
  addressAsWritten,
  addressKey,
  aliasOwner,
  domainKey,
  missing,
  requireManagedDomain,
} from './names.ts';
import { consequencesOf } from './consequences.ts';
import { putEntry } from './draft.ts';
import { targetsOf, withoutAddresses } from './references.ts';
import { sectionOf, withEntry, withoutEntries } from './sections.ts';

/** Adds an alias, or further targets to one. */
export function addAlias(state: StateFile, text: string, targets: readonly string[]): StateFile {
  const address = addressArgument(text, state);
  requireManagedDomain(state, address);
  const user = addressKey(state, 'users', address);
  if (user !== undefined) throw alreadyExists(`${user} is already a user`, 'an address is either a user or an alias');
  const key = addressKey(state, 'aliases', address);
  const present = key === undefined ? [] : targetsOf(sectionOf(state, 'aliases')[key] ?? []);
  const wanted = targets.map((target) => targetArgument(state, target));
  const fresh = [...new Set(wanted)].filter((target) => !present.some((old) => sameTarget(old, target)));
  if (fresh.length === 0) throw alreadyThere(`the alias ${key ?? address} already goes to ${targets.join(', ')}`);
  const all = [...present, ...fresh];
  return putEntry(state, 'aliases', key ?? addressAsWritten(text, state), all.length === 1 ? (all[0] ?? '') : all);
}

/**
 * Removes an alias, or some of its targets; removing the last target removes the alias.
 * @param ifExists targets that are not there are no error as long as one is
 */
export function removeAlias(state: StateFile, text: string, targets: readonly string[], ifExists = false): StateFile {
  const key = requireAliasKey(state, text);
  const present = targetsOf(sectionOf(state, 'aliases')[key] ?? []);
  const absent = targets.filter((target) => !present.some((old) => sameTarget(old, target)));
  if (absent.length > 0 && !(ifExists && absent.length < targets.length)) {
    const verb = absent.length === 1 ? 'is no target' : 'are no targets';
    throw notThere(`${absent.join(', ')} ${verb} of the alias ${key}`, `there is: ${present.join(', ')}`);
  }
  const left = targetsLeft(present, targets);
  if (left.length > 0) return withEntry(state, 'aliases', key, left);
  return withoutEntries(withoutAddresses(state, [addressArgument(text, state)]).state, 'aliases', [key]);
}

/** What of an alias stays without these targets; none named means all. */
function targetsLeft(present: readonly string[], targets: readonly string[]): readonly string[] {
  return targets.length === 0 ? [] : present.filter((old) => !targets.some((target) => sameTarget(old, target)));
}

/** What else changes when an alias or some of its targets go: aliases that point to it, and what leads to nobody then. */
export function aliasRemovalEffects(state: StateFile, text: string, targets: readonly string[]): readonly string[] {
  const present = targetsOf(sectionOf(state, 'aliases')[requireAliasKey(state, text)] ?? []);
  const left = targetsLeft(present, targets);
  if (left.length === present.length) return [];
  const goes = left.length === 0;
  const effects = goes ? withoutAddresses(state, [addressArgument(text, state)]).effects : [];
  return [...effects, ...consequencesOf(state, removeAlias(state, text, targets, true))];
}

export function requireAliasKey(state: StateFile, text: string): string {
  const address = addressArgument(text, state);
  return (
    addressKey(state, 'aliases', address) ??
    missing('alias', address, state, 'aliases', `eboxmail alias add ${address} TARGET`)
  );
}

/** A target from a command line, as it is written in the state: it must lead somewhere now. */
export function targetArgument(state: StateFile, text: string): string {
  if (!text.includes('@')) return groupArgument(state, text);
  const parsed = parseAnyAddress(text);
  if (!parsed.ok) throw usageError(`${quoted(text)} is no address: it ${parsed.why}`);
  const { domain } = parsed.value;
  if (domainKey(state, domain) === undefined && aliasOwner(state, domain) === undefined)
    return formatAddress(parsed.value);
  const address = addressArgument(text, state);
  requireManagedDomain(state, address);
  const user = addressKey(state, 'users', address);
  if (isRole(address) && user === undefined) return addressAsWritten(text, state);
  if (user === undefined && addressKey(state, 'aliases', address) === undefined) {
    missing('user', address, state, 'users', `eboxmail user add ${address}`);
  }
  if (user !== undefined && sectionOf(state, 'users')[user]?.account === false) {
    throw new EboxmailError(
      EXIT.notFound,
      `${user} has no mail account`,
      `give it one: eboxmail user set ${user} --account`,
    );
  }
  return addressAsWritten(text, state);
}

/** Whether every domain has this address without its being written. */
function isRole(address: string): boolean {
  return ROLE_LOCAL_PARTS.includes(address.slice(0, address.lastIndexOf('@')));
}

/** A group alias needs one member with an account (manual: "at least, one user of the group has an email account"). */
function groupArgument(state: StateFile, text: string): string {
  const name = text.toLowerCase();
  const groups = Object.keys(sectionOf(state, 'groups'));
  if (!groups.some((key) => key.toLowerCase() === name)) {
    const near = nearest(name, groups);
    const rule = 'a target without "@" is a group; write a full address for a user';
    const hint = near === undefined ? rule : `did you mean ${near}? If not, ${rule}`;
    throw notFound(`there is no group ${quoted(text)}`, hint);
  }
  const { directory } = modelOf(state);
  if (directory.groupAccounts(name).length === 0) {
    const hint = `add one first: eboxmail group member add ${name} ADDRESS`;
    throw new EboxmailError(EXIT.failed, `no member of the group ${text} has a mail account`, hint);
  }
  return name;
}

function sameTarget(a: string, b: string): boolean {
  return comparable(a) === comparable(b);
}

function comparable(target: string): string {
  const parsed = parseAnyAddress(target);
  return parsed.ok ? formatAddress(parsed.value).toLowerCase() : target.toLowerCase();
}
