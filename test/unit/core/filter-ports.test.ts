import { describe, expect, it } from 'vitest';
import { handsMailTo, returnHosts, whyNoFilterPorts } from '../../../src/core/filter-ports.ts';
import type { CustomFilter } from '../../../src/core/model.ts';

const filter = (given: Partial<CustomFilter> = {}): CustomFilter => ({
  mode: 'custom',
  address: '127.0.0.1',
  port: 10024,
  returnPort: 10025,
  ...given,
});

describe('a Postfix hands its mail to a filter', () => {
  it.each([
    ['content_filter = smtp-amavis:[127.0.0.1]:10024', true],
    ['content_filter=scan:localhost:10024', true],
    ['smtp inet n - y - - smtpd\n  -o content_filter=scan:127.0.0.1:10024', true],
    ['content_filter = scan:[127.0.0.1]:10026', false],
    ['content_filter = scan:[192.0.2.1]:10024', false],
    ['#content_filter = scan:[127.0.0.1]:10024', false],
    ['content_filter =', false],
    ['', false],
  ])('%j: %s', (settings, expected) => expect(handsMailTo(filter(), settings)).toBe(expected));
});

describe('mail comes back', () => {
  it.each([
    ['127.0.0.9', [], ['127.0.0.1']],
    ['::1', ['192.0.2.1'], ['::1']],
    ['192.0.2.9', [], ['0.0.0.0']],
    ['2001:db8::9', [], ['::']],
    ['192.0.2.9', ['192.0.2.1', '2001:db8::1'], ['192.0.2.1']],
    ['2001:db8::9', ['192.0.2.1'], []],
  ])('from %s to a server on %j at %j', (address, listen, hosts) =>
    expect(returnHosts(filter({ address }), { listen })).toEqual(hosts),
  );
});

describe('ports that cannot be', () => {
  it.each([
    [filter(), [], 0, undefined],
    [filter(), [], 55_000, undefined],
    [filter(), [], 55_600, /is no port/],
    [filter({ address: '2001:db8::9' }), ['192.0.2.1'], 0, /does not listen on/],
    [filter({ port: 20_143 }), [], 20_000, /for imap/],
    [filter({ port: 30_025 }), [], 20_000, /comes back/],
    [filter({ address: '192.0.2.1', port: 25 }), ['192.0.2.1'], 0, /for smtp/],
    [filter({ address: '192.0.2.9', port: 25 }), ['192.0.2.1'], 0, undefined],
  ])('%j, listening on %j, shifted by %i: %s', (given, listen, portOffset, expected) => {
    const why = whyNoFilterPorts(given, { listen, portOffset });
    if (expected === undefined) expect(why).toBeUndefined();
    else expect(why).toMatch(expected);
  });
});
