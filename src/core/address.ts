import { domainToASCII } from 'node:url';

/**
 * Mail addresses and domains: RFC 5321 section 4.1.2 (Mailbox), RFC 1035 section 2.3.1 (labels), RFC 5890 (A-labels).
 * What eboxmail manages is a subset of what the RFCs allow, because the names become directory names, table keys and
 * account lines; addresses elsewhere may be wider.
 */

export interface Address {
  /** As it is compared: lower case for managed addresses; outside addresses keep the case of their local part. */
  readonly local: string;
  /** Lower case, A-labels. */
  readonly domain: string;
}

/** Either the value, or why the text is none: a phrase that completes "… is no domain: it ". */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const no = (why: string): { ok: false; why: string } => ({ ok: false, why });

export const LOCAL_PART_MAX = 64;
export const DOMAIN_MAX = 253;
export const ADDRESS_MAX = 254;

/** Local parts that Postfix itself sends from or gives a meaning to. */
export const RESERVED_LOCAL_PARTS: ReadonlySet<string> = new Set(['mailer-daemon', 'double-bounce']);

/** Thousands of addresses share a few domains. Bounded, and of no effect but speed. */
const parsedDomains = new Map<string, Parsed<string>>();
const REMEMBERED_DOMAINS = 1000;

/** A domain in lower case and A-labels; at least two labels, no address literal, no trailing dot. */
export function parseDomain(text: string): Parsed<string> {
  const known = parsedDomains.get(text);
  if (known !== undefined) return known;
  const parsed = parseNewDomain(text);
  if (parsedDomains.size < REMEMBERED_DOMAINS) parsedDomains.set(text, parsed);
  return parsed;
}

function parseNewDomain(text: string): Parsed<string> {
  if (text === '') return no('is empty');
  const bad = /[^\p{L}\p{M}\p{N}.-]/u.exec(text);
  if (bad) return no(`contains ${nameCharacter(bad[0])}`);

  const ascii = /^[\x00-\x7f]*$/.test(text) ? text.toLowerCase() : domainToASCII(text.normalize('NFC'));
  if (ascii === '') return no('is not a valid internationalised name');
  if (ascii.length > DOMAIN_MAX) return no(`is longer than ${DOMAIN_MAX} characters`);
  const labels = ascii.split('.');
  for (const label of labels) {
    if (label === '') return no('has an empty part (two dots in a row, or a dot at the beginning or end)');
    if (label.length > 63) return no('has a part longer than 63 characters');
    if (label.startsWith('-') || label.endsWith('-')) return no('has a part that begins or ends with "-"');
    if (!/^[a-z0-9-]+$/.test(label)) return no('has a part with a character that domain names do not have');
    if (label.startsWith('xn--') && domainToASCII(label) === '') return no('has a part that is no valid A-label');
  }
  if (/^\d+$/.test(labels.at(-1) ?? '')) return no('looks like an IP address');
  if (labels.length < 2) return no('has no dot: write the full name');
  return ok(ascii);
}

/** What nearly all managed addresses look like: known to be good without the checks that say what is wrong. */
const PLAIN_LOCAL_PART = /^[a-z0-9_][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/;

function plainAddress(text: string): Address | undefined {
  const at = text.indexOf('@');
  if (at < 1 || at > LOCAL_PART_MAX || text.length > ADDRESS_MAX) return undefined;
  const domain = text.slice(at + 1);
  const parsed = parseDomain(domain);
  if (!parsed.ok || parsed.value !== domain) return undefined;
  const local = text.slice(0, at);
  return PLAIN_LOCAL_PART.test(local) && !RESERVED_LOCAL_PARTS.has(local) ? { local, domain } : undefined;
}

/** A managed address: lower case, only letters, digits and `. _ -` before the `@`. */
export function parseManagedAddress(text: string): Parsed<Address> {
  const plain = plainAddress(text);
  if (plain !== undefined) return ok(plain);
  const halves = split(text);
  if (!halves.ok) return halves;
  // ASCII only: the Kelvin sign, for one, becomes a k in lower case.
  const local = halves.value.local.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const wrong = whyNotManagedLocalPart(local);
  if (wrong !== undefined) return no(wrong);
  return finish(local, halves.value.domain);
}

/** A managed address as it is compared; undefined when the text is none. */
export function managedForm(text: string): string | undefined {
  if (plainAddress(text) !== undefined) return text;
  const parsed = parseManagedAddress(text);
  return parsed.ok ? formatAddress(parsed.value) : undefined;
}

/** An address elsewhere: the wider set of characters that survives in Postfix tables and on the wire unquoted. */
export function parseAnyAddress(text: string): Parsed<Address> {
  const halves = split(text);
  if (!halves.ok) return halves;
  const { local } = halves.value;
  if (local.length > LOCAL_PART_MAX) return no(`has more than ${LOCAL_PART_MAX} characters before the "@"`);
  const bad = /[^A-Za-z0-9._+=&'~^?-]/.exec(local);
  if (bad) return no(`contains ${nameCharacter(bad[0])} before the "@"`);
  // Postfix refuses it: other programs would take it for an option (postconf(5), allow_min_user).
  if (local.startsWith('-')) return no('begins with "-"');
  const dots = whyBadDots(local);
  if (dots !== undefined) return no(dots);
  return finish(local, halves.value.domain);
}

export function formatAddress(address: Address): string {
  return `${address.local}@${address.domain}`;
}

/** Why this lower-case text can be no local part of a managed address; undefined when it can. */
export function whyNotManagedLocalPart(local: string): string | undefined {
  if (local === '') return 'has nothing before the "@"';
  if (local.length > LOCAL_PART_MAX) return `has more than ${LOCAL_PART_MAX} characters before the "@"`;
  if (local.includes('+')) return 'contains "+" before the "@", which separates the detail of a plus-address';
  const bad = /[^a-z0-9._-]/u.exec(local);
  if (bad) return `contains ${nameCharacter(bad[0])} before the "@" (letters, digits and . _ - are allowed)`;
  if (local.startsWith('-')) return 'begins with "-"';
  if (RESERVED_LOCAL_PARTS.has(local)) return 'has a local part that is reserved for the mail system itself';
  return whyBadDots(local);
}

function whyBadDots(local: string): string | undefined {
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) {
    return 'has a misplaced dot before the "@"';
  }
  return undefined;
}

function split(text: string): Parsed<Address> {
  if (text.length > ADDRESS_MAX) return no(`is longer than ${ADDRESS_MAX} characters`);
  const at = text.lastIndexOf('@');
  if (at < 0) return no('has no "@"');
  const local = text.slice(0, at);
  if (local === '') return no('has nothing before the "@"');
  if (local.includes('@')) return no('has more than one "@"');
  return ok({ local, domain: text.slice(at + 1) });
}

function finish(local: string, domainText: string): Parsed<Address> {
  const domain = parseDomain(domainText);
  if (!domain.ok) return no(`has a domain that ${domain.why}`);
  if (local.length + 1 + domain.value.length > ADDRESS_MAX) return no(`is longer than ${ADDRESS_MAX} characters`);
  return ok({ local, domain: domain.value });
}

/** A character for a message: visible ones quoted, others by name or code point. */
export function nameCharacter(character: string): string {
  const names: Record<string, string> = {
    ' ': 'a space',
    '\t': 'a tab',
    '\n': 'a line break',
    '\r': 'a carriage return',
    '\0': 'a NUL character',
    '"': 'a double quote',
  };
  const known = names[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  if (/[\p{C}\p{Z}]/u.test(character)) return `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return `"${character}"`;
}
