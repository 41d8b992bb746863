import { describe, expect, it } from 'vitest';
import { exec } from '../../src/system/exec.ts';
import {
  copies,
  drain,
  headerOf,
  loggedIn,
  mailOf,
  outbound,
  PASSWORD_HASH,
  send,
  sendAs,
  sendAsStranger,
  stranger,
  tryRecipient,
} from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';
import { connect } from '../support/smtp-client.ts';

const ACCOUNTS = [
  'alice@a.test',
  'bob@a.test',
  'archive@a.test',
  'carl@b.test',
  'dora@b.test',
  'arch@b.test',
  'eve@c.test',
  'silent@c.test',
  'fred@e.test',
];

const users = ACCOUNTS.map((address) => `  ${address}: {password: "${PASSWORD_HASH}"}`).join('\n');

const STATE = `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {aliases: [a2.test], catch_all: {copy_to: archive@a.test}}
  b.test: {catch_all: {copy_to: arch@b.test, on_bounce: postmaster, unknown_to: dora@b.test}}
  c.test: {aliases: [c2.test], catch_all: {copy_to: silent@c.test, on_bounce: none}}
  d.test: {catch_all: {copy_to: records@archive.far.test}}
  e.test: {catch_all: {copy_to: archive@a.test}}
users:
${users}
  gina@d.test: {password: "${PASSWORD_HASH}"}
  nomail@b.test: {account: false}
groups:
  team: {members: [alice@a.test, bob@a.test]}
  empty: {members: [nomail@b.test]}
aliases:
  team@a.test: team
  al@a.test: alice@a.test
  store@a.test: archive@a.test
  out@a.test: friend@far.test
  nobody-yet@b.test: empty
  sales@b.test: carl@b.test
`;

/** The hop that brings copies back over loopback, as the sandbox's ports are shifted. */
const HOP_PORT = 10_026;

const sandbox = useSandbox({ state: STATE });

/** Counts of one message in every account, and of its captured copies. */
async function whoGot(token: string): Promise<Record<string, number>> {
  const found = await copies(sandbox(), token, [...ACCOUNTS, 'gina@d.test']);
  for (const { to } of await outbound(sandbox(), token)) found[to ?? ''] = (found[to ?? ''] ?? 0) + 1;
  return found;
}

