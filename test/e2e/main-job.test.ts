import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  copies,
  drain,
  headerOf,
  headersOf,
  imapLogin,
  imaps,
  loggedIn,
  mailOf,
  outbound,
  PASSWORD,
  PASSWORD_HASH,
  secured,
  send,
  sendAs,
  sendAsStranger,
  stranger,
  subjectOf,
  tryLogin,
  tryRecipient,
  trySender,
} from '../support/mail.ts';
import { logLines, useSandbox } from '../support/sandbox.ts';
import { connect } from '../support/smtp-client.ts';

const STATE = `
version: 1
server:
  mailname: mx.example.test
domains:
  a.test: {aliases: [a-alias.test]}
  b.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}", name: Alice}
  bob@b.test: {password: "${PASSWORD_HASH}"}
  carol@a.test: {password: "${PASSWORD_HASH}"}
  nomail@a.test: {password: "${PASSWORD_HASH}", account: false}
  nopassword@a.test: {}
groups:
  staff: {members: [alice@a.test, bob@b.test]}
aliases:
  sales@a.test: alice@a.test
  team@a.test: staff
  info@b.test: bob@b.test
  partner@a.test: bob@partner.test
`;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [
    /warning: localhost\[127\.0\.0\.9\]: SASL (PLAIN|LOGIN) authentication failed/,
    /warning: unknown\[127\.0\.0\.9\]: SASL (PLAIN|LOGIN) authentication failed/,
    // Old versions of TLS were refused.
    /warning: TLS library problem: .*(unsupported protocol|version too low|internal error|no protocols available|tlsv1 alert protocol version)/,
    /warning: Illegal address syntax from/,
    /warning: reject: ETRN/,
    /warning: non-SMTP command from \S+ Subject: too-early/,
  ],
});

describe('mail between accounts', () => {
  it.each(['submission', 'smtps'] as const)('goes through %s and is read over IMAPS', async (port) => {
    const client = await loggedIn(sandbox(), 'alice@a.test', { port });
    const { token } = await send(client, 'alice@a.test', 'bob@b.test', { body: 'Grüße.' });
    await client.quit();
    const source = await imaps(sandbox(), 'bob@b.test', (mailbox) =>
      mailbox.waitForMessage((text) => subjectOf(text) === token),
    );
    expect(source).toContain('Grüße.');
    expect(headerOf(source, 'Return-Path')).toBe('<alice@a.test>');
    expect(headerOf(source, 'Delivered-To')).toBe('bob@b.test');
    expect(headersOf(source, 'Return-Path')).toHaveLength(1);
    expect(headersOf(source, 'Delivered-To')).toHaveLength(1);
    const received = headersOf(source, 'Received');
    expect(received).toHaveLength(2);
    expect(received[1]).toMatch(/by mx\.example\.test \(Postfix\) with ESMTPSA/);
    expect(received[1]).toMatch(/TLSv1\.[23]/);
    expect(await copies(sandbox(), token, ['alice@a.test', 'bob@b.test', 'carol@a.test'])).toEqual({ 'bob@b.test': 1 });
  });

  it('completes a message without Date and Message-ID', async () => {
    const token = await sendAs(sandbox(), 'alice@a.test', 'bob@b.test');
    await drain(sandbox());
    const source = (await mailOf(sandbox(), 'bob@b.test')).find((text) => subjectOf(text) === token) ?? '';
    expect(headerOf(source, 'Date')).toBeTruthy();
    expect(headerOf(source, 'Message-ID')).toMatch(/@mx\.example\.test>$/i);
  });

  it('can be read over IMAP with STARTTLS', async () => {
    const token = await sendAs(sandbox(), 'bob@b.test', 'alice@a.test');
    await drain(sandbox());
    const starttls = { port: sandbox().ports.imap, secure: false, starttls: true, localAddress: '127.0.0.9' };
    const found = await imaps(sandbox(), 'alice@a.test', (mailbox) => mailbox.fetchAll(), starttls);
    expect(found.filter((text) => subjectOf(text) === token)).toHaveLength(1);
  });

  it('is sent by swaks, as a person would try it', async () => {
    const target = `${sandbox().listen}:${sandbox().ports.submission}`;
    const args = ['--server', target, '--tls', '--auth', 'PLAIN', '--auth-user', 'alice@a.test'];
    const message = ['--from', 'alice@a.test', '--to', 'bob@b.test', '--header', 'Subject: by-swaks'];
    const { stdout } = await run('swaks', [...args, '--auth-password', PASSWORD, ...message]);
    expect(stdout).toContain('235 2.7.0');
    expect(await copies(sandbox(), 'by-swaks', ['bob@b.test'])).toEqual({ 'bob@b.test': 1 });
  });

  it('shows its name in greeting, EHLO and certificate', async () => {
    const client = await connect({ host: sandbox().listen, port: sandbox().ports.smtps, tls: 'implicit' });
    expect(client.greeting.lines[0]).toBe('220 mx.example.test ESMTP');
    expect((await client.command('EHLO x.test')).lines[0]).toBe('250-mx.example.test');
    const certificate = client.tlsSocket?.getPeerCertificate();
    expect(certificate?.subjectaltname).toBe('DNS:mx.example.test');
    expect(new Date(certificate?.valid_to ?? 0).getTime()).toBeGreaterThan(Date.now() + 300 * 86_400_000);
    await client.quit();
  });

  it('uses long queue ids', async () => {
    const client = await stranger(sandbox());
    const { reply } = await send(client, 'x@elsewhere.test', 'alice@a.test');
    await client.quit();
    expect(reply.text).toMatch(/queued as [0-9A-Za-z]{12,}$/);
  });
});

