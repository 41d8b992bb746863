import { formatAddress, parseAnyAddress, type Parsed } from '../address.ts';
import { COPY_DOMAIN } from '../copies.ts';
import type { Domain, MailModel } from '../model.ts';
import { localDomains } from '../recipients.ts';
import type { Step } from './explanation.ts';

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
  readonly place: Place;
}

/** Whose address it is. */
export type Place =
  /** A domain of the state, itself or by one of its aliases. */
  | { readonly kind: 'managed'; readonly domain: Domain }
  /** The machine's own name. */
  | { readonly kind: 'local' }
  /** The internal domain of copies. */
  | { readonly kind: 'reserved' }
  | { readonly kind: 'foreign' };

/** Reads an address that somebody asks about. Case counts only before the "@" of foreign ones, and in details. */
export function nameAddress(text: string, model: MailModel): Parsed<NamedAddress> {
  const parsed = parseAnyAddress(text);
  if (!parsed.ok) return parsed;
  const { domain } = parsed.value;
  const place = placeOf(domain, model);
  const foreign = place.kind === 'foreign' || place.kind === 'reserved';
  const whole = parsed.value.local;
  const plus = foreign ? -1 : whole.indexOf('+');
  const [name, detail] = plus > 0 ? [whole.slice(0, plus), whole.slice(plus + 1)] : [whole, undefined];
  const local = foreign ? name : name.toLowerCase();
  const value: NamedAddress = {
    address: withDetail(formatAddress({ local, domain }), detail),
    base: formatAddress({ local, domain: place.kind === 'managed' ? place.domain.name : domain }),
    local,
    domain,
    detail,
    place,
  };
  return { ok: true, value };
}

function placeOf(name: string, model: MailModel): Place {
  if (name === COPY_DOMAIN || name.endsWith(`.${COPY_DOMAIN}`)) return { kind: 'reserved' };
  const domain =
    model.domains.get(name) ??
    [...model.domains.values()].find(({ aliases }) => aliases.some((alias) => alias.name === name));
  if (domain !== undefined) return { kind: 'managed', domain };
  return isLocalDomain(name, model) ? { kind: 'local' } : { kind: 'foreign' };
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