describe('a copy of all mail of a domain', () => {
  const received: readonly (readonly [string, readonly string[], Record<string, number>])[] = [
    ['an account', ['alice@a.test'], { 'alice@a.test': 1, 'archive@a.test': 1 }],
    ['a domain alias', ['alice@a2.test'], { 'alice@a.test': 1, 'archive@a.test': 1 }],
    ['a plus-address', ['alice+x@a2.test'], { 'alice@a.test': 1, 'archive@a.test': 1 }],
    ['a group', ['team@a.test'], { 'alice@a.test': 1, 'bob@a.test': 1, 'archive@a.test': 1 }],
    [
      'several recipients by several ways',
      ['alice@a.test', 'bob@a2.test', 'team@a.test', 'al@a2.test'],
      { 'alice@a.test': 1, 'bob@a.test': 1, 'archive@a.test': 1 },
    ],
    ['the archive itself', ['archive@a.test'], { 'archive@a.test': 1 }],
    ['a plus-address of the archive', ['archive+x@a2.test'], { 'archive@a.test': 1 }],
    ['an alias of the archive', ['store@a2.test'], { 'archive@a.test': 1 }],
    ['the archive and another', ['archive@a.test', 'bob@a.test'], { 'bob@a.test': 1, 'archive@a.test': 1 }],
    ['an outside account', ['out@a.test'], { 'friend@far.test': 1, 'archive@a.test': 1 }],
    [
      'two domains with archives of their own',
      ['alice@a.test', 'carl@b.test'],
      { 'alice@a.test': 1, 'archive@a.test': 1, 'carl@b.test': 1, 'arch@b.test': 1 },
    ],
    [
      'two domains with one archive',
      ['alice@a.test', 'fred@e.test'],
      { 'alice@a.test': 1, 'fred@e.test': 1, 'archive@a.test': 1 },
    ],
    ['a domain whose bounces nobody hears of', ['eve@c2.test'], { 'eve@c.test': 1, 'silent@c.test': 1 }],
    ['that archive and another', ['silent@c.test', 'eve@c.test'], { 'eve@c.test': 1, 'silent@c.test': 1 }],
    ['a domain with an archive elsewhere', ['gina@d.test'], { 'gina@d.test': 1, 'records@archive.far.test': 1 }],
  ];

  it.each(received)('is made once of mail from a stranger to %s', async (_, to, expected) => {
    expect(await whoGot(await sendAsStranger(sandbox(), to))).toEqual(expected);
  });

  const sent: readonly (readonly [string, string, readonly string[], Record<string, number>])[] = [
    ['inside the domain', 'alice@a.test', ['bob@a.test'], { 'bob@a.test': 1, 'archive@a.test': 1 }],
    ['to the archive', 'alice@a.test', ['archive@a.test'], { 'archive@a.test': 1 }],
    [
      'from one domain to another',
      'alice@a.test',
      ['carl@b.test'],
      { 'carl@b.test': 1, 'archive@a.test': 1, 'arch@b.test': 1 },
    ],
    [
      'to the outside',
      'alice@a.test',
      ['x@far.test', 'y@far.test'],
      { 'x@far.test': 1, 'y@far.test': 1, 'archive@a.test': 1 },
    ],
    [
      'to the outside, with the archive outside too',
      'gina@d.test',
      ['x@far.test'],
      { 'x@far.test': 1, 'records@archive.far.test': 1 },
    ],
    ['to that archive itself', 'gina@d.test', ['records@archive.far.test'], { 'records@archive.far.test': 1 }],
  ];

  it.each(sent)('is made once of mail sent %s', async (_, user, to, expected) => {
    expect(await whoGot(await sendAs(sandbox(), user, to))).toEqual(expected);
  });

  it('is made of mail sent under an alias and a domain alias', async () => {
    const token = await sendAs(sandbox(), 'alice@a.test', 'x@far.test', { from: 'al@a2.test' });
    expect(await whoGot(token)).toEqual({ 'x@far.test': 1, 'archive@a.test': 1 });
  });

  it('is blind: the message names the archive nowhere but in its own delivery', async () => {
    const token = await sendAs(sandbox(), 'alice@a.test', 'bob@a.test');
    await drain(sandbox());
    const [seen] = (await mailOf(sandbox(), 'bob@a.test')).filter((text) => text.includes(token));
    expect(seen).not.toMatch(/archive|copy\.eboxmail/);
    const [copy] = (await mailOf(sandbox(), 'archive@a.test')).filter((text) => text.includes(token));
    expect(headerOf(copy ?? '', 'To')).toBe('<bob@a.test>');
    expect(headerOf(copy ?? '', 'Return-Path')).toBe('<alice@a.test>');
  });
});

describe('its machinery', () => {
  const address = 'archive=a.test@sender.copy.eboxmail.invalid';

  it('cannot be addressed by a stranger', async () => {
    const client = await stranger(sandbox());
    expect(await tryRecipient(client, address)).toMatch(/554/);
    await client.quit();
  });

  it('cannot be addressed by somebody who logged in', async () => {
    const client = await loggedIn(sandbox(), 'alice@a.test');
    expect(await tryRecipient(client, address, 'alice@a.test')).toMatch(/554 5\.7\.1/);
    await client.quit();
  });

  it('is no relay for programs on the machine', async () => {
    const client = await connect({ host: '127.0.0.1', port: HOP_PORT + sandbox().offset, tls: 'none' });
    await client.command('EHLO localhost');
    expect(await tryRecipient(client, 'x@far.test')).toMatch(/554/);
    await client.quit();
  });
});