describe('strangers on port 25', () => {
  it('deliver to accounts, without and with TLS', async () => {
    const token = await sendAsStranger(sandbox(), 'alice@a.test');
    const client = await secured(sandbox(), { port: 'smtp' });
    const second = await send(client, '', ['alice@a.test', 'bob@b.test']);
    await client.quit();
    const accounts = ['alice@a.test', 'bob@b.test'];
    expect(await copies(sandbox(), token, accounts)).toEqual({ 'alice@a.test': 1 });
    expect(await copies(sandbox(), second.token, accounts)).toEqual({ 'alice@a.test': 1, 'bob@b.test': 1 });
  });

  it.each([
    ['nobody@a.test', /^550 5\.1\.1 /],
    ['nobody@a-alias.test', /^550 5\.1\.1 /],
    ['nobody+alice@a.test', /^550 5\.1\.1 /],
    ['nomail@a.test', /^550 5\.1\.1 /],
    ['nomail@a-alias.test', /^550 5\.1\.1 /],
    ['bob@a.test', /^550 5\.1\.1 /],
    ['staff@a.test', /^550 5\.1\.1 /],
    ['nobody@mx.example.test', /^550 5\.1\.1 /],
    ['alice@mx.example.test', /^550 5\.1\.1 /],
    ['daemon@mx.example.test', /^550 5\.1\.1 /],
    ['x@outside.test', /^554 5\.7\.1 .*Relay access denied/],
    ['alice@sub.a.test', /^554 5\.7\.1 .*Relay access denied/],
    ['alice@mx.a.test', /^554 5\.7\.1 .*Relay access denied/],
    ['alice@example.test', /^554 5\.7\.1 .*Relay access denied/],
    ['alice', /^504 5\.5\.2 /],
    ['ALICE@A.TEST', /^250 /],
    ['Alice+Tag@A-Alias.test', /^250 /],
    ['alice+a+b@a.test', /^250 /],
    ['postmaster', /^250 /],
    ['PostMaster', /^250 /],
  ])('RCPT TO:<%s> is answered %s', async (recipient, expected) => {
    const client = await stranger(sandbox());
    expect(await tryRecipient(client, recipient)).toMatch(expected);
    await client.quit();
  });

  it.each([
    'victim%outside.test@a.test',
    'victim%outside.test@mx.example.test',
    'victim%outside.test',
    'outside.test!victim@a.test',
    'outside.test!victim@mx.example.test',
    'outside.test!victim',
    '@a.test:victim@outside.test',
    '@mx.example.test:victim@outside.test',
    '@a.test,@mx.example.test:victim@outside.test',
    '"victim@outside.test"@a.test',
    '"victim@outside.test"@mx.example.test',
    '"victim@outside.test"',
    '"victim%outside.test"@mx.example.test',
    'victim@outside.test@a.test',
    'victim@outside.test@mx.example.test',
    'victim@[127.0.0.1]',
    'victim@[192.0.2.1]',
    'victim%outside.test@[127.0.0.1]',
    'victim@localhost',
    'victim@127.0.0.1',
    'victim@outside.test.',
    'victim@outside.test\0@a.test',
    'alice@a.test victim@outside.test',
    '|id',
    '"|id"@mx.example.test',
    '/tmp/x@mx.example.test',
    '":include:/etc/passwd"@mx.example.test',
  ])('cannot relay with RCPT TO:<%s>', async (recipient) => {
    const client = await stranger(sandbox());
    expect(await tryRecipient(client, recipient)).toMatch(/^5\d\d /);
    await client.quit();
  });

  it('may claim a local sender or none, but not relay with it', async () => {
    const client = await stranger(sandbox());
    for (const from of ['', 'alice@a.test', 'root@mx.example.test']) {
      expect(await tryRecipient(client, 'victim@outside.test', from)).toMatch(/^554 5\.7\.1 /);
      expect(await tryRecipient(client, 'alice@a.test', from)).toMatch(/^250 /);
    }
    expect(await tryRecipient(client, 'alice@a.test', 'nodomain')).toMatch(/^504 5\.5\.2 /);
    await client.quit();
  });

  it('learn nothing from VRFY, EXPN and ETRN', async () => {
    const client = await stranger(sandbox());
    expect((await client.command('VRFY alice@a.test')).code).toBe(502);
    expect((await client.command('EXPN team@a.test')).code).toBeGreaterThanOrEqual(500);
    expect((await client.command('ETRN a.test')).code).toBeGreaterThanOrEqual(400);
    await client.quit();
  });

  it('must say HELO', async () => {
    const client = await connect({ host: sandbox().listen, port: sandbox().ports.smtp, tls: 'none' });
    expect((await client.command('MAIL FROM:<x@elsewhere.test>')).code).toBe(503);
    await client.quit();
  });

  it('cannot send over the submission ports', async () => {
    for (const port of ['submission', 'smtps'] as const) {
      const client = await secured(sandbox(), { port });
      expect(await tryRecipient(client, 'alice@a.test')).toMatch(/^(MAIL: )?5(30|54) 5\.7\./);
      await client.quit();
    }
  });

  it('do not reach the private listener from other addresses than loopback, and cannot log in there', async () => {
    const client = await connect({ host: '127.0.0.1', port: 10_027 + sandbox().offset, tls: 'none' });
    const ehlo = await client.command('EHLO x.test');
    expect(ehlo.text).not.toMatch(/AUTH|STARTTLS/);
    await client.quit();
  });
});

