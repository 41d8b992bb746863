import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  copies,
  drain,
  headersOf,
  mailOf,
  outbound,
  PASSWORD_HASH,
  sendAs,
  sendAsStranger,
  stranger,
  tryRecipient,
} from '../support/mail.ts';
import { eventually, logLines, useSandbox } from '../support/sandbox.ts';
import { connect } from '../support/smtp-client.ts';
import { SmtpFilter } from '../support/smtp-filter.ts';

const ACCOUNTS = ['alice@a.test', 'bob@a.test', 'archive@a.test', 'silent@b.test', 'carl@b.test', 'dora@b.test'];

const users = ACCOUNTS.map((address) => `  ${address}: {password: "${PASSWORD_HASH}"}`).join('\n');

/** The filter is another machine as far as one can be had on loopback. */
const FILTER_HOST = '127.0.0.77';
const RETURN_PORT = 10_025;
const MAIL_OWNER = 5000;

const STATE = `
version: 1
server: {mailname: mx.example.test, limits: {message: 100 kB}}
domains:
  a.test: {aliases: [a2.test], catch_all: {copy_to: archive@a.test}}
  b.test: {catch_all: {copy_to: silent@b.test, on_bounce: none, unknown_to: dora@b.test}}
users:
${users}
groups:
  team: {members: [alice@a.test, bob@a.test]}
aliases:
  team@a.test: team
  al@a.test: alice@a.test
  out@a.test: friend@far.test
`;

// A restart, which moving a port takes, ends cleanup(8) by a signal.
const tolerate = [/warning: process \S+\/cleanup pid \d+ exit status 15/];
const sandbox = useSandbox({ state: STATE, tolerate });

let filter: SmtpFilter;
let port: number;

beforeAll(async () => {
  const free = net.createServer();
  await once(free.listen({ host: FILTER_HOST, port: 0 }), 'listening');
  port = (free.address() as net.AddressInfo).port;
  free.close();
  filter = new SmtpFilter({
    host: FILTER_HOST,
    port,
    returnTo: { host: '127.0.0.1', port: RETURN_PORT + sandbox().offset },
  });
  await filter.start();
  const { stderr } = await sandbox().ok([
    ...['filter', 'set', 'custom', '--address', FILTER_HOST, '--port', String(port), '--apply'],
  ]);
  expect(stderr).not.toContain('does not answer');
});
afterAll(() => filter.stop());

async function whoGot(token: string): Promise<Record<string, number>> {
  const found = await copies(sandbox(), token, ACCOUNTS);
  for (const { to } of await outbound(sandbox(), token)) found[to ?? ''] = (found[to ?? ''] ?? 0) + 1;
  return found;
}

/** How often the filter saw a message, and for whom. */
function seen(token: string): readonly (readonly string[])[] {
  return filter.seen.filter(({ text }) => text.includes(token)).map(({ recipients }) => [...recipients].sort());
}

