import { nameCharacter, parseDomain, type Address, type Parsed } from '../address.ts';

/**
 * An address as an SMTP client may write it after RCPT TO, which is more than what a mailbox is called: quotes, backslashes,
 * a source route, a final dot, an address literal (RFC 5321 section 4.1.2). Read as Postfix does it, which also takes dots
 * anywhere; quotes and backslashes are gone afterwards. Undefined domain: a bare name.
 */
export interface EnvelopeAddress {
  readonly local: string;
  readonly domain: string | undefined;
}

const no = (why: string): { ok: false; why: string } => ({ ok: false, why });

/** Postfix takes no longer line (line_length_limit); nobody means such an address. */
const LENGTH_MAX = 2000;

export function parseEnvelopeAddress(text: string): Parsed<EnvelopeAddress> {
  if (text.length > LENGTH_MAX) return no(`is longer than ${LENGTH_MAX} characters`);
  const control = /[\p{Cc}\u2028\u2029]/u.exec(text);
  if (control) return no(`contains ${nameCharacter(control[0])}`);
  const trimmed = text.trim().replace(/^(@[A-Za-z0-9.-]+,?)+:/, '');
  const at = separatorOf(trimmed);
  const local = unquoted(at === undefined ? trimmed : trimmed.slice(0, at).trimEnd());
  if (!local.ok) return local;
  if (local.value === '') return no(at === undefined ? 'is empty' : 'has nothing before the "@"');
  // Other programs would take it for an option (postconf(5), allow_min_user).
  if (local.value.startsWith('-')) return no('begins with "-"');
  if (at === undefined) return { ok: true, value: { local: local.value, domain: undefined } };
  const domain = hostOf(trimmed.slice(at + 1).trimStart());
  return domain.ok ? { ok: true, value: { local: local.value, domain: domain.value } } : domain;
}

/** The last "@" that is neither quoted nor escaped. */
function separatorOf(text: string): number | undefined {
  let found: number | undefined;
  let quoted = false;
  for (let position = 0; position < text.length; position++) {
    const character = text[position];
    if (character === '\\') position++;
    else if (character === '"') quoted = !quoted;
    else if (character === '@' && !quoted) found = position;
  }
  return found;
}

const ATOM = /^(?:\\[ -~]|[^\s"\\(),;<>[\]])+/;
const QUOTED = /^"((?:\\[ -~]|[^"\\])*)"/;

/** A local part without its quotes: words between dots, each quoted or not. */
function unquoted(text: string): Parsed<string> {
  const foreign = /[^ -~]/u.exec(text);
  if (foreign) return no(`contains ${nameCharacter(foreign[0])} before the "@"`);
  let rest = text;
  let value = '';
  let last: 'atom' | 'quoted' | undefined;
  while (rest !== '') {
    const quoted = QUOTED.exec(rest);
    const [whole = '', inner] = quoted ?? ATOM.exec(rest) ?? [];
    if (whole === '') return no(`contains ${nameCharacter(rest[0] ?? '')} before the "@", which must be quoted`);
    const joined = value === '' || value.endsWith('.') || whole.startsWith('.');
    if (last !== undefined && !joined) return no('has quotes in the middle of a word before the "@"');
    last = quoted === null ? 'atom' : 'quoted';
    value += (inner ?? whole).replace(/\\(.)/g, '$1');
    rest = rest.slice(whole.length);
  }
  return { ok: true, value };
}

/** A domain as it is compared; an address literal keeps its brackets. */
function hostOf(text: string): Parsed<string> {
  const literal = /^\[(?:IPv6:[0-9a-f:.]+|\d{1,3}(?:\.\d{1,3}){3})\]$/i;
  if (literal.test(text)) return { ok: true, value: text.toLowerCase() };
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  const parsed = parseDomain(name);
  if (parsed.ok) return parsed;
  const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
  const isHost = new RegExp(`^${label}(?:\\.${label})*$`, 'i').test(name) && !/^[\d.]+$/.test(name);
  return isHost && name.length <= 253 ? { ok: true, value: name.toLowerCase() } : no(`has a domain that ${parsed.why}`);
}

/** As it is written to SMTP and to people: quoted where it must be. */
export function writtenEnvelope({ local, domain }: Address): string {
  const plain = /^[^\s"\\(),:;<>@[\]]+$/.test(local);
  return `${plain ? local : `"${local.replace(/["\\]/g, '\\$&')}"`}@${domain}`;
}
