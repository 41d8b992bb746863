import { domainToASCII } from 'node:url';
import { parseDomain, type Parsed } from '../address.ts';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * A server as it is connected to: a host name in A-labels (also one without a dot, such as localhost), an IPv4 address,
 * or an IPv6 address, which is written in brackets and given without them.
 */
export function parseServer(text: string): Parsed<string> {
  if (text.startsWith('[')) {
    const inner = text.slice(1, -1).toLowerCase();
    if (text.endsWith(']') && isIpv6(inner)) return { ok: true, value: inner };
    return { ok: false, why: 'has brackets, which are for IPv6 addresses' };
  }
  if (IPV4.test(text)) return { ok: true, value: text };
  if (isIpv6(text)) return { ok: false, why: 'is an IPv6 address without brackets' };
  const name = text.toLowerCase();
  if (LABEL.test(name) && /[a-z]/.test(name)) return { ok: true, value: name };
  return parseDomain(text);
}

/** What URL parsing takes for an IPv6 address (WHATWG URL, "IPv6 parser"). */
function isIpv6(text: string): boolean {
  return /^[0-9a-f:.]+$/i.test(text) && text.includes(':') && domainToASCII(`[${text}]`) !== '';
}

/** A server that is this machine itself, as far as its name tells. */
export function isLoopback(server: string): boolean {
  return server === 'localhost' || server === '::1' || (IPV4.test(server) && server.startsWith('127.'));
}
