import { formatAddress, parseDomain, parseManagedAddress } from '../address.ts';
import { notThere, usageError } from '../errors.ts';
import type { StateFile } from '../generated/state-types.ts';
import { quoted } from '../state/schema-words.ts';
import { nearest, nearestAddress } from '../state/unknown-key.ts';
import { draftKey } from './draft.ts';
import { sectionOf, type SectionName } from './sections.ts';

/** Names that come from a command line: checked, and found again in the state however they are written there. */

/** A domain as it is compared. @throws usage error when it is none */
export function domainArgument(text: string): string {
  const parsed = parseDomain(text);
  if (!parsed.ok) throw usageError(`${quoted(text)} is no mail domain: it ${parsed.why}`);
  return parsed.value;
}

/** An address managed here as it is compared; a bare name gets the domain of the default user template. */
export function addressArgument(text: string, state: StateFile): string {
  const full = text.includes('@') ? text : `${text}@${defaultDomain(text, state)}`;
  const parsed = parseManagedAddress(full);
  if (!parsed.ok) throw usageError(`${quoted(text)} is no address that can be managed here: it ${parsed.why}`);
  return formatAddress(parsed.value);
}

/** An address that has passed addressArgument, as a new one is written in the state: IDN domains stay readable. */
export function addressAsWritten(text: string, state: StateFile): string {
  return (text.includes('@') ? text : `${text}@${defaultDomain(text, state)}`).toLowerCase();
}

function defaultDomain(text: string, state: StateFile): string {
  const domain = state.defaults?.user?.domain;
  if (domain !== undefined) return domain;
  const hint = 'write the full address, or set defaults: {user: {domain: example.com}} in the state';
  throw usageError(`${quoted(text)} has no domain, and there is no default one`, hint);
}

/** The key under which a domain stands, as the user wrote it. */
export function domainKey(state: StateFile, domain: string): string | undefined {
  const domains = sectionOf(state, 'domains');
  if (Object.hasOwn(domains, domain)) return domain;
  return Object.keys(domains).find((key) => {
    const parsed = parseDomain(key);
    return parsed.ok && parsed.value === domain;
  });
}

/** The key under which an address stands. */
export function addressKey(state: StateFile, section: 'users' | 'aliases', address: string): string | undefined {
  const map = sectionOf(state, section);
  if (Object.hasOwn(map, address)) return address;
  const inDraft = draftKey(map, address);
  if (inDraft !== undefined) return inDraft.key;
  // An A-label may be written as a U-label; otherwise only case can differ, which is quick to see.
  const same = address.includes('xn--')
    ? (key: string) => normalAddress(key) === address
    : (key: string) => key.length === address.length && key.toLowerCase() === address;
  return Object.keys(map).find(same);
}

/** An address of the state as it is compared; what is none stays as it is. */
export function normalAddress(text: string): string {
  const parsed = parseManagedAddress(text);
  return parsed.ok ? formatAddress(parsed.value) : text;
}

/** The domain of which this one is an alias, by its key. */
export function aliasOwner(state: StateFile, domain: string): string | undefined {
  return Object.entries(sectionOf(state, 'domains')).find(([, value]) =>
    (value?.aliases ?? []).some((alias) => sameDomain(alias, domain)),
  )?.[0];
}

export function sameDomain(written: string, domain: string): boolean {
  const parsed = parseDomain(written);
  return parsed.ok && parsed.value === domain;
}

/** @throws not found, with the nearest name that is there */
export function missing(noun: string, name: string, state: StateFile, section: SectionName, add: string): never {
  const known = Object.keys(sectionOf(state, section));
  const near = name.includes('@') ? nearestAddress(name, known) : nearest(name, known);
  const hint =
    near === undefined ? (otherKind(name, state, section) ?? `add it with: ${add}`) : `did you mean ${near}?`;
  throw notThere(`there is no ${noun} ${name}`, hint);
}

/** What an address is that is looked for among the users or among the aliases, and is there as the other. */
function otherKind(name: string, state: StateFile, section: SectionName): string | undefined {
  if (section !== 'users' && section !== 'aliases') return undefined;
  const other = section === 'users' ? 'aliases' : 'users';
  if (addressKey(state, other, name) === undefined) return undefined;
  return `${name} is ${other === 'users' ? 'a user' : 'an alias'}; what happens to its mail: eboxmail explain ${name}`;
}

/** @throws not found, when an address' domain is not managed here */
export function requireManagedDomain(state: StateFile, address: string): void {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  if (domainKey(state, domain) !== undefined) return;
  const owner = aliasOwner(state, domain);
  if (owner !== undefined) {
    const local = address.slice(0, address.lastIndexOf('@'));
    throw usageError(
      `${domain} is a domain alias of ${owner}`,
      `write ${local}@${owner}; it then works in ${domain} too`,
    );
  }
  missing('domain', domain, state, 'domains', `eboxmail domain add ${domain}`);
}
