import { formatAddress, type Parsed } from '../address.ts';
import { isCopyDomain } from '../copies.ts';
import type { Domain, MailModel } from '../model.ts';
import { localDomains } from '../recipients.ts';
import { parseEnvelopeAddress, writtenEnvelope } from './envelope-address.ts';
import type { MailService, Step } from './explanation.ts';

/** An address taken apart as Postfix does it. */
export interface NamedAddress {
  /** As it is compared. */
  readonly address: string;
  /** What is looked up: without the detail of a plus-address, in the main domain where there is one. */
  readonly base: string;
  /** The local part of `base`. */
  readonly local: string;
  readonly domain: string;
  readonly detail: string | undefined;
  /** Whether it names a way (user%domain, domain!user, user@domain): Postfix takes such from nobody who is not known. */
  readonly routed: boolean;
  readonly place: Place;
}

/** Whose address it is. */
export type Place =
  /** A domain of the state, itself or by one of its aliases. */
  | { readonly kind: 'managed'; readonly domain: Domain }
  /** The machine's own name, or one of its addresses in brackets: then only what local(8) knows is there. */
  | { readonly kind: 'local'; readonly literal: boolean }
  /** No full domain name, or none at all. */
  | { readonly kind: 'unqualified' }
  /** The internal domain of copies. */
  | { readonly kind: 'reserved' }
  | { readonly kind: 'foreign' };

/**
 * Reads an address that somebody asks about. Case counts only before the "@" of foreign ones, and in details.
 * @param as the one bare name that must be known everywhere (RFC 5321 section 4.5.1) is that of a recipient
 */
export function nameAddress(
  text: string,
  service: Pick<MailService, 'model' | 'machine'>,
  as: 'recipient' | 'sender' = 'recipient',
): Parsed<NamedAddress> {
  const parsed = parseEnvelopeAddress(text);
  if (!parsed.ok) return parsed;
  const { model } = service;
  const { local: whole } = parsed.value;
  const bare = as === 'recipient' && whole.toLowerCase() === 'postmaster' ? model.mailname : '';
  const domain = parsed.value.domain ?? bare;
  const place = placeOf(domain, service);
  // Postfix takes its own name off and reads again what is left.
  if (place.kind === 'local' && whole.includes('@')) return nameAddress(rewritten(whole), service);
  const ours = place.kind === 'managed' || place.kind === 'local';
  const plus = ours ? whole.indexOf('+') : -1;
  const [name, detail] = plus > 0 ? [whole.slice(0, plus), whole.slice(plus + 1)] : [whole, undefined];
  const local = ours ? name.toLowerCase() : name;
  const value: NamedAddress = {
    address:
      domain === '' ? local : writtenEnvelope({ local: detail === undefined ? local : `${local}+${detail}`, domain }),
    base: formatAddress({ local, domain: mainDomain(domain, place, model) }),
    local,
    domain,
    detail,
    routed: /[%!@]/.test(whole),
    place,
  };
  return { ok: true, value };
}

/** What stands before the "@" of a name of the machine, with quotes where it needs them. */
function rewritten(whole: string): string {
  const at = whole.lastIndexOf('@');
  return writtenEnvelope({ local: whole.slice(0, at), domain: whole.slice(at + 1) });
}

function mainDomain(domain: string, place: Place, { mailname }: MailModel): string {
  if (place.kind === 'managed') return place.domain.name;
  return place.kind === 'local' && place.literal ? mailname : domain;
}

function placeOf(name: string, { model, machine }: Pick<MailService, 'model' | 'machine'>): Place {
  if (name.startsWith('[')) {
    const own = machine.addresses.has(name.slice(1, -1).replace(/^ipv6:/, ''));
    return own ? { kind: 'local', literal: true } : { kind: 'foreign' };
  }
  if (!name.includes('.')) return { kind: 'unqualified' };
  if (isCopyDomain(name)) return { kind: 'reserved' };
  const domain =
    model.domains.get(name) ??
    [...model.domains.values()].find(({ aliases }) => aliases.some((alias) => alias.name === name));
  if (domain !== undefined) return { kind: 'managed', domain };
  return isLocalDomain(name, model) ? { kind: 'local', literal: false } : { kind: 'foreign' };
}

export function isLocalDomain(domain: string, model: Pick<MailModel, 'mailname'>): boolean {
  return localDomains(model).includes(domain);
}

/** Puts the detail of a plus-address into another one, as Postfix does with what an alias leads to. */
export function withDetail(address: string, detail: string | undefined): string {
  if (detail === undefined) return address;
  const at = address.lastIndexOf('@');
  return `${address.slice(0, at)}+${detail}${address.slice(at)}`;
}

/** How an address came to be read as it is: its case, the domain of which its domain is an alias, the detail. */
export function namingSteps(given: string, named: NamedAddress): readonly Step[] {
  const { address, base, domain, detail, place } = named;
  const steps: Step[] = [];
  if (given !== address) steps.push({ kind: 'address', depth: 0, text: `${given} is the same as ${address}`, address });
  if (place.kind === 'managed' && place.domain.name !== domain) {
    const { name, key, aliases } = place.domain;
    const position = aliases.findIndex((alias) => alias.name === domain);
    const path = ['domains', key, 'aliases', position];
    const text = `${domain} is a domain alias of ${name}`;
    steps.push({ kind: 'domain-alias', depth: 0, text, address: withDetail(base, detail), path });
  }
  if (detail !== undefined) {
    steps.push({
      kind: 'detail',
      depth: 0,
      text: `"+${detail}" is a detail: the address is looked up as ${base}`,
      address: base,
    });
  }
  return steps;
}
