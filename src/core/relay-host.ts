import { parseDomain, type Parsed } from './address.ts';
import { isLoopbackIp, parseIp } from './network.ts';

/** A server elsewhere that takes our mail. */
export interface RelayHost {
  /** `mx`: its MX records say which servers are meant; `name`: just this one; `ip`: an address. */
  readonly kind: 'mx' | 'name' | 'ip';
  /** Without brackets; names in lower case and A-labels, IPv6 as it was written. */
  readonly name: string;
}

export const DEFAULT_RELAY_PORT = 25;

/** TLS from the first byte, without STARTTLS (RFC 8314). */
export const IMPLICIT_TLS_PORT = 465;

/** `HOST`, `[HOST]`, an IPv4 address, or an IPv6 address in brackets; no port. */
export function parseRelayHost(text: string): Parsed<RelayHost> {
  const bracketed = /^\[(.*)\]$/.exec(text)?.[1];
  const name = bracketed ?? text;
  if (name === '') return { ok: false, why: 'is empty' };
  if (parseIp(name) !== undefined) {
    if (bracketed === undefined && name.includes(':')) return { ok: false, why: 'is an IPv6 address without brackets' };
    return { ok: true, value: { kind: 'ip', name: name.toLowerCase() } };
  }
  // A name without a dot is found by the machine itself.
  const single = !name.includes('.');
  const parsed = parseDomain(single ? `${name}.${PLACEHOLDER}` : name);
  if (!parsed.ok) return parsed;
  const host = single ? parsed.value.slice(0, -PLACEHOLDER.length - 1) : parsed.value;
  return { ok: true, value: { kind: bracketed === undefined ? 'mx' : 'name', name: host } };
}

const PLACEHOLDER = 'invalid';

/** Host and port as they stand together on a command line. */
export function splitRelay(text: string): Parsed<{ readonly host: string; readonly port: number | undefined }> {
  if (text.includes(':') && parseIp(text) !== undefined)
    return { ok: false, why: 'is an IPv6 address without brackets' };
  const [, host = text, port] = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/.exec(text) ?? [];
  const parsed = parseRelayHost(host);
  if (!parsed.ok) return parsed;
  if (port === undefined) return { ok: true, value: { host, port } };
  const number = Number(port);
  if (!/^[0-9]{1,5}$/.test(port) || number < 1 || number > 65535) {
    return { ok: false, why: 'has a port that is no number from 1 to 65535' };
  }
  return { ok: true, value: { host, port: number } };
}

/** As Postfix reads a next hop (transport(5), smtp(8)); logins are looked up by the same text. */
export function nextHop({ kind, name }: RelayHost, port: number): string {
  return kind === 'mx' ? `${name}:${port}` : `[${name}]:${port}`;
}

/** Whether the server is this machine itself, which is all that a sandbox sends mail to. */
export function isLoopback({ kind, name }: RelayHost): boolean {
  return kind === 'ip' ? isLoopbackIp(name) : name === 'localhost';
}
