import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { withMailbox, type ImapConnectOptions, type Mailbox } from './imap-client.ts';
import { postqueue, tool } from './queue.ts';
import { eventually, type Sandbox } from './sandbox.ts';
import { connect, type SmtpClient, type SmtpReply } from './smtp-client.ts';

/** The password of every account in the tests, unless a test is about passwords. */
export const PASSWORD = 'correct horse';

/** The same as it stands in a state; crypt(5)'s default of 5000 rounds, so that many logins take no time. */
export const PASSWORD_HASH =
  '{SHA512-CRYPT}$6$eboxmailtests$GlPlypJaX9LrPyOzAN/fKckPHpKtJsAyJ4TQr/nkiw/IPBGBmmh6uNJ/SFHCIm0Z88rpGCq8kS6FQ8aQE2Dqc/';

/** The password of somebody else. */
export const OTHER = 'battery staple';
export const OTHER_HASH =
  '{SHA512-CRYPT}$6$eboxmailother$zydzsGPLYAv6ovCDsdMaYzqVvsxsBMxmAZOxCnZZ5eNjZwRsgwm6jkWmMXHasgfNdnqPUjur8CXI2fVwJFlg8/';

/** In a state: takes the proof to fail. Strangers are refused before they say for whom their mail is. */
export const FAILING =
  'overrides: {postfix: {smtpd_client_restrictions: "check_client_access inline:{127.0.0.1=REJECT}"}}\n';

export interface SessionOptions {
  readonly port?: 'smtp' | 'submission' | 'smtps';
  readonly localAddress?: string;
}

/** A session on port 25 as a server elsewhere begins one: greeted, EHLO said, no TLS. */
export async function stranger(sandbox: Sandbox, options: SessionOptions = {}): Promise<SmtpClient> {
  const client = await connect({
    host: sandbox.listen,
    port: sandbox.ports[options.port ?? 'smtp'],
    tls: 'none',
    localAddress: options.localAddress ?? '127.0.0.9',
  });
  await client.command('EHLO client.elsewhere.test');
  return client;
}

/** A session under TLS, by STARTTLS or from the first byte, and not logged in. */
export async function secured(sandbox: Sandbox, options: SessionOptions = {}): Promise<SmtpClient> {
  const { port = 'submission', localAddress = '127.0.0.9' } = options;
  if (port === 'smtps') {
    const client = await connect({ host: sandbox.listen, port: sandbox.ports.smtps, tls: 'implicit', localAddress });
    await client.command('EHLO client.elsewhere.test');
    return client;
  }
  const client = await stranger(sandbox, { port, localAddress });
  const reply = await client.starttls();
  if (reply.code !== 220) throw new Error(`STARTTLS was refused: ${reply.lines.join(' / ')}`);
  await client.command('EHLO client.elsewhere.test');
  return client;
}

/** A session that has logged in. */
export async function loggedIn(
  sandbox: Sandbox,
  user: string,
  options: SessionOptions & { password?: string } = {},
): Promise<SmtpClient> {
  const client = await secured(sandbox, options);
  const reply = await client.authPlain(user, options.password ?? PASSWORD);
  if (reply.code !== 235) throw new Error(`the login of ${user} was refused: ${reply.lines.join(' / ')}`);
  return client;
}

/** What the server says to a login over SMTP. */
export async function tryLogin(
  sandbox: Sandbox,
  user: string,
  options: SessionOptions & { password?: string } = {},
): Promise<SmtpReply> {
  const client = await secured(sandbox, options);
  const reply = await client.authPlain(user, options.password ?? PASSWORD);
  await client.quit();
  return reply;
}

/** What the server says to a recipient, in a transaction that is then dropped; or to the sender, when that is refused. */
export async function tryRecipient(client: SmtpClient, recipient: string, from = 'x@elsewhere.test'): Promise<string> {
  const mail = await client.command(`MAIL FROM:<${from}>`);
  if (mail.code !== 250) return `MAIL: ${mail.lines.join(' / ')}`;
  const reply = await client.command(`RCPT TO:<${recipient}>`);
  await client.command('RSET');
  return reply.lines.join(' / ');
}

/** What the server says when a session sends as this address: the first answer that is no 2xx, or that to RCPT. */
export async function trySender(client: SmtpClient, from: string, to: string): Promise<string> {
  return tryRecipient(client, to, from);
}

export interface Sent {
  /** Stands in the subject and nowhere else. */
  readonly token: string;
  readonly reply: SmtpReply;
}

/** Sends one message and expects every step to be accepted. */
export async function send(
  client: SmtpClient,
  from: string,
  to: string | readonly string[],
  options: { headers?: readonly string[]; body?: string } = {},
): Promise<Sent> {
  const token = randomUUID();
  const recipients = typeof to === 'string' ? [to] : to;
  const expectOk = async (line: string): Promise<void> => {
    const reply = await client.command(line);
    if (reply.code !== 250) throw new Error(`${line} was refused: ${reply.lines.join(' / ')}`);
  };
  await expectOk(`MAIL FROM:<${from}>`);
  for (const recipient of recipients) await expectOk(`RCPT TO:<${recipient}>`);
  const message = [
    `From: <${from === '' ? 'nobody@elsewhere.test' : from}>`,
    `To: <${recipients[0] ?? ''}>`,
    `Subject: ${token}`,
    ...(options.headers ?? []),
    '',
    options.body ?? 'Hello.',
  ].join('\n');
  const reply = await client.data(message);
  if (reply.code !== 250) throw new Error(`the message was refused: ${reply.lines.join(' / ')}`);
  return { token, reply };
}

