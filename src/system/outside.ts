import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Networks that are no part of the Internet (RFC 6890), so that what answers there may be meant for few. */
const INSIDE: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['::ffff:0:0', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

/** Why a user may not have an address asked: it is this machine's own, or in a network behind it. */
export function whyNotOutside(address: string): string | undefined {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const inside = new BlockList();
  // A list with both kinds takes every IPv4 address for the IPv6 one that stands for it.
  for (const [network, prefix, type] of INSIDE) if (type === family) inside.addSubnet(network, prefix, type);
  if (inside.check(address, family)) return `${address} is no address on the Internet`;
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((one) => one.address));
  return own.includes(address) ? `${address} is this machine itself` : undefined;
}
