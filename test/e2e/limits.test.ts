import { describe, expect, it } from 'vitest';
import {
  copies,
  drain,
  headerOf,
  imaps,
  loggedIn,
  mailOf,
  outbound,
  PASSWORD_HASH,
  secured,
  send,
  sendAs,
  sendAsStranger,
  stranger,
  tryRecipient,
} from '../support/mail.ts';
import { reloads, useSandbox } from '../support/sandbox.ts';

const MB = 1024 * 1024;

const STATE = `
version: 1
server:
  mailname: mx.example.test
  limits: {mailbox: 1 MB, message: 3 MB}
domains:
  a.test: {aliases: [a-alias.test]}
users:
  sender@a.test: {password: "${PASSWORD_HASH}"}
  small@a.test: {password: "${PASSWORD_HASH}", quota: 100 kB}
  default@a.test: {password: "${PASSWORD_HASH}"}
  unlimited@a.test: {password: "${PASSWORD_HASH}", quota: unlimited}
  changing@a.test: {password: "${PASSWORD_HASH}", quota: 100 kB}
aliases:
  to-small@a.test: small@a.test
`;

const sandbox = useSandbox({
  state: STATE,
  // How Postfix says that a message was too large.
  tolerate: [/warning: mail_stream_cleanup: close error/, /warning: \S+ queue file size limit exceeded/],
});

/** A body of this size, in lines. */
function body(bytes: number): string {
  return `${'x'.repeat(62)}\n`.repeat(Math.ceil(bytes / 64));
}

async function arrives(address: string, bytes: number): Promise<boolean> {
  const client = await stranger(sandbox());
  const said = await tryRecipient(client, address);
  await client.quit();
  // A mailbox that is full already is refused at once; otherwise the message is given back.
  if (said.startsWith('552 5.2.2 ')) return false;
  const token = await sendAsStranger(sandbox(), address, 'x@elsewhere.test', { body: body(bytes) });
  return (await copies(sandbox(), token, [address]))[address] === 1;
}

describe('mailbox size', () => {
  it('what does not fit comes back to an own sender with 5.2.2', async () => {
    const token = await sendAs(sandbox(), 'sender@a.test', 'small@a.test', { body: body(150_000) });
    await drain(sandbox());
    expect(await mailOf(sandbox(), 'small@a.test')).toEqual([]);
    const bounces = (await mailOf(sandbox(), 'sender@a.test')).filter((text) => text.includes(token));
    expect(bounces).toHaveLength(1);
    const bounce = bounces[0] ?? '';
    expect(headerOf(bounce, 'Return-Path')).toBe('<>');
    expect(headerOf(bounce, 'From')).toMatch(/MAILER-DAEMON@mx\.example\.test/);
    expect(headerOf(bounce, 'Subject')).toBe('Undelivered Mail Returned to Sender');
    expect(bounce).toMatch(/^Status: 5\.2\.2$/m);
    expect(bounce).toMatch(/^Final-Recipient: rfc822; small@a\.test$/m);
    expect(bounce).toMatch(/Quota exceeded/);
  });

  it('and to a stranger, also by way of an alias', async () => {
    for (const to of ['small@a.test', 'to-small@a.test', 'to-small@a-alias.test']) {
      const token = await sendAsStranger(sandbox(), to, 'x@elsewhere.test', { body: body(150_000) });
      const bounces = await outbound(sandbox(), token);
      expect(bounces.map(({ from, to: recipient }) => [from, recipient])).toEqual([['<>', 'x@elsewhere.test']]);
      expect(bounces[0]?.text).toMatch(/^Status: 5\.2\.2$/m);
    }
  });

  it('counts what is there already', async () => {
    expect(await arrives('small@a.test', 60_000)).toBe(true);
    expect(await arrives('small@a.test', 60_000)).toBe(false);
    expect(await arrives('small@a.test', 10_000)).toBe(true);
  });

  it('server.limits.mailbox holds for users without a quota of their own', async () => {
    expect(await arrives('default@a.test', 0.7 * MB)).toBe(true);
    expect(await arrives('default@a.test', 0.7 * MB)).toBe(false);
  });

  it('unlimited is unlimited', async () => {
    for (let n = 0; n < 2; n++) expect(await arrives('unlimited@a.test', 2 * MB)).toBe(true);
  });

  it('IMAP tells the limit', async () => {
    const quota = (user: string): Promise<number | undefined> =>
      imaps(sandbox(), user, async ({ client }) => {
        const found = await client.getQuota('INBOX');
        return found === false ? undefined : found.storage?.limit;
      });
    expect(await quota('default@a.test')).toBe(MB);
    expect(await quota('small@a.test')).toBe(102_400);
    expect(await quota('unlimited@a.test')).toBeUndefined();
  });

  it('a new quota counts at once, without a reload', async () => {
    const before = await reloads(sandbox().root);
    expect(await arrives('changing@a.test', 150_000)).toBe(false);
    await sandbox().ok(['user', 'set', 'changing@a.test', '--quota', '300 kB', '--apply']);
    expect(await arrives('changing@a.test', 150_000)).toBe(true);
    await sandbox().ok(['user', 'set', 'changing@a.test', '--quota', '50 kB', '--apply']);
    expect(await arrives('changing@a.test', 1000)).toBe(false);
    await sandbox().ok(['user', 'set', 'changing@a.test', '--quota', 'default', '--apply']);
    expect(await arrives('changing@a.test', 150_000)).toBe(true);
    expect(await reloads(sandbox().root)).toEqual(before);
  });
});

describe('message size', () => {
  it('is announced on every port', async () => {
    for (const port of ['smtp', 'submission', 'smtps'] as const) {
      const client = await secured(sandbox(), { port });
      expect((await client.command('EHLO x.test')).text).toMatch(new RegExp(`^SIZE ${3 * MB}$`, 'm'));
      await client.quit();
    }
  });

  it('a message announced as too large is refused at MAIL', async () => {
    const client = await stranger(sandbox());
    expect((await client.command(`MAIL FROM:<x@elsewhere.test> SIZE=${3 * MB + 1}`)).lines[0]).toMatch(/^552 5\.3\.4 /);
    expect((await client.command(`MAIL FROM:<x@elsewhere.test> SIZE=${3 * MB}`)).code).toBe(250);
    await client.quit();
  });

  it('one that turns out too large is refused after DATA, whatever the mailbox would take', async () => {
    const client = await loggedIn(sandbox(), 'sender@a.test');
    await expect(send(client, 'sender@a.test', 'unlimited@a.test', { body: body(3.2 * MB) })).rejects.toThrow(
      /552 5\.3\.4 /,
    );
    await client.quit();
  });

  it('one just below passes', async () => {
    expect(await arrives('unlimited@a.test', 2.9 * MB)).toBe(true);
  });
});