/** One message from a stranger; returns the token in its subject. */
export async function sendAsStranger(
  sandbox: Sandbox,
  to: string | readonly string[],
  from = 'sender@elsewhere.test',
  options: { headers?: readonly string[]; body?: string } = {},
): Promise<string> {
  const client = await stranger(sandbox);
  try {
    return (await send(client, from, to, options)).token;
  } finally {
    await client.quit();
  }
}

/** One message from an account by way of 587. */
export async function sendAs(
  sandbox: Sandbox,
  user: string,
  to: string | readonly string[],
  options: { from?: string; body?: string } = {},
): Promise<string> {
  const client = await loggedIn(sandbox, user);
  try {
    return (await send(client, options.from ?? user, to, options)).token;
  } finally {
    await client.quit();
  }
}

/** Waits until the queue is empty: everything is delivered or given back by then. */
export async function drain(sandbox: Sandbox, timeout = 20_000): Promise<void> {
  const spool = `${sandbox.root}/var/spool/postfix`;
  // Twice, for a message may move from a place that was not looked at yet to one that was.
  const places = ['maildrop', 'incoming', 'active', 'deferred'];
  await eventually(
    'the queue is empty',
    async () => {
      for (const queue of [...places, ...places]) {
        const names = await readdir(`${spool}/${queue}`, { recursive: true, withFileTypes: true });
        if (names.some((entry) => entry.isFile())) return false;
      }
      return true;
    },
    timeout,
    async () => {
      const waiting = await postqueue(sandbox);
      const log = await readFile(`${sandbox.root}/var/log/mail.log`, 'utf8');
      const lines = log.split('\n').filter((line) => waiting.some(({ queue_id }) => line.includes(queue_id)));
      return [...waiting.map((message) => JSON.stringify(message)), ...lines].slice(0, 60).join('\n');
    },
  );
}

/**
 * Has Postfix try what waits, again and again until the queue is empty. What was being delivered while Postfix was reloaded is
 * locked by who delivers it, and the queue manager then looks at it again only when it has an occasion.
 */
export async function deliverAll(sandbox: Sandbox, timeout = 30_000): Promise<void> {
  const flushing = new AbortController();
  const flush = async (): Promise<void> => {
    while (!flushing.signal.aborted) {
      await tool('postqueue', '-c', `${sandbox.root}/etc/postfix`, '-f');
      await sleep(1000, undefined, { signal: flushing.signal }).catch(() => undefined);
    }
  };
  try {
    await Promise.all([flush(), drain(sandbox, timeout).finally(() => flushing.abort())]);
  } finally {
    flushing.abort();
  }
}

/** The messages of a maildir, as they are on the disk. */
export async function maildir(path: string): Promise<string[]> {
  const texts: string[] = [];
  for (const part of ['new', 'cur']) {
    for (const name of await readdir(`${path}/${part}`).catch(() => [])) {
      texts.push((await readFile(`${path}/${part}/${name}`, 'utf8')).replaceAll('\r\n', '\n'));
    }
  }
  return texts;
}

/** The messages in an account's INBOX, or in another folder of it. */
export async function mailOf(sandbox: Sandbox, address: string, folder?: string): Promise<string[]> {
  const at = address.lastIndexOf('@');
  const home = `${sandbox.root}/var/vmail/${address.slice(at + 1)}/${address.slice(0, at)}/Maildir`;
  return maildir(folder === undefined ? home : `${home}/.${folder}`);
}

/** How many messages with this token each account has; accounts without one are left out. Waits for the queue. */
export async function copies(
  sandbox: Sandbox,
  token: string,
  accounts: readonly string[],
): Promise<Record<string, number>> {
  await drain(sandbox);
  const found: Record<string, number> = {};
  for (const account of accounts) {
    const count = (await mailOf(sandbox, account)).filter((text) => subjectOf(text) === token).length;
    if (count > 0) found[account] = count;
  }
  return found;
}

export function subjectOf(message: string): string | undefined {
  return headerOf(message, 'Subject');
}

/** A header's value, continuation lines joined; the first of several. */
export function headerOf(message: string, name: string): string | undefined {
  return headersOf(message, name)[0];
}

export function headersOf(message: string, name: string): string[] {
  const head = (message.replaceAll('\r\n', '\n').split('\n\n')[0] ?? '').replace(/\n[ \t]+/g, ' ');
  const begin = `${name.toLowerCase()}:`;
  const lines = head.split('\n').filter((line) => line.toLowerCase().startsWith(begin));
  return lines.map((line) => line.slice(begin.length).trim());
}

/** What would have left the machine: each captured message with its envelope. */
export async function outbound(
  sandbox: Sandbox,
  token: string,
): Promise<{ from: string | undefined; to: string | undefined; text: string }[]> {
  await drain(sandbox);
  const messages = (await maildir(sandbox.outbound)).filter((text) => text.includes(token));
  return messages
    .map((text) => ({ from: headerOf(text, 'Return-Path'), to: headerOf(text, 'Delivered-To'), text }))
    .sort((a, b) => (a.to ?? '').localeCompare(b.to ?? ''));
}

/** Opens an account's mailbox over IMAPS. */
export function imaps<T>(
  sandbox: Sandbox,
  user: string,
  fn: (mailbox: Mailbox) => Promise<T>,
  options: Partial<ImapConnectOptions> = {},
): Promise<T> {
  const base = { host: sandbox.listen, port: sandbox.ports.imaps, secure: true, user, pass: PASSWORD };
  return withMailbox({ ...base, ...options }, fn);
}

/** Whether a login over IMAPS succeeds; a refusal that is about anything but the password fails the test. */
export async function imapLogin(sandbox: Sandbox, user: string, password = PASSWORD): Promise<boolean> {
  try {
    await imaps(sandbox, user, async () => undefined, { pass: password });
    return true;
  } catch (error) {
    if (/Authentication failed/.test(String(error))) return false;
    throw error;
  }
}
