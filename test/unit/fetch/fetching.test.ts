import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fetchName } from '../../../src/core/fetch/fetching.ts';
import { isLoopback, parseServer } from '../../../src/core/fetch/remote-server.ts';
import type { FetchEntry } from '../../../src/core/model.ts';
import { whyNotOutside } from '../../../src/system/outside.ts';

const entry = (given: Partial<FetchEntry>): FetchEntry => ({
  address: 'a@isp.example',
  server: 'pop.isp.example',
  protocol: 'pop3',
  port: 110,
  username: 'a@isp.example',
  password: { file: 'secrets/a' },
  keep: false,
  insecure: false,
  path: [],
  ...given,
});

describe('a server elsewhere', () => {
  it.each([
    ['pop.isp.example', 'pop.isp.example'],
    ['POP.ISP.example', 'pop.isp.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['localhost', 'localhost'],
    ['192.0.2.1', '192.0.2.1'],
    ['[2001:DB8::1]', '2001:db8::1'],
    ['[::ffff:192.0.2.1]', '::ffff:192.0.2.1'],
  ])('%s is %s', (text, server) => expect(parseServer(text)).toEqual({ ok: true, value: server }));

  it.each([
    '',
    '256.1.1.1',
    '1.2.3',
    '1234',
    '2001:db8::1',
    '[pop.example]',
    '[1::2::3]',
    '[::1',
    '-a',
    'a..b',
    'a b',
    'a"b',
  ])('is not %j', (text) => expect(parseServer(text).ok).toBe(false));

  it.each([
    ['localhost', true],
    ['127.0.0.9', true],
    ['::1', true],
    ['128.0.0.1', false],
    ['127.isp.example', false],
  ])('%s is this machine: %s', (server, own) => expect(isLoopback(server)).toBe(own));
});

describe('the names of files', () => {
  it('tell the mailbox elsewhere, not who gets its mail or by which port', () => {
    const name = fetchName(entry({}));
    expect(name).toBe('pop3_pop.isp.example_a@isp.example');
    expect(fetchName(entry({ protocol: 'pop3s', port: 995, address: 'other@isp.example' }))).toBe(name);
    expect(fetchName(entry({ protocol: 'imap' }))).not.toBe(name);
  });

  it('are plain, and differ where the mailboxes do', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [a, b] = [fetchName(entry({ username: one })), fetchName(entry({ username: other }))];
        expect(a).toMatch(/^pop3_pop\.isp\.example_[A-Za-z0-9.@+=-]+$/);
        expect(a === b).toBe(one === other);
      }),
    );
  });
});

describe('an address that users may have asked', () => {
  it.each(['93.184.216.34', '2606:2800:220:1::1'])('%s', (address) => expect(whyNotOutside(address)).toBeUndefined());
  it.each([
    ...['0.0.0.0', '10.1.2.3', '127.0.0.1', '127.9.9.9', '169.254.169.254', '172.31.0.1', '192.168.1.1', '100.64.0.1'],
    ...['224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:93.184.216.34', 'fe80::1', 'fd00::1'],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', 'ff02::1'],
  ])('is not %s', (address) => expect(whyNotOutside(address)).toMatch(/is no address on the Internet/));
});
