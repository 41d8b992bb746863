import { nameCharacter, type Parsed } from './address.ts';

/** An IP address or a network in CIDR form (RFC 4632, RFC 4291 section 2.3). */
export interface Network {
  readonly family: 4 | 6;
  /** The first address as a number. */
  readonly first: bigint;
  /** How many bits all addresses of the network share; 32 or 128 for one address. */
  readonly prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/** Why a text is no network, in words that complete "… is no network: it ", and what was perhaps meant. */
export type ParsedNetwork = Parsed<Network> & { readonly meant?: string };

/**
 * Reads a network. Bits behind the prefix are an error, as Postfix would warn of such a line and skip it (cidr_table(5)),
 * and so is IPv4 written as IPv6: Postfix knows such a client by its IPv4 address.
 */
export function parseNetwork(text: string): ParsedNetwork {
  const [address = '', length, ...rest] = text.split('/');
  if (rest.length > 0) return no('has more than one "/"');
  const family = address.includes(':') ? 6 : 4;
  const first = parseIp(address);
  if (first === undefined) return no(whyNotIp(address));
  if (length !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(length))
    return no('has no number of bits behind the "/"');
  const prefix = length === undefined ? BITS[family] : Number(length);
  if (prefix > BITS[family]) return no(`has more than ${BITS[family]} bits behind the "/"`);
  const network = { family, first: masked(first, prefix, BITS[family]), prefix } as const;
  if (family === 6 && prefix >= 96 && first >> 32n === 0xffffn) {
    const mapped = { family: 4, first: network.first & 0xffff_ffffn, prefix: prefix - 96 } as const;
    return { ...no('is IPv4 written as IPv6'), meant: formatNetwork(mapped) };
  }
  if (network.first === first) return { ok: true, value: network };
  return {
    ...no(`is an address inside of a network: bits are set behind the first ${prefix}`),
    meant: formatNetwork(network),
  };
}

/** As it stands in Postfix's tables: a single address without a length, IPv6 in its shortest form (RFC 5952). */
export function formatNetwork(network: Network): string {
  const address = firstAddressOf(network);
  return network.prefix === BITS[network.family] ? address : `${address}/${network.prefix}`;
}

/** The first address of a network. */
export function firstAddressOf({ family, first }: Network): string {
  return family === 4 ? formatIpv4(first) : formatIpv6(first);
}

/** Whether an address, as a number, is in a network of its family. */
export function covers({ family, first, prefix }: Network, ip: bigint): boolean {
  const behind = BigInt(BITS[family] - prefix);
  return first >> behind === ip >> behind;
}

/** Most specific first, then in the order of addresses: the first row of a cidr table that matches wins. */
export function bySpecificity(a: Network, b: Network): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.prefix !== b.prefix) return b.prefix - a.prefix;
  return a.first < b.first ? -1 : a.first > b.first ? 1 : 0;
}

/** An address as a number; undefined when it is none. */
export function parseIp(text: string): bigint | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Whether a text is an address of the machine itself (RFC 6890): 127.0.0.0/8 or ::1. */
export function isLoopbackIp(text: string): boolean {
  const value = parseIp(text);
  if (value === undefined) return false;
  return text.includes(':') ? value === 1n : value >> 24n === 127n;
}

/** Networks that nobody is reached in from elsewhere: private, of the machine itself, of the link (RFC 1918, 4193, 6598, 6890). */
const PRIVATE = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  ...['::/128', '::1/128', 'fc00::/7', 'fe80::/10'],
].flatMap((text) => {
  const parsed = parseNetwork(text);
  return parsed.ok ? [parsed.value] : [];
});

/** The shortest prefix that a network may have that relays: everything wider is as good as everything. */
const WIDEST = { 4: 8, 6: 16 } as const;

/** How wide a network is for one that may send mail to everywhere. */
export function isTooWide(network: Network): boolean {
  const { family, prefix } = network;
  if (prefix !== WIDEST[family]) return prefix < WIDEST[family];
  return publicSizeOf([network], family) >= tooMany(family);
}

/** Whether networks together let as many public addresses in as one that is too wide. */
export function areTooWide(networks: readonly Network[]): boolean {
  if (networks.length === 0) return false;
  return ([4, 6] as const).some((family) => publicSizeOf(networks, family) >= tooMany(family));
}

function tooMany(family: 4 | 6): bigint {
  return 1n << BigInt(BITS[family] - WIDEST[family]);
}

type Range = readonly [from: bigint, to: bigint];

/** How many different public addresses networks have together. */
function publicSizeOf(networks: readonly Network[], family: 4 | 6): bigint {
  const ranges = (of: readonly Network[]): readonly Range[] =>
    merged(of.filter((network) => network.family === family).map(rangeOf));
  const inside = ranges(networks);
  const hidden = ranges(PRIVATE);
  const size = (from: bigint, to: bigint): bigint => (to > from ? to - from : 0n);
  const overlap = ([a, b]: Range, [c, d]: Range): bigint => size(a > c ? a : c, b < d ? b : d);
  return inside.reduce(
    (sum, range) => sum + size(...range) - hidden.reduce((part, other) => part + overlap(range, other), 0n),
    0n,
  );
}

function rangeOf({ family, first, prefix }: Network): Range {
  return [first, first + (1n << BigInt(BITS[family] - prefix))];
}

function merged(ranges: readonly Range[]): readonly Range[] {
  const result: [bigint, bigint][] = [];
  for (const [from, to] of [...ranges].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    const last = result.at(-1);
    if (last === undefined || from > last[1]) result.push([from, to]);
    else if (to > last[1]) last[1] = to;
  }
  return result;
}

function masked(value: bigint, prefix: number, bits: number): bigint {
  const rest = BigInt(bits - prefix);
  return (value >> rest) << rest;
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  // A leading zero is octal to some programs and decimal to others.
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail !== null) {
    const low = parseIpv4(tail[2] ?? '');
    if (low === undefined) return undefined;
    return parseIpv6(`${tail[1] ?? ''}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], end = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const gap = 8 - head.length - end.length;
  if (halves.length === 1 ? gap !== 0 : gap < 1) return undefined;
  const groups = [...head, ...Array.from({ length: gap }, () => '0'), ...end];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  const text = groups.map((group) => group.toString(16)).join(':');
  const zeros = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)]
    .map(([run]) => run)
    .sort((a, b) => b.length - a.length)[0];
  if (zeros === undefined) return text;
  const at = text.search(new RegExp(`(?<![^:])${zeros}(?![^:])`));
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + zeros.length).replace(/^:/, '')}`;
}

function whyNotIp(text: string): string {
  if (text === '') return 'has no address';
  const bad = /[^0-9a-fA-F.:]/u.exec(text);
  if (bad) return `contains ${nameCharacter(bad[0])}`;
  if (/(?:^|\.)0[0-9]/.test(text)) return 'has a number with a leading zero';
  return text.includes(':') ? 'is no IPv6 address' : 'is no IPv4 address';
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
