import { alreadyExists, alreadyThere, EboxmailError, EXIT, notThere } from '../errors.ts';
import type { StateFile } from '../generated/state-types.ts';
import { aliasOwner, domainArgument, domainKey, missing, normalAddress, sameDomain } from './names.ts';
import { sectionOf, withEntry, withoutEntries } from './sections.ts';
import { ROLE_LOCAL_PARTS } from '../directory.ts';
import { consequencesOf } from './consequences.ts';
import { nearest } from '../state/unknown-key.ts';
import { withoutAddresses } from './references.ts';

export function addDomain(state: StateFile, text: string): StateFile {
  const domain = domainArgument(text);
  const key = domainKey(state, domain);
  if (key !== undefined) throw alreadyThere(`the domain ${key} is already there`);
  const owner = aliasOwner(state, domain);
  if (owner !== undefined) {
    throw alreadyExists(
      `${domain} is already an alias of ${owner}`,
      `first: eboxmail domain alias remove ${owner} ${domain}`,
    );
  }
  return withEntry(state, 'domains', text.toLowerCase(), {});
}

/** Keys of the users and aliases that are in a domain. */
export function addressesIn(
  state: StateFile,
  domain: string,
): { users: readonly string[]; aliases: readonly string[] } {
  const inDomain = (key: string): boolean => sameDomain(normalAddress(key).split('@')[1] ?? '', domain);
  return {
    users: Object.keys(sectionOf(state, 'users')).filter(inDomain),
    aliases: Object.keys(sectionOf(state, 'aliases')).filter(inDomain),
  };
}

/** Removes a domain with everything in it; members and targets that go with it are taken out elsewhere. */
export function removeDomain(state: StateFile, text: string): StateFile {
  const domain = domainArgument(text);
  const key = requireDomain(state, domain);
  const { users, aliases } = addressesIn(state, domain);
  const cleaned = withoutAddresses(state, goingWith(domain, users, aliases)).state;
  const rest = withoutEntries(withoutEntries(cleaned, 'users', users), 'aliases', aliases);
  return withoutDefaultDomain(withoutEntries(rest, 'domains', [key]), domain);
}

/** Everything in a domain, and what is in it without being written. */
function goingWith(domain: string, users: readonly string[], aliases: readonly string[]): readonly string[] {
  return [...[...users, ...aliases].map(normalAddress), ...ROLE_LOCAL_PARTS.map((local) => `${local}@${domain}`)];
}

/**
 * What else changes when a domain goes with everything in it: its aliases, groups, aliases in other domains, the default
 * domain, and what leads to nobody then.
 */
export function domainRemovalEffects(state: StateFile, domain: string): readonly string[] {
  const key = requireDomain(state, domain);
  const { users, aliases } = addressesIn(state, domain);
  const template = state.defaults?.user?.domain;
  return [
    ...(sectionOf(state, 'domains')[key]?.aliases ?? []).map((alias) => `the domain alias ${alias} goes`),
    ...withoutAddresses(state, goingWith(domain, users, aliases)).effects,
    ...(template !== undefined && sameDomain(template, domain) ? ['there is no default domain any more'] : []),
    ...consequencesOf(state, removeDomain(state, key)),
  ];
}

function withoutDefaultDomain(state: StateFile, domain: string): StateFile {
  const template = state.defaults?.user;
  if (template?.domain === undefined || !sameDomain(template.domain, domain)) return state;
  const { domain: _, ...rest } = template;
  return { ...state, defaults: { ...state.defaults, user: rest } };
}

export function requireDomain(state: StateFile, domain: string): string {
  return domainKey(state, domain) ?? missing('domain', domain, state, 'domains', `eboxmail domain add ${domain}`);
}

export function addDomainAlias(state: StateFile, text: string, aliasText: string): StateFile {
  const key = requireDomain(state, domainArgument(text));
  const alias = domainArgument(aliasText);
  const owner = aliasOwner(state, alias);
  if (owner === key) throw alreadyThere(`${alias} is already an alias of ${key}`);
  if (owner !== undefined) throw alreadyExists(`${alias} is already an alias of ${owner}`);
  if (domainKey(state, alias) !== undefined) {
    throw new EboxmailError(EXIT.exists, `${alias} is a domain of its own`, `first: eboxmail domain remove ${alias}`);
  }
  const entry = sectionOf(state, 'domains')[key] ?? {};
  return withEntry(state, 'domains', key, { ...entry, aliases: [...(entry.aliases ?? []), aliasText.toLowerCase()] });
}

export function removeDomainAlias(state: StateFile, text: string, aliasText: string): StateFile {
  const key = requireDomain(state, domainArgument(text));
  const alias = domainArgument(aliasText);
  const entry = sectionOf(state, 'domains')[key] ?? {};
  const left = (entry.aliases ?? []).filter((written) => !sameDomain(written, alias));
  if (left.length === (entry.aliases ?? []).length) {
    const present = entry.aliases ?? [];
    const near = nearest(alias, present);
    const there = present.length === 0 ? 'it has none' : `there is: ${present.join(', ')}`;
    throw notThere(`${alias} is no alias of ${key}`, near === undefined ? there : `did you mean ${near}?`);
  }
  const { aliases: _, ...rest } = entry;
  return withEntry(state, 'domains', key, left.length === 0 ? rest : { ...rest, aliases: left });
}