describe('SMTP smuggling and pipelining', () => {
  it.each([
    ['bare line feeds', '\n.\n'],
    ['a bare line feed before', '\n.\r\n'],
    ['a bare line feed after', '\r\n.\n'],
    ['bare carriage returns', '\r.\r'],
    ['a bare carriage return before', '\r.\r\n'],
    ['a NUL', '\r\n\0.\r\n'],
  ])('a dot between %s ends no message that smuggles in another', async (_, end) => {
    const token = `smuggle-${Math.random()}`;
    const smuggled = `smuggled-${Math.random()}`;
    const replies = await raw(sandbox().ports.smtp, [
      'EHLO client.elsewhere.test\r\n',
      'MAIL FROM:<x@elsewhere.test>\r\n',
      'RCPT TO:<alice@a.test>\r\n',
      'DATA\r\n',
      `Subject: ${token}\r\n\r\nfirst${end}` +
        `MAIL FROM:<ceo@elsewhere.test>\r\nRCPT TO:<alice@a.test>\r\nDATA\r\nSubject: ${smuggled}\r\n\r\nsecond\r\n.\r\n`,
      'QUIT\r\n',
    ]);
    expect(replies.filter((line) => /queued as/.test(line)).length).toBeLessThanOrEqual(1);
    await drain(sandbox());
    const subjects = (await mailOf(sandbox(), 'alice@a.test')).map(subjectOf);
    expect(subjects).not.toContain(smuggled);
  });

  it('what is sent before the greeting, or out of turn, is refused', async () => {
    const socket = net.connect({ host: '127.0.0.1', port: sandbox().ports.smtp, localAddress: '127.0.0.9' });
    socket.write(
      'EHLO client.elsewhere.test\r\nMAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@a.test>\r\nDATA\r\n' +
        'Subject: too-early\r\n\r\nx\r\n.\r\nQUIT\r\n',
    );
    const text = await readAll(socket);
    expect(text).toMatch(/^5\d\d .*(pipelining|synchronization|protocol error)/im);
    expect(text).not.toMatch(/queued as/);
  });

  it('commands injected after STARTTLS are not taken as sent under TLS', async () => {
    const socket = net.connect({ host: '127.0.0.1', port: sandbox().ports.submission });
    await replyOn(socket);
    socket.write('EHLO x.test\r\n');
    await replyOn(socket);
    socket.write('STARTTLS\r\nVRFY injected\r\n');
    expect(await replyOn(socket)).toMatch(/^220 [^\r]*\r\n$/);
    const secure = tls.connect({ socket, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    secure.write('NOOP\r\n');
    expect(await replyOn(secure)).toBe('250 2.0.0 Ok\r\n');
    socket.destroy();
  });
});

describe('TLS', () => {
  it('AUTH is offered only under TLS', async () => {
    for (const port of ['smtp', 'submission'] as const) {
      const client = await connect({ host: sandbox().listen, port: sandbox().ports[port], tls: 'none' });
      const before = await client.command('EHLO x.test');
      expect(before.text).toMatch(/^STARTTLS$/m);
      expect(before.text).not.toMatch(/AUTH/);
      await client.starttls();
      const after = await client.command('EHLO x.test');
      expect(after.text).toMatch(/^AUTH PLAIN LOGIN$/m);
      expect(after.text).not.toMatch(/STARTTLS/);
      await client.quit();
    }
  });

  it('on 587 everything before STARTTLS is refused with 530', async () => {
    const client = await stranger(sandbox(), { port: 'submission' });
    expect((await client.authPlain('alice@a.test', PASSWORD)).lines[0]).toMatch(/^530 5\.7\.0 /);
    expect((await client.command('MAIL FROM:<alice@a.test>')).lines[0]).toMatch(/^530 5\.7\.0 /);
    await client.quit();
    const plain = await stranger(sandbox(), { port: 'smtp' });
    expect((await plain.authPlain('alice@a.test', PASSWORD)).code).toBeGreaterThanOrEqual(500);
    await plain.quit();
  });

  const services = [
    ['smtp', ['-starttls', 'smtp']],
    ['submission', ['-starttls', 'smtp']],
    ['smtps', []],
    ['imap', ['-starttls', 'imap']],
    ['imaps', []],
    ['managesieve', ['-starttls', 'sieve']],
  ] as const;
  it.each(services)('%s speaks TLS 1.2 and 1.3 and nothing older', async (service, starttls) => {
    const target = `${sandbox().listen}:${sandbox().ports[service]}`;
    const versions = ['tls1', 'tls1_1', 'tls1_2', 'tls1_3'] as const;
    const results = await Promise.all(
      versions.map(async (version) => {
        const cipher = version === 'tls1_3' ? [] : ['-cipher', 'ALL@SECLEVEL=0'];
        const args = ['s_client', '-connect', target, ...starttls, `-${version}`, ...cipher];
        const { stdout } = await run('openssl', args);
        return [version, /^\s*(New, )?(TLSv1\.[23]).*Cipher is (?!\(NONE\))/m.test(stdout)] as const;
      }),
    );
    expect(Object.fromEntries(results)).toEqual({ tls1: false, tls1_1: false, tls1_2: true, tls1_3: true });
  });
});

describe('logins', () => {
  const refused = [
    ['a wrong password', 'alice@a.test', 'wrong'],
    ['an empty password', 'alice@a.test', ''],
    ['another case of the password', 'alice@a.test', PASSWORD.toUpperCase()],
    ['an alias', 'sales@a.test', PASSWORD],
    ['a group alias', 'team@a.test', PASSWORD],
    ['a domain-alias form', 'alice@a-alias.test', PASSWORD],
    ['a bare name', 'alice', PASSWORD],
    ['a plus-address', 'alice+x@a.test', PASSWORD],
    ['a user without account', 'nomail@a.test', PASSWORD],
    ['a user without password', 'nopassword@a.test', PASSWORD],
    ['a user without password and none given', 'nopassword@a.test', ''],
    ['the star of an account without password', 'nopassword@a.test', '*'],
    ['an unknown name', 'nobody@a.test', PASSWORD],
    ['a name with a colon', 'alice@a.test:x', PASSWORD],
    ['a name with a line break', 'x\nalice@a.test', PASSWORD],
    ['a name with a blank', 'alice@a.test ', PASSWORD],
    ['the postmaster', 'postmaster@a.test', PASSWORD],
  ] as const;
  it('are refused on SMTP and IMAP with anything but address and password', async () => {
    // Each refusal takes two seconds, so all are asked for at once.
    const results = await Promise.all(
      refused.map(async ([what, user, password]) => {
        const [smtp, imap] = await Promise.all([tryLogin(sandbox(), user, { password }), imapRefusal(user, password)]);
        const fine = /^535 5\.7\.8 /.test(smtp.lines[0] ?? '') && /^a (NO \[AUTHENTICATIONFAILED\]|BAD) /.test(imap);
        return fine ? [] : [`${what}: ${smtp.lines.join(' / ')}; ${imap}`];
      }),
    );
    expect(results.flat()).toEqual([]);
  });

  it('names are compared without regard to case', async () => {
    expect((await tryLogin(sandbox(), 'ALICE@A.Test')).code).toBe(235);
    expect(await imapLogin(sandbox(), 'Alice@a.TEST')).toBe(true);
  });

  it('AUTH LOGIN works as well', async () => {
    const client = await secured(sandbox(), { port: 'smtps' });
    expect((await client.command('AUTH LOGIN')).code).toBe(334);
    expect((await client.command(base64('alice@a.test'))).code).toBe(334);
    expect((await client.command(base64(PASSWORD))).code).toBe(235);
    await client.quit();
  });

  it('nobody logs in as somebody else by naming an authorisation identity', async () => {
    const client = await secured(sandbox());
    const reply = await client.command(`AUTH PLAIN ${base64(`bob@b.test\0alice@a.test\0${PASSWORD}`)}`);
    expect(reply.code).toBeGreaterThanOrEqual(500);
    await client.quit();
  });
});

describe('sender addresses of accounts', () => {
  const own = [
    'alice@a.test',
    'ALICE@a.test',
    'alice+tag@a.test',
    'alice@a-alias.test',
    'alice+tag@a-alias.test',
    'sales@a.test',
    'sales@a-alias.test',
    'team@a.test',
    'team@a-alias.test',
    '',
  ];
  const others = [
    'bob@b.test',
    'carol@a.test',
    'carol+alice@a.test',
    'info@b.test',
    'partner@a.test',
    'nobody@a.test',
    'postmaster@a.test',
    'root@mx.example.test',
    'x@elsewhere.test',
    '"alice@a.test"@elsewhere.test',
    'alice@a.test@elsewhere.test',
    '@a.test:bob@b.test',
    'bob%b.test@mx.example.test',
  ];
  it.each(['smtp', 'submission', 'smtps'] as const)('are checked on %s', async (port) => {
    // A session each, because Postfix answers slowly after ten errors.
    const answer = async (from: string): Promise<readonly [string, string]> => {
      const client = await loggedIn(sandbox(), 'alice@a.test', { port });
      const reply = await trySender(client, from, 'x@outside.test');
      await client.quit();
      return [from, reply];
    };
    const allowed = Object.fromEntries(await Promise.all(own.map(answer)));
    const denied = Object.fromEntries(await Promise.all(others.map(answer)));
    for (const from of own) expect(allowed[from], `MAIL FROM:<${from}>`).toMatch(/^250 /);
    for (const from of others) expect(denied[from], `MAIL FROM:<${from}>`).toMatch(/^(MAIL: )?5\d\d /);
    expect(denied['bob@b.test']).toMatch(/^553 5\.7\.1 .*not owned by user alice@a\.test/);
    expect(denied['x@elsewhere.test']).toMatch(/^553 5\.7\.1 /);
    expect(denied['info@b.test']).toMatch(/^553 5\.7\.1 /);
  });

  it('somebody else cannot use the alias', async () => {
    const client = await loggedIn(sandbox(), 'carol@a.test');
    for (const from of ['sales@a.test', 'team@a.test']) {
      expect(await trySender(client, from, 'alice@a.test')).toMatch(/^553 5\.7\.1 /);
    }
    await client.quit();
  });

  it('accounts may send anywhere, unknown local addresses excepted', async () => {
    const token = await sendAs(sandbox(), 'alice@a.test', ['x@outside.test', 'bob@b.test']);
    expect(await outbound(sandbox(), token)).toMatchObject([{ from: '<alice@a.test>', to: 'x@outside.test' }]);
    const client = await loggedIn(sandbox(), 'alice@a.test');
    expect(await tryRecipient(client, 'nobody@b.test', 'alice@a.test')).toMatch(/^550 5\.1\.1 /);
    expect(await tryRecipient(client, 'nodomain', 'alice@a.test')).toMatch(/^504 /);
    await client.quit();
  });
});

it('passwords stand in no log', async () => {
  const lines = [...(await logLines(sandbox().root, 'mail.log')), ...(await logLines(sandbox().root, 'dovecot.log'))];
  expect(lines.filter((line) => line.includes(PASSWORD) || line.includes(base64(PASSWORD)))).toEqual([]);
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** What IMAP says to AUTHENTICATE PLAIN: raw, because clients refuse to send some names. */
async function imapRefusal(user: string, password: string): Promise<string> {
  const socket = tls.connect({ host: '127.0.0.1', port: sandbox().ports.imaps, rejectUnauthorized: false });
  socket.write(`a AUTHENTICATE PLAIN ${base64(`\0${user}\0${password}`)}\r\nb LOGOUT\r\n`);
  const text = await readAll(socket);
  return text.split('\r\n').find((line) => line.startsWith('a ')) ?? text;
}

/** Sends each part when the answer to the one before has come, and gives every line that the server said. */
async function raw(port: number, parts: readonly string[]): Promise<string[]> {
  const socket = net.connect({ host: '127.0.0.1', port, localAddress: '127.0.0.9' });
  const rest = [...parts];
  let pending = '';
  socket.on('data', (chunk: Buffer) => {
    pending += chunk.toString('latin1');
    if (!/(^|\n)\d{3} .*\r\n$/.test(pending)) return;
    pending = '';
    const next = rest.shift();
    if (next !== undefined) socket.write(Buffer.from(next, 'latin1'));
  });
  return (await readAll(socket)).split('\r\n');
}

/** The next answer of a server that is spoken with by hand. */
async function replyOn(socket: net.Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString('latin1');
}

/** Everything until the server closes, or ten seconds of silence. */
async function readAll(socket: net.Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  await new Promise<void>((resolve) => {
    socket
      .setTimeout(10_000, resolve)
      .on('close', resolve)
      .on('error', () => resolve());
  });
  socket.destroy();
  return text;
}

/** Runs a program to its end, whatever its status is, with nothing to read. */
async function run(program: string, args: readonly string[]): Promise<{ stdout: string }> {
  const running = promisify(execFile)(program, [...args], { timeout: 30_000 });
  running.child.stdin?.end();
  return running.catch((error: unknown) => error as { stdout: string });
}
