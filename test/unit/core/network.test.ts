import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areTooWide,
  bySpecificity,
  formatNetwork,
  isLoopbackIp,
  isTooWide,
  parseNetwork,
  type Network,
} from '../../../src/core/network.ts';

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.why}`);
  return parsed.value;
}

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().filter((text) => !/^(?:0*:)*:?ffff:|\./i.test(text));

describe('networks', () => {
  it.each([
    ['192.0.2.10', '192.0.2.10'],
    ['192.0.2.10/32', '192.0.2.10'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:0/80', '2001:db8:0:0:1::/80'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::/0', '::/0'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['10:0:0:100::/64', '10:0:0:100::/64'],
    ['::192.0.2.1', '::c000:201'],
    ['64:ff9b::192.0.2.0/120', '64:ff9b::c000:200/120'],
  ])('%s is %s', (text, expected) => expect(formatNetwork(network(text))).toBe(expected));

  it('survive being written and read again', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (text) => {
        const once = network(text);
        expect(network(formatNetwork(once))).toEqual(once);
      }),
    );
  });

  it('hold the addresses that Node.js says, and name the network that was meant', () => {
    fc.assert(
      fc.property(ipv4, ipv4, fc.integer({ min: 0, max: 32 }), (base, address, prefix) => {
        const written = parseNetwork(`${base}/${prefix}`);
        const { first, prefix: bits } = network(written.meant ?? `${base}/${prefix}`);
        const list = new BlockList();
        list.addSubnet(base, prefix, 'ipv4');
        const inside = (network(address).first ^ first) >> BigInt(32 - bits) === 0n;
        expect(inside).toBe(list.check(address, 'ipv4'));
      }),
    );
  });

  it('stand with the most specific first', () => {
    const given = [
      '0.0.0.0/0',
      '::/0',
      '10.0.0.0/8',
      '10.0.0.9',
      '10.0.0.0/24',
      '2001:db8::/32',
      '2001:db8::1',
      '10.0.0.1',
    ];
    expect(given.map(network).sort(bySpecificity).map(formatNetwork)).toEqual([
      ...['10.0.0.1', '10.0.0.9', '10.0.0.0/24', '10.0.0.0/8', '0.0.0.0/0'],
      ...['2001:db8::1', '2001:db8::/32', '::/0'],
    ]);
  });

  it.each([
    ['0.0.0.0/0', true],
    ['10.0.0.0/7', true],
    ['8.0.0.0/8', true],
    ['240.0.0.0/4', true],
    ['10.0.0.0/8', false],
    ['127.0.0.0/8', false],
    ['8.0.0.0/9', false],
    ['::/0', true],
    ['2001::/16', true],
    ['fd00::/16', false],
    ['2001:db8::/32', false],
  ])('%s alone is too wide: %s', (text, expected) => expect(isTooWide(network(text))).toBe(expected));

  it.each([
    ['9.0.0.0/9 9.128.0.0/9', true],
    ['9.0.0.0/9 200.0.0.0/9', true],
    ['9.0.0.0/9 9.0.0.0/9 9.0.0.0/16 9.1.0.0/16', false],
    ['10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.0/8 100.64.0.0/10 9.0.0.0/10', false],
    ['2a00::/17 2a00:8000::/17', true],
    ['2a00::/17 9.0.0.0/9', false],
    [Array.from({ length: 256 }, (_, n) => `${n < 128 ? 11 : 12}.${n}.0.0/16`).join(' '), true],
  ])('%s together are too wide: %s', (texts, expected) => {
    expect(areTooWide(texts.split(' ').map(network))).toBe(expected);
  });

  it('knows what this machine itself is', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1'].map(isLoopbackIp)).toEqual([true, true, true, true]);
    expect(['128.0.0.1', '::', '::2', '0.0.0.0', 'localhost', ''].map(isLoopbackIp)).toEqual(
      Array.from({ length: 6 }, () => false),
    );
  });
});
