import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  copies,
  drain,
  mailOf,
  outbound,
  PASSWORD_HASH,
  sendAs,
  sendAsStranger,
  stranger,
  tryRecipient,
} from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const user = `{password: "${PASSWORD_HASH}"}`;

const STATE = `
version: 1
server:
  mailname: mx.example.test
domains:
  a.test: {aliases: [a-alias.test, a-second.test]}
  b.test: {aliases: [b-alias.test]}
  empty.test: {}
users:
  alice@a.test: ${user}
  bob@a.test: ${user}
  carol@b.test: ${user}
  Dave@B.Test: ${user}
  nomail@a.test: {account: false}
groups:
  staff: {members: [alice@a.test, carol@b.test, nomail@a.test]}
  nobody: {members: [nomail@a.test]}
  both: {members: [alice@a.test, bob@a.test]}
aliases:
  al@a.test: alice@a.test
  Sales@A.test: alice@a.test
  pair@a.test: [alice@a.test, carol@b.test]
  team@a.test: staff
  crew@a.test: staff
  both@b.test: both
  chain1@b.test: chain2@a.test
  chain2@a.test: [chain3@b.test, bob@a.test]
  chain3@b.test: team@a.test
  diamond@a.test: [al@a.test, sales@a.test, alice@a.test, team@a.test]
  partner@a.test: bob@partner.test
  Partners@a.test: [bob@partner.test, Ann.O'Neil+x@partner.test]
  mixed@a.test: [alice@a.test, staff, boss@elsewhere.test, partner@a.test]
  abuse@b.test: carol@b.test
  postmaster@b.test: dave@b.test
`;

const ACCOUNTS = ['alice@a.test', 'bob@a.test', 'carol@b.test', 'dave@b.test'] as const;
const sandbox = useSandbox({ state: STATE });

/** Who has how many copies of one message to these recipients, and which copies left, in order. */
async function delivered(
  recipients: string | readonly string[],
  from = 'sender@elsewhere.test',
): Promise<{ accounts: Record<string, number>; outside: (string | undefined)[]; senders: (string | undefined)[] }> {
  const token = await sendAsStranger(sandbox(), recipients, from);
  const accounts = await copies(sandbox(), token, ACCOUNTS);
  const outside = await outbound(sandbox(), token);
  return { accounts, outside: outside.map(({ to }) => to), senders: outside.map(({ from: sender }) => sender) };
}

const ALICE = { 'alice@a.test': 1 };
const STAFF = { 'alice@a.test': 1, 'carol@b.test': 1 };

describe('one recipient', () => {
  const cases: readonly (readonly [string, Record<string, number>, readonly string[]])[] = [
    ['al@a.test', ALICE, []],
    ['AL@A.TEST', ALICE, []],
    ['sales@a.test', ALICE, []],
    ['dave@b.test', { 'dave@b.test': 1 }, []],
    ['pair@a.test', STAFF, []],
    ['team@a.test', STAFF, []],
    ['crew@a.test', STAFF, []],
    ['both@b.test', { 'alice@a.test': 1, 'bob@a.test': 1 }, []],
    ['chain3@b.test', STAFF, []],
    ['chain2@a.test', { ...STAFF, 'bob@a.test': 1 }, []],
    ['chain1@b.test', { ...STAFF, 'bob@a.test': 1 }, []],
    ['diamond@a.test', STAFF, []],
    ['partner@a.test', {}, ['bob@partner.test']],
    ['partners@a.test', {}, ["Ann.O'Neil+x@partner.test", 'bob@partner.test']],
    ['mixed@a.test', STAFF, ['bob@partner.test', 'boss@elsewhere.test']],
    ['alice+tag@a.test', ALICE, []],
  ];
  it.each(cases)('%s', async (recipient, accounts, outside) => {
    expect(await delivered(recipient)).toMatchObject({ accounts, outside });
  });

  it.each(cases)('%s in its domain aliases and with a tag', async (recipient, accounts, outside) => {
    const [local, domain] = recipient.split('@') as [string, string];
    const forms = [`${local}@${domain.toLowerCase() === 'a.test' ? 'a-alias.test' : 'b-alias.test'}`];
    if (domain === 'a.test') forms.push(`${local}@a-second.test`);
    if (!local.includes('+')) forms.push(...[recipient, ...forms].map((form) => form.replace('@', '+tag@')));
    for (const form of forms) {
      const result = await delivered(form);
      expect(result.accounts, form).toEqual(accounts);
      expect(
        result.outside.map((to) => to?.replace(/\+tag(?=@)/, '')),
        form,
      ).toEqual(outside);
    }
  });
});