describe('mail goes through the filter once, to those that were written to, and is delivered once', () => {
  const cases: readonly (readonly [string, readonly string[], Record<string, number>])[] = [
    ['an account', ['alice@a.test'], { 'alice@a.test': 1, 'archive@a.test': 1 }],
    ['a domain alias', ['bob+x@a2.test'], { 'bob@a.test': 1, 'archive@a.test': 1 }],
    [
      'several ways to the same people',
      ['team@a.test', 'al@a2.test', 'alice@a.test'],
      { 'alice@a.test': 1, 'bob@a.test': 1, 'archive@a.test': 1 },
    ],
    ['the archive', ['archive@a.test'], { 'archive@a.test': 1 }],
    ['an alias of an address elsewhere', ['out@a.test'], { 'friend@far.test': 1, 'archive@a.test': 1 }],
    ['a domain whose copies bounce to nobody', ['carl@b.test'], { 'carl@b.test': 1, 'silent@b.test': 1 }],
    ['an unknown address that somebody takes', ['whoever@b.test'], { 'dora@b.test': 1, 'silent@b.test': 1 }],
  ];

  it.each(cases)('from a stranger to %s', async (_, to, expected) => {
    const token = await sendAsStranger(sandbox(), to);
    expect(await whoGot(token)).toEqual(expected);
    expect(seen(token)).toEqual([[...to].sort()]);
  });

  it('from a user, inside and to the outside', async () => {
    const token = await sendAs(sandbox(), 'alice@a.test', ['bob@a.test', 'x@far.test', 'y@far.test']);
    expect(await whoGot(token)).toEqual({ 'bob@a.test': 1, 'x@far.test': 1, 'y@far.test': 1, 'archive@a.test': 1 });
    expect(seen(token)).toEqual([['bob@a.test', 'x@far.test', 'y@far.test']]);
    for (const text of [...(await mailOf(sandbox(), 'bob@a.test')), ...(await mailOf(sandbox(), 'archive@a.test'))]) {
      expect(headersOf(text, 'X-Filtered')).toEqual(['yes']);
    }
  });

  it('from a program on the machine, by sendmail', async () => {
    const token = randomUUID();
    const args = ['-C', `${sandbox().root}/etc/postfix`, '-f', 'x@far.test', 'team@a.test'];
    const child = spawn('/usr/sbin/sendmail', args, { stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end(`Subject: ${token}\n\nHello.\n`);
    await once(child, 'close');
    await eventually('it has been through', () => seen(token).length > 0);
    expect(await whoGot(token)).toEqual({ 'alice@a.test': 1, 'bob@a.test': 1, 'archive@a.test': 1 });
    expect(seen(token)).toEqual([['team@a.test']]);
  });

  it('with more recipients than Postfix usually hands on at once', async () => {
    const to = Array.from({ length: 120 }, (_, n) => `r${n}@far.test`);
    const token = await sendAs(sandbox(), 'alice@a.test', to);
    const got = await whoGot(token);
    expect(got['archive@a.test']).toBe(1);
    expect(Object.keys(got)).toHaveLength(121);
    expect(seen(token)).toHaveLength(1);
  });

  it('of the largest size, although the filter makes it larger', async () => {
    const line = `${'x'.repeat(98)}\n`;
    const token = await sendAsStranger(sandbox(), 'alice@a.test', 'a@far.test', { body: line.repeat(1008) });
    expect(await whoGot(token)).toEqual({ 'alice@a.test': 1, 'archive@a.test': 1 });
  });

  it('that a Sieve script sends on', async () => {
    const home = `${sandbox().root}/var/vmail/b.test/carl`;
    await mkdir(home, { recursive: true });
    await writeFile(`${home}/.dovecot.sieve`, 'redirect "elsewhere@far.test";\n');
    await chown(`${home}/.dovecot.sieve`, MAIL_OWNER, MAIL_OWNER);
    const token = await sendAsStranger(sandbox(), 'carl@b.test');
    await eventually('the redirected one has been through', async () => (await outbound(sandbox(), token)).length > 0);
    expect(await whoGot(token)).toEqual({ 'elsewhere@far.test': 1, 'silent@b.test': 1 });
    expect(seen(token)).toEqual([['carl@b.test'], ['elsewhere@far.test']]);
  });
});

describe('at the door everything stays as it was', () => {
  it('an unknown recipient and a foreign one are refused', async () => {
    const client = await stranger(sandbox());
    expect(await tryRecipient(client, 'nobody@a.test')).toMatch(/^550 5\.1\.1/);
    expect(await tryRecipient(client, 'nobody@a2.test')).toMatch(/^550/);
    expect(await tryRecipient(client, 'x@far.test')).toMatch(/^554/);
    await client.quit();
  });

  it('nobody but the filter may hand anything back', async () => {
    const handIn = async (localAddress: string): Promise<string> => {
      const back = { host: '127.0.0.1', port: RETURN_PORT + sandbox().offset, tls: 'none', localAddress } as const;
      const client = await connect(back);
      await client.command('EHLO elsewhere.test');
      const answers = [await tryRecipient(client, 'x@far.test'), await tryRecipient(client, 'alice@a.test')];
      await client.quit();
      return answers.map((answer) => answer.slice(0, 3)).join(' ');
    };
    expect(await handIn('127.0.0.1')).toBe('554 554');
    expect(await handIn('127.0.0.78')).toBe('554 554');
    expect(await handIn(FILTER_HOST)).toBe('250 250');
  });

  it('explain and show name the filter', async () => {
    const { stdout } = await sandbox().ok(['explain', 'team@a.test']);
    expect(stdout).toContain(`the filter at ${FILTER_HOST}, port ${port}, gets the mail first`);
    const shown = JSON.parse((await sandbox().ok(['filter', 'show', '--json'])).stdout) as unknown;
    expect(shown).toEqual({
      mode: 'custom',
      address: FILTER_HOST,
      port,
      returnPort: RETURN_PORT,
      returnsTo: [`127.0.0.1:${RETURN_PORT + sandbox().offset}`],
    });
  });
});

describe('a filter that is down', () => {
  const deferred = async (token: string): Promise<boolean> => {
    const lines = await logLines(sandbox().root, 'mail.log');
    const id = /^.*postfix\/cleanup.*: (\w+): message-id/.exec(lines.find((line) => line.includes(token)) ?? '')?.[1];
    return lines.some((line) => line.includes(`${id ?? token}: to=`) && line.includes('status=deferred'));
  };
  const sendAndWait = async (): Promise<string> => {
    const mark = randomUUID();
    const headers = [`Message-ID: <${mark}@far.test>`];
    const token = await sendAsStranger(sandbox(), ['team@a.test', 'al@a.test'], 'x@far.test', { headers });
    await eventually('it is deferred', () => deferred(mark));
    return token;
  };
  /** By status, and then there is nothing left for the former filter, which is configured again. */
  const expectToGoOn = async (token: string): Promise<void> => {
    await eventually('it goes on', async () => {
      const { stderr } = await sandbox().run(['status']);
      return stderr.includes('1 waiting for the former filter goes on');
    });
    expect(await whoGot(token)).toEqual({ 'alice@a.test': 1, 'archive@a.test': 1 });
    expect((await sandbox().run(['status'])).stderr).not.toContain('former filter');
    await sandbox().ok(['filter', 'set', 'custom', '--address', FILTER_HOST, '--apply']);
    await filter.start();
  };
  const once1 = { 'alice@a.test': 1, 'bob@a.test': 1, 'archive@a.test': 1 };

  it('delays mail, which is delivered when it is back', async () => {
    await filter.stop();
    const token = await sendAndWait();
    expect(await mailOf(sandbox(), 'bob@a.test')).not.toContain(token);
    await filter.start();
    await flush();
    expect(await whoGot(token)).toEqual(once1);
    expect(seen(token)).toEqual([['al@a.test', 'team@a.test']]);
  });

  it('is named by apply, and what waits goes on when the filter is moved or taken away', async () => {
    await filter.stop();
    const first = await sendAndWait();
    const other = new SmtpFilter({
      host: '127.0.0.79',
      port,
      returnTo: { host: '127.0.0.1', port: RETURN_PORT + sandbox().offset },
      split: true,
    });
    const moved = await sandbox().ok(['filter', 'set', 'custom', '--address', '127.0.0.79', '--apply']);
    expect(moved.stderr).toContain(`the filter at 127.0.0.79:${port} does not answer`);
    expect((await sandbox().run(['status'])).stdout).toContain(
      `the filter does not answer at 127.0.0.79, port ${port}`,
    );
    expect(moved.stderr).toContain('1 waiting for the former filter goes on');
    await other.start();
    await eventually('the other filter has it', async () => {
      await flush();
      return other.seen.some(({ text }) => text.includes(first));
    });
    await drain(sandbox());
    await other.stop();
    const second = await sendAndWait();
    const gone = await sandbox().ok(['filter', 'set', 'none', '--apply']);
    expect(gone.stderr).toContain('1 waiting for the former filter goes on');
    expect(await whoGot(second)).toEqual(once1);
    await sandbox().ok(['filter', 'set', 'custom', '--address', FILTER_HOST, '--apply']);
    await filter.start();
  });

  it('that is taken away has no more of what comes by a session that was open, once that has ended', async () => {
    const client = await stranger(sandbox());
    await filter.stop();
    const off = await sandbox().ok(['filter', 'set', 'none', '--apply']);
    expect(off.stderr).toContain('an SMTP session is open that may go by the former filter');
    const token = randomUUID();
    for (const command of ['MAIL FROM:<x@far.test>', 'RCPT TO:<al@a.test>', 'DATA']) await client.command(command);
    expect((await client.command(`Subject: ${token}\r\n\r\nx\r\n.`)).code).toBe(250);
    await client.quit();
    await expectToGoOn(token);
  });

  it('that hangs is switched off: what it has just then goes on when it gives that up', async () => {
    await filter.stop();
    const held = new Set<net.Socket>();
    const hanging = net.createServer((socket) => held.add(socket.on('error', () => undefined)));
    await once(hanging.listen({ host: FILTER_HOST, port }), 'listening');
    const token = await sendAsStranger(sandbox(), 'al@a.test', 'x@far.test');
    await eventually('the filter has it', () => held.size > 0);
    const off = await sandbox().ok(['filter', 'set', 'none', '--apply']);
    expect(off.stderr).toContain('the former filter has a message still');
    for (const socket of held) socket.destroy();
    hanging.close();
    await expectToGoOn(token);
  });
});

describe('ports', () => {
  it('that another program has are refused before anything changes', async () => {
    const other = net.createServer();
    await once(other.listen({ host: '127.0.0.1', port: 0 }), 'listening');
    const taken = (other.address() as net.AddressInfo).port - sandbox().offset;
    const before = await sandbox().readState();
    try {
      await sandbox().ok(['filter', 'set', 'custom', '--return-port', String(taken)]);
      const { code, stderr } = await sandbox().run(['apply']);
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('EADDRINUSE') as string });
    } finally {
      other.close();
      await sandbox().writeState(before);
    }
  });

  it('of this server, shifted, are refused for a filter on this machine', async () => {
    const before = await sandbox().readState();
    const imap = String(sandbox().ports.imap);
    await sandbox().ok(['filter', 'set', 'custom', '--port', imap]);
    const { code, stderr } = await sandbox().run(['plan']);
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${imap} at ${FILTER_HOST} is a port of this server, for imap`);
    await sandbox().writeState(before);
  });

  it('of an IPv6 filter are opened too', async () => {
    await sandbox().ok(['filter', 'set', 'custom', '--address', '::1', '--apply']);
    const v6 = new SmtpFilter({
      host: '::1',
      port,
      returnTo: { host: '::1', port: RETURN_PORT + sandbox().offset },
    });
    await v6.start();
    const token = await sendAsStranger(sandbox(), 'alice@a.test');
    expect(await whoGot(token)).toEqual({ 'alice@a.test': 1, 'archive@a.test': 1 });
    await v6.stop();
    expect(v6.seen).toHaveLength(1);
  });
});

/** Has Postfix try everything in its queue again. */
async function flush(): Promise<void> {
  const child = spawn('/usr/sbin/postqueue', ['-c', `${sandbox().root}/etc/postfix`, '-f'], { stdio: 'ignore' });
  expect(await once(child, 'close')).toEqual([0, null]);
}
