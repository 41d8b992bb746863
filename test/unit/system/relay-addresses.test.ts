import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relayServers } from '../../../src/system/relay-addresses.ts';

/** MX records by name; a name without any is not there, one with an empty list has none. */
const RECORDS: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  'two.test': [
    [20, 'nowhere.invalid'],
    [10, 'localhost'],
  ],
  'none.test': [],
  'null.test': [[0, '']],
};

let server: Socket;
const dns = new Resolver();

beforeAll(async () => {
  server = createSocket('udp4');
  server.on('message', (query, { port, address }) => server.send(answer(query), port, address));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  dns.setServers([`127.0.0.1:${server.address().port}`]);
});

afterAll(() => void server.close());

/** RFC 1035 section 4; the question is for one name. */
function answer(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const question = query.subarray(12, at + 5);
  const records = RECORDS[labels.join('.').toLowerCase()];
  const answers = (records ?? []).map(([priority, name]) => {
    const words = name.split('.').filter((label) => label !== '');
    const target = Buffer.concat([
      ...words.map((word) => Buffer.from([word.length, ...Buffer.from(word)])),
      Buffer.from([0]),
    ]);
    const head = Buffer.from([0xc0, 12, 0, 15, 0, 1, 0, 0, 0, 60, 0, target.length + 2, 0, priority]);
    return Buffer.concat([head, target]);
  });
  const header = Buffer.from([
    query[0] ?? 0,
    query[1] ?? 0,
    0x81,
    records === undefined ? 0x83 : 0x80,
    0,
    1,
    0,
    answers.length,
    0,
    0,
    0,
    0,
  ]);
  return Buffer.concat([header, question, ...answers]);
}

describe('the servers behind the name of a relay', () => {
  it('are those of its MX records in their order, but for those without an address', async () => {
    const servers = await relayServers({ kind: 'mx', name: 'two.test' }, dns);
    expect(servers.map(({ name }) => name)).toEqual(['localhost']);
    expect(servers[0]?.addresses).toContain('127.0.0.1');
  });

  it('are the name itself where it has none, in brackets, and where there is no DNS', async () => {
    for (const name of ['none.test', 'unknown.test']) {
      await expect(relayServers({ kind: 'mx', name }, dns)).rejects.toThrow(`the name ${name} has no address`);
    }
    for (const [host, resolver] of [
      [{ kind: 'name', name: 'localhost' }, dns],
      [{ kind: 'mx', name: 'localhost' }, undefined],
    ] as const) {
      expect((await relayServers(host, resolver)).map(({ name }) => name)).toEqual(['localhost']);
    }
    expect(await relayServers({ kind: 'ip', name: '::1' }, dns)).toEqual([{ name: '::1', addresses: ['::1'] }]);
  });

  it('are none where the record says so', async () => {
    await expect(relayServers({ kind: 'mx', name: 'null.test' }, dns)).rejects.toThrow('takes no mail');
  });
});
