import { chown, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { LineClient, portIsOpen } from '../support/line-client.ts';
import {
  copies,
  drain,
  imapLogin,
  imaps,
  mailOf,
  outbound,
  PASSWORD,
  PASSWORD_HASH,
  sendAs,
  sendAsStranger,
  subjectOf,
  tryLogin,
} from '../support/mail.ts';
import { logLines, useSandbox, type SandboxPorts } from '../support/sandbox.ts';

type Service = 'imap' | 'imaps' | 'pop3' | 'pop3s' | 'managesieve';
const SERVICES: readonly Service[] = ['imap', 'imaps', 'pop3', 'pop3s', 'managesieve'];

function state(on: readonly Service[], cleartext: 'refuse' | 'allow' = 'refuse'): string {
  const switches = SERVICES.map((service) => `${service}: ${on.includes(service)}`).join(', ');
  return `
version: 1
server:
  mailname: mx.example.test
  retrieval: {${switches}, cleartext: ${cleartext}}
domains:
  a.test: {aliases: [a-alias.test]}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
aliases:
  al@a.test: alice@a.test
`;
}

const sandbox = useSandbox({
  state: state(SERVICES),
  // A dozen reloads within a few seconds.
  tolerate: [/Warning: Sent SIGTERM to \d+ \w+ processes/, /Warning: Processes aren't dying after reload/],
});
const port = (service: keyof SandboxPorts): number => sandbox().ports[service];

async function switchOn(on: readonly Service[], cleartext?: 'refuse' | 'allow'): Promise<void> {
  await sandbox().writeState(state(on, cleartext));
  await sandbox().ok(['apply', '--allow-removals', '1000']);
}

async function openPorts(): Promise<Service[]> {
  const open = await Promise.all(SERVICES.map((service) => portIsOpen(port(service))));
  return SERVICES.filter((_, index) => open[index]);
}

describe('reading mail', () => {
  it('the folders are there before the first login', async () => {
    const folders = await imaps(sandbox(), 'bob@a.test', ({ client }) => client.list());
    const found = folders.map(({ path, specialUse, subscribed }) => [path, specialUse, subscribed]);
    expect(found.sort()).toEqual([
      ['Drafts', '\\Drafts', true],
      ['INBOX', '\\Inbox', true],
      ['Sent', '\\Sent', true],
      ['Spam', '\\Junk', true],
      ['Trash', '\\Trash', true],
    ]);
  });

  it.each(['pop3', 'pop3s'] as const)('%s gives what has come', async (service) => {
    const token = await sendAs(sandbox(), 'bob@a.test', 'alice@a.test');
    await drain(sandbox());
    const client = await LineClient.connect({ port: port(service), tls: service === 'pop3s' ? 'implicit' : 'none' });
    await client.read(/^\+OK/);
    if (service === 'pop3') {
      await client.command('STLS', /^\+OK/);
      await client.secure();
    }
    await client.command('USER alice@a.test', /^\+OK/);
    await client.command(`PASS ${PASSWORD}`, /^\+OK/);
    const count = Number(/\+OK (\d+)/.exec(await client.command('STAT', /^\+OK/))?.[1]);
    expect(await client.command(`RETR ${count}`, /^\.$/)).toContain(`Subject: ${token}`);
    await client.command('QUIT', /^\+OK/);
    client.close();
  });

  it('aliases cannot log in on POP3 and ManageSieve either', async () => {
    const users = ['al@a.test', 'alice@a-alias.test', 'alice'];
    const overPop3 = users.map(async (user) => {
      const pop3 = await LineClient.connect({ port: port('pop3s'), tls: 'implicit' });
      await pop3.read(/^\+OK/);
      await pop3.command(`USER ${user}`, /^\+OK/);
      expect(await pop3.command(`PASS ${PASSWORD}`, /^-ERR/)).toMatch(/-ERR \[AUTH\]/);
      pop3.close();
    });
    const overSieve = users.map((user) => expect(sieveSession(user)).rejects.toThrow(/Authentication failed/));
    await Promise.all([...overPop3, ...overSieve]);
  });
});

describe('clear text', () => {
  const elsewhere = { tls: 'none', localAddress: '127.0.0.9' } as const;

  it('is refused before STARTTLS', async () => {
    const imap = await LineClient.connect({ port: port('imap'), ...elsewhere });
    expect(await imap.read(/^\* OK/)).toContain('LOGINDISABLED');
    expect(await imap.command(`a LOGIN alice@a.test "${PASSWORD}"`, /^a /)).toMatch(/^a NO \[PRIVACYREQUIRED\]/m);
    expect(await imap.command('b AUTHENTICATE PLAIN', /^b /)).toMatch(/^b NO /m);
    imap.close();
    const pop3 = await LineClient.connect({ port: port('pop3'), ...elsewhere });
    await pop3.read(/^\+OK/);
    expect(await pop3.command('USER alice@a.test', /^(-ERR|\+OK)/)).toMatch(/^-ERR \[AUTH\]/);
    pop3.close();
    const sieve = await LineClient.connect({ port: port('managesieve'), ...elsewhere });
    expect(await sieve.read(/^OK/)).toMatch(/^"SASL" ""$/m);
    sieve.close();
  });

  it('is allowed when the state says so', async () => {
    await switchOn(SERVICES, 'allow');
    const imap = await LineClient.connect({ port: port('imap'), ...elsewhere });
    expect(await imap.read(/^\* OK/)).not.toContain('LOGINDISABLED');
    await imap.command(`a LOGIN alice@a.test "${PASSWORD}"`, /^a OK/);
    imap.close();
    const pop3 = await LineClient.connect({ port: port('pop3'), ...elsewhere });
    await pop3.command('USER alice@a.test', /^\+OK$/);
    await pop3.command(`PASS ${PASSWORD}`, /^\+OK/);
    pop3.close();
    await switchOn(SERVICES);
  });
});

describe('Sieve', () => {
  it('a script sent by ManageSieve sorts mail into folders', async () => {
    const client = await sieveSession('alice@a.test');
    const script = 'require ["fileinto"];\r\nif header :contains "X-Kind" "list" { fileinto "Spam"; }\r\n';
    await client.command(`PUTSCRIPT "main" {${Buffer.byteLength(script)}+}\r\n${script}`, /^OK/);
    await client.command('SETACTIVE "main"', /^OK/);
    expect(await client.command('PUTSCRIPT "bad" {9+}\r\nnonsense;', /^(NO|OK)/)).toMatch(/^NO/);
    client.close();
    const listed = await sendAsStranger(sandbox(), 'al@a-alias.test', undefined, { headers: ['X-Kind: list'] });
    const other = await sendAsStranger(sandbox(), 'alice@a.test');
    await drain(sandbox());
    expect((await mailOf(sandbox(), 'alice@a.test', 'Spam')).map(subjectOf)).toEqual([listed]);
    expect((await mailOf(sandbox(), 'alice@a.test')).map(subjectOf)).toContain(other);
    expect((await mailOf(sandbox(), 'alice@a.test')).map(subjectOf)).not.toContain(listed);
  });

  it('a redirect goes out through the private listener', async () => {
    await putScript('bob', 'require ["copy"]; redirect :copy "friend@outside.test"; redirect "alice@a.test";');
    const token = await sendAsStranger(sandbox(), 'bob@a.test', 'someone@elsewhere.test');
    const found = await outbound(sandbox(), token);
    expect(found.map(({ from, to }) => [from, to])).toEqual([['<someone@elsewhere.test>', 'friend@outside.test']]);
    expect(await copies(sandbox(), token, ['alice@a.test', 'bob@a.test'])).toEqual({ 'alice@a.test': 1 });
    const log = await logLines(sandbox().root, 'mail.log');
    expect(log.some((line) => /postfix\/local-submission\/smtpd\[\d+\]: \S+: client=/.test(line))).toBe(true);
  });

  it('a vacation answer reaches the sender once', async () => {
    await putScript('bob', 'require ["vacation"]; vacation :days 1 :addresses ["bob@a.test"] "Away until Monday.";');
    const from = 'asker@elsewhere.test';
    await sendAsStranger(sandbox(), 'bob@a.test', from, { headers: ['Message-ID: <one@elsewhere.test>'] });
    await sendAsStranger(sandbox(), 'bob@a.test', from);
    const answers = (await outbound(sandbox(), 'Away until Monday.')).filter(({ to }) => to === from);
    expect(answers).toHaveLength(1);
    expect(answers[0]?.from).toBe('<>');
    expect(answers[0]?.text).toMatch(/^From: .*bob@a\.test/m);
  });

  it('scripts run when ManageSieve is off', async () => {
    await switchOn(['imaps']);
    const token = await sendAsStranger(sandbox(), 'alice@a.test', undefined, { headers: ['X-Kind: list'] });
    await drain(sandbox());
    expect((await mailOf(sandbox(), 'alice@a.test', 'Spam')).map(subjectOf)).toContain(token);
  });
});

describe('services on and off', () => {
  const combinations: readonly (readonly Service[])[] = [
    [],
    ['imap'],
    ['imaps'],
    ['pop3'],
    ['pop3s'],
    ['managesieve'],
    ['imaps', 'pop3', 'managesieve'],
    SERVICES,
  ];
  it.each(combinations.map((on) => [on.length === 0 ? 'none' : on.join(', '), on] as const))(
    '%s: these ports and no others are open as soon as apply has ended, and SMTP logins work',
    async (_, on) => {
      await switchOn(on);
      expect(await openPorts()).toEqual(on);
      expect((await tryLogin(sandbox(), 'alice@a.test')).code).toBe(235);
      if (on.includes('imaps')) expect(await imapLogin(sandbox(), 'alice@a.test')).toBe(true);
    },
  );
});

async function putScript(user: string, script: string): Promise<void> {
  // Its home must be there: the first login or delivery makes it.
  await imapLogin(sandbox(), `${user}@a.test`);
  const path = `${sandbox().root}/var/vmail/a.test/${user}/.dovecot.sieve`;
  await writeFile(path, script);
  await chown(path, 5000, 5000);
}

/** A ManageSieve session that has logged in under TLS. */
async function sieveSession(user: string): Promise<LineClient> {
  const client = await LineClient.connect({ port: port('managesieve'), tls: 'none' });
  await client.read(/^OK/);
  await client.command('STARTTLS', /^OK/);
  await client.secure();
  await client.read(/^OK/);
  const secret = Buffer.from(`\0${user}\0${PASSWORD}`).toString('base64');
  const answer = await client.command(`AUTHENTICATE "PLAIN" "${secret}"`, /^(OK|NO|BYE)/);
  if (answer.startsWith('OK')) return client;
  client.close();
  throw new Error(answer);
}
