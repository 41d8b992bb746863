import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { drain, headerOf, mailOf, outbound, PASSWORD_HASH, send, stranger, tryRecipient } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';
import { connect } from '../support/smtp-client.ts';
import { HAS_IPV6 } from '../support/smtp-sink.ts';

const run = promisify(execFile);

const STATE = `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: {}}
users: {alice@a.test: {password: "${PASSWORD_HASH}"}}
networks:
  office: {members: {lan: 127.0.1.0/24, printer: 127.0.2.9, v6: "2001:db8::/48"}}
  guests: {members: {guest: 127.0.1.66, inner: "2001:db8::/64"}}
  boss: {members: {boss: "2001:db8::1"}}
relay: {networks: {Office: allow, guests: deny, boss: allow}}
`;

const sandbox = useSandbox({ state: STATE });

const OUTSIDE = 'x@far.test';
const ALLOWED = /^250 /;
const REFUSED = /^554 5\.7\.1 .*Relay access denied/;

async function relay(localAddress: string, to = OUTSIDE): Promise<string> {
  const client = await stranger(sandbox(), { localAddress });
  try {
    return await tryRecipient(client, to, 'printer@elsewhere.test');
  } finally {
    await client.quit();
  }
}

describe('relay policy for network objects', () => {
  it.each([
    ['127.0.1.7', ALLOWED],
    ['127.0.1.255', ALLOWED],
    ['127.0.2.9', ALLOWED],
    ['127.0.1.66', REFUSED],
    ['127.0.2.10', REFUSED],
    ['127.0.0.9', REFUSED],
  ])('from %s', async (address, expected) => {
    expect(await relay(address)).toMatch(expected);
    expect(await relay(address, 'alice@a.test')).toMatch(ALLOWED);
    expect(await relay(address, 'nobody@a.test')).toMatch(/^550 5\.1\.1/);
  });

  it('is the same for IPv6, and the most specific wins', async () => {
    const table = `cidr:${sandbox().root}/etc/postfix/eboxmail/relay_clients`;
    const ask = async (ip: string): Promise<string> =>
      run('postmap', ['-c', `${sandbox().root}/etc/postfix`, '-q', ip, table]).then(
        ({ stdout, stderr }) => stdout.trim() + stderr,
        () => 'nothing',
      );
    expect(await Promise.all(['2001:db8::1', '2001:db8::2', '2001:db8:0:1::2', '2001:db9::1'].map(ask))).toEqual([
      'OK',
      'DUNNO',
      'OK',
      'nothing',
    ]);
  });

  it('lets a message through whole, with the headers that a device leaves out', async () => {
    const client = await stranger(sandbox(), { localAddress: '127.0.2.9' });
    const { token } = await send(client, 'printer@elsewhere.test', OUTSIDE);
    await client.quit();
    const [captured] = await outbound(sandbox(), token);
    expect(captured?.to).toBe(OUTSIDE);
    expect(headerOf(captured?.text ?? '', 'Message-ID')).toMatch(/^<.*@mx\.example\.test>$/);
  });

  it('changes with the next apply', async () => {
    expect((await sandbox().ok(['plan'])).stdout).toContain('Nothing to do');
    await sandbox().ok(['network', 'member', 'add', 'office', 'new', '127.0.0.9']);
    const plan = await sandbox().ok(['plan']);
    expect(plan.stdout).toContain('+127.0.0.9 OK');
    expect(plan.stdout).toContain('postfix: reload');
    await sandbox().ok(['relay', 'deny', 'office', '--apply']);
    expect([await relay('127.0.0.9'), await relay('127.0.1.7')].join()).not.toMatch(/^250/);
    await sandbox().ok(['relay', 'allow', 'office', '--apply']);
    expect(await relay('127.0.0.9')).toMatch(ALLOWED);
    const { stdout } = await sandbox().run(['explain', OUTSIDE]);
    expect(stdout).toMatch(/clients in the network office may write there without a login {2}\(state\.yaml:\d+\)/);
    await sandbox().ok(['network', 'member', 'remove', 'office', 'new', '--apply']);
    expect(await relay('127.0.0.9')).toMatch(REFUSED);
  });

  it('is all that is left where users cannot log in', async () => {
    await sandbox().ok(['server', 'set', '--authentication', 'off', '--apply']);
    for (const [address, expected] of [
      ['127.0.1.7', '250'],
      ['127.0.1.66', '554'],
      ['127.0.0.9', '554'],
    ] as const) {
      const client = await connect({
        host: sandbox().listen,
        port: sandbox().ports.smtps,
        tls: 'implicit',
        localAddress: address,
      });
      await client.command('EHLO client.elsewhere.test');
      expect([address, (await tryRecipient(client, OUTSIDE)).slice(0, 3)]).toEqual([address, expected]);
      await client.quit();
    }
    await sandbox().ok(['server', 'set', '--authentication', 'default', '--apply']);
  });

  it.runIf(HAS_IPV6)('holds for clients that come by IPv6', async () => {
    const host = `${sandbox().root}/etc/eboxmail/host.yaml`;
    const before = await readFile(host, 'utf8');
    await writeFile(host, before.replace(/^listen: .*$/m, 'listen: ["127.0.0.1", "::1"]'));
    await sandbox().ok(['network', 'add', 'self']);
    await sandbox().ok(['network', 'member', 'add', 'self', 'six', '::1']);
    await sandbox().ok(['relay', 'allow', 'self', '--apply']);
    const ask = async (): Promise<string> => {
      const client = await connect({ host: '::1', port: sandbox().ports.smtp, tls: 'none' });
      await client.command('EHLO client.elsewhere.test');
      const answer = await tryRecipient(client, OUTSIDE);
      await client.quit();
      return answer;
    };
    expect(await ask()).toMatch(ALLOWED);
    await sandbox().ok(['relay', 'deny', 'self', '--apply']);
    expect(await ask()).toMatch(REFUSED);
  });

  it('without any policy leaves no table behind', async () => {
    for (const name of ['office', 'guests', 'boss', ...(HAS_IPV6 ? ['self'] : [])])
      await sandbox().ok(['relay', 'unset', name]);
    await sandbox().ok(['network', 'remove', 'office', '--apply']);
    expect(await relay('127.0.1.7')).toMatch(REFUSED);
    expect(await readFile(`${sandbox().root}/etc/postfix/main.cf`, 'utf8')).not.toContain('relay_clients');
    await expect(readFile(`${sandbox().root}/etc/postfix/eboxmail/relay_clients`)).rejects.toThrow('ENOENT');
    await drain(sandbox());
    expect(await mailOf(sandbox(), 'alice@a.test')).toEqual([]);
  });
});