describe('several ways to one mailbox in one message', () => {
  it.each([
    [['alice@a.test', 'al@a.test', 'sales@a.test']],
    [['alice@a.test', 'alice@a-alias.test', 'alice@a-second.test', 'ALICE@A.test']],
    [['alice@a.test', 'alice+one@a.test', 'alice+two@a-alias.test']],
  ])('%j: one copy', async (recipients) => {
    const { accounts } = await delivered(recipients);
    // A tag is another address for the same mailbox: Postfix may deliver once for each, never twice for one.
    const ways = new Set(recipients.filter((address) => address.includes('+'))).size;
    expect(accounts['alice@a.test']).toBe(ways === 0 ? 1 : ways + 1);
  });

  it('a group, its members, aliases and chains: one copy each', async () => {
    const { accounts, outside } = await delivered([
      'team@a.test',
      'crew@a-alias.test',
      'alice@a.test',
      'carol@b-alias.test',
      'diamond@a.test',
      'chain1@b.test',
      'mixed@a.test',
      'partner@a.test',
      'bob@partner.test'.replace('bob@partner.test', 'partners@a.test'),
    ]);
    expect(accounts).toEqual({ ...STAFF, 'bob@a.test': 1 });
    expect(outside).toEqual(["Ann.O'Neil+x@partner.test", 'bob@partner.test', 'boss@elsewhere.test']);
  });
});

describe('mail that leaves', () => {
  it('an external alias keeps the original sender', async () => {
    expect(await delivered('partner@a.test', 'someone@elsewhere.test')).toMatchObject({
      senders: ['<someone@elsewhere.test>'],
    });
    expect(await delivered('partner@a.test', '')).toMatchObject({ senders: ['<>'] });
  });

  it('is captured once for each recipient, with its envelope', async () => {
    const recipients = ['x@one.test', 'y@one.test', 'z@two.test', 'X+tag@one.test'];
    const token = await sendAs(sandbox(), 'alice@a.test', recipients);
    const found = await outbound(sandbox(), token);
    expect(found.map(({ to }) => to)).toEqual([...recipients].sort((a, b) => a.localeCompare(b)));
    expect(new Set(found.map(({ from }) => from))).toEqual(new Set(['<alice@a.test>']));
  });

  it('also to address literals and to names of this machine that are not ours', async () => {
    const token = await sendAs(sandbox(), 'alice@a.test', ['x@[192.0.2.7]', 'y@sub.mx.example.test']);
    expect((await outbound(sandbox(), token)).map(({ to }) => to)).toEqual(['x@[192.0.2.7]', 'y@sub.mx.example.test']);
  });
});

describe('group members', () => {
  it('a member without an account gets nothing and bounces nothing', async () => {
    const token = await sendAs(sandbox(), 'bob@a.test', 'team@a.test');
    expect(await copies(sandbox(), token, ACCOUNTS)).toEqual(STAFF);
    expect((await mailOf(sandbox(), 'bob@a.test')).filter((text) => text.includes(token))).toEqual([]);
  });

  it('a sender in the group gets a copy as well', async () => {
    const token = await sendAs(sandbox(), 'alice@a.test', 'team@a.test');
    expect(await copies(sandbox(), token, ACCOUNTS)).toEqual(STAFF);
  });
});

describe('role addresses', () => {
  const forRoot = [
    'postmaster@a.test',
    'abuse@a.test',
    'PostMaster@a-alias.test',
    'abuse@a-second.test',
    'postmaster@empty.test',
    'abuse@empty.test',
    'postmaster@mx.example.test',
    'abuse@mx.example.test',
    'root@mx.example.test',
    'postmaster',
    'postmaster+x@a.test',
  ];
  it('are deliverable everywhere, to root', async () => {
    const tokens: [string, string][] = [];
    for (const address of forRoot) tokens.push([address, await sendAsStranger(sandbox(), address)]);
    await drain(sandbox());
    const mbox = await readFile(`${sandbox().root}/var/mail/root`, 'utf8');
    expect(tokens.filter(([, token]) => !mbox.includes(`Subject: ${token}`)).map(([address]) => address)).toEqual([]);
  });

  it.each([
    ['postmaster@b.test', 'dave@b.test'],
    ['postmaster@b-alias.test', 'dave@b.test'],
    ['abuse@b.test', 'carol@b.test'],
    ['abuse@b-alias.test', 'carol@b.test'],
  ])('%s goes where the state says', async (address, account) => {
    expect(await delivered(address)).toEqual({ accounts: { [account]: 1 }, outside: [], senders: [] });
  });
});

describe('what is no address', () => {
  it('is refused in every domain and domain alias', async () => {
    const client = await stranger(sandbox());
    for (const address of ['staff@a.test', 'carol@a.test', 'alice@b.test', 'chain1@a.test', 'x@empty.test']) {
      expect(await tryRecipient(client, address), address).toMatch(/^550 5\.1\.1 /);
    }
    await client.quit();
    const second = await stranger(sandbox());
    for (const address of ['nobody@a-alias.test', 'both@a-alias.test', 'alice@b-alias.test', 'nomail@a-second.test']) {
      expect(await tryRecipient(second, address), address).toMatch(/^550 5\.1\.1 /);
    }
    await second.quit();
  });
});