describe('mail for unknown addresses', () => {
  it('goes to unknown_to, and is copied like all mail', async () => {
    expect(await whoGot(await sendAsStranger(sandbox(), 'whoever@b.test'))).toEqual({
      'dora@b.test': 1,
      'arch@b.test': 1,
    });
  });

  const taken: readonly (readonly [string, string])[] = [
    ['carl@b.test', 'carl@b.test'],
    ['carl+tag@b.test', 'carl@b.test'],
    ['sales@b.test', 'carl@b.test'],
    ['Carl@B.test', 'carl@b.test'],
  ];

  it.each(taken)('does not include %s, which is known', async (to, account) => {
    expect(await whoGot(await sendAsStranger(sandbox(), to))).toEqual({ [account]: 1, 'arch@b.test': 1 });
  });

  it('does not include an alias whose group has nobody to deliver to', async () => {
    const client = await stranger(sandbox());
    expect(await tryRecipient(client, 'nobody-yet@b.test')).toMatch(/550/);
    await client.quit();
  });

  it('is refused where no unknown_to is', async () => {
    const client = await stranger(sandbox());
    expect(await tryRecipient(client, 'whoever@a.test')).toMatch(/550 5\.1\.1/);
    expect(await tryRecipient(client, 'whoever@a2.test')).toMatch(/550 5\.1\.1|503/);
    await client.quit();
  });
});

describe('a copy that cannot be delivered', () => {
  const body = 'x'.repeat(70).concat('\n').repeat(60);

  it('comes back to the sender, to postmaster, or to nobody', async () => {
    for (const archive of ['archive@a.test', 'arch@b.test', 'silent@c.test']) {
      await sandbox().ok(['user', 'set', archive, '--quota', '1 kB']);
    }
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    // What was full already would be refused at RCPT.
    const config = `${sandbox().root}/etc/dovecot/dovecot.conf`;
    await exec('doveadm', ['-c', config, 'expunge', '-u', 'silent@c.test', 'mailbox', 'INBOX', 'all']);
    const bounces = async (address: string, archive: string): Promise<number> =>
      (await mailOf(sandbox(), address)).filter(
        (text) =>
          text.includes('Undelivered Mail Returned to Sender') && text.includes(`Final-Recipient: rfc822; ${archive}`),
      ).length;
    const client = await loggedIn(sandbox(), 'alice@a.test');
    await send(client, 'alice@a.test', 'bob@a.test', { body });
    await client.quit();
    await drain(sandbox());
    expect(await bounces('alice@a.test', 'archive@a.test')).toBe(1);

    const carl = await loggedIn(sandbox(), 'carl@b.test');
    await send(carl, 'carl@b.test', 'dora@b.test', { body });
    await carl.quit();
    const eve = await loggedIn(sandbox(), 'eve@c.test');
    await send(eve, 'eve@c.test', 'x@far.test', { body });
    await eve.quit();
    await drain(sandbox());
    expect(await bounces('carl@b.test', 'arch@b.test')).toBe(0);
    expect(await bounces('eve@c.test', 'silent@c.test')).toBe(0);
    // What somebody wrote to the archive itself is theirs to hear of, copied or not.
    for (const user of ['eve@c.test', 'alice@a.test']) {
      const direct = await loggedIn(sandbox(), user);
      await send(direct, user, 'silent@c.test', { body });
      await direct.quit();
      await drain(sandbox());
      expect(await bounces(user, 'silent@c.test'), user).toBe(1);
    }
    const root = await import('node:fs/promises').then((fs) => fs.readFile(`${sandbox().root}/var/mail/root`, 'utf8'));
    expect(root.match(/^Final-Recipient: rfc822; arch@b\.test$/gm)).toHaveLength(1);
    expect(root).not.toContain('silent@c.test');
  });
});
