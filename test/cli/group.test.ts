import { describe, expect, it } from 'vitest';
import { scene } from '../support/scene.ts';

const STATE = `version: 1
server: {mailname: mx.test.example}
defaults: {user: {domain: example.com}}
domains:
  example.com: {aliases: [example.net]}
users:
  alice@example.com: {}
  bob@example.com: {}
  nomail@example.com: {account: false}
groups:
  # who works here
  staff: {members: [alice@example.com]} # for now
  nobody: {members: [nomail@example.com]}
aliases:
  al@example.com: alice@example.com
  team@example.com: staff
  mixed@example.com: [staff, bob@example.com]
`;

describe('group', () => {
  it('is added, listed, shown and removed', async () => {
    const there = await scene(STATE);
    await there.ok(['group', 'add', 'Board', 'bob', 'ALICE@example.com']);
    expect(await there.text()).toContain('\n  Board:\n    members: [bob@example.com, alice@example.com]\n');
    expect(await there.json(['group', 'list'])).toEqual([
      { group: 'staff', members: ['alice@example.com'], aliases: ['team@example.com', 'mixed@example.com'] },
      { group: 'nobody', members: ['nomail@example.com'], aliases: [] },
      { group: 'Board', members: ['bob@example.com', 'alice@example.com'], aliases: [] },
    ]);
    expect(await there.json(['group', 'show', 'board'])).toEqual({
      group: 'Board',
      members: [
        { address: 'bob@example.com', account: true },
        { address: 'alice@example.com', account: true },
      ],
      aliases: [],
    });
    await there.ok(['group', 'remove', 'BOARD']);
    expect(await there.text()).toBe(STATE);
  });

  it('gains and loses members, and keeps what stands around them', async () => {
    const there = await scene(STATE);
    await there.ok(['group', 'member', 'add', 'staff', 'bob', 'nomail']);
    expect(await there.text()).toContain(
      '  staff: {members: [alice@example.com, bob@example.com, nomail@example.com]} # for now\n',
    );
    await there.ok(['group', 'member', 'remove', 'staff', 'nomail@example.com', 'bob@example.com']);
    expect(await there.text()).toBe(STATE);
  });

  it('is refused what makes no sense', async () => {
    const there = await scene(STATE);
    await there.refuses(5, ['group', 'add', 'STAFF']);
    await there.refuses(4, ['group', 'add', 'new', 'nobody@example.com']);
    await there.refuses(2, ['group', 'add', 'new', 'al@example.com']);
    await there.refuses(2, ['group', 'add', 'a b']);
    await there.refuses(2, ['group', 'add', 'x@example.com']);
    await there.refuses(2, ['group', 'add', '-oProxy']);
    await there.refuses(4, ['group', 'show', 'staf']);
    await there.refuses(4, ['group', 'remove', 'gone']);
    await there.refuses(5, ['group', 'member', 'add', 'staff', 'alice']);
    await there.refuses(4, ['group', 'member', 'remove', 'staff', 'bob']);
    await there.refuses(4, ['group', 'member', 'add', 'gone', 'bob']);
  });

  it('is left alone with --if-not-exists and --if-exists', async () => {
    const there = await scene(STATE);
    await there.ok(['group', 'add', 'staff', '--if-not-exists']);
    await there.ok(['group', 'remove', 'gone', '--if-exists']);
    await there.ok(['group', 'member', 'add', 'staff', 'alice', '--if-not-exists']);
    await there.ok(['group', 'member', 'remove', 'staff', 'bob', '--if-exists']);
    expect(await there.text()).toBe(STATE);
  });

  it('goes with the aliases that have no other target, after asking', async () => {
    const there = await scene(STATE);
    const asked = await there.refuses(2, ['group', 'remove', 'staff']);
    expect(asked).toContain('alias team@example.com has no target left and is removed');
    expect(asked).toContain('alias mixed@example.com loses staff');
    await there.ok(['group', 'remove', 'staff', '--yes']);
    const text = await there.text();
    expect(text).not.toContain('staff');
    expect(text).toContain('mixed@example.com: [bob@example.com]');
    expect(text).toContain('# who works here');
  });

  it('takes an alias only when a member has an account', async () => {
    const there = await scene(STATE);
    const refusal = await there.refuses(1, ['alias', 'add', 'info@example.com', 'nobody']);
    expect(refusal).toContain('no member of the group nobody has a mail account');
    await there.ok(['group', 'member', 'add', 'nobody', 'bob']);
    await there.ok(['alias', 'add', 'info@example.com', 'nobody']);
  });
});

describe('domain catch-all', () => {
  it('is set, shown and taken back', async () => {
    const there = await scene(STATE);
    const add = ['domain', 'catch-all', 'example.com', '--copy-to', 'alice@example.com', '--on-bounce', 'none'];
    await there.ok([...add, '--unknown-to', 'al@example.com']);
    expect(await there.json(['domain', 'catch-all', 'example.com'])).toEqual({
      domain: 'example.com',
      copyTo: 'alice@example.com',
      onBounce: 'none',
      unknownTo: 'al@example.com',
    });
    await there.ok(['domain', 'catch-all', 'example.com', '--copy-to', 'none']);
    expect(await there.json(['domain', 'catch-all', 'example.com'])).toMatchObject({
      copyTo: null,
      onBounce: 'sender',
      unknownTo: 'al@example.com',
    });
    await there.ok(['domain', 'catch-all', 'example.com', '--none']);
    expect(await there.text()).toBe(STATE);
  });

  it('is refused what leads nowhere', async () => {
    const there = await scene(STATE);
    const refused = (code: number, ...options: readonly string[]): Promise<string> =>
      there.refuses(code, ['domain', 'catch-all', 'example.com', ...options]);
    await refused(4, '--copy-to', 'gone@example.com');
    await refused(4, '--copy-to', 'nomail@example.com');
    await refused(2, '--copy-to', 'alice@example.net');
    await refused(2, '--copy-to', 'a b@example.com');
    await refused(2, '--unknown-to', 'staff');
    await refused(2, '--copy-to', 'alice@example.com', '--on-bounce', 'everybody');
    await refused(2, '--on-bounce', 'none');
    await refused(2, '--none', '--unknown-to', 'alice@example.com');
    await refused(3, '--copy-to', 'x@sender.copy.eboxmail.invalid');
    await there.refuses(4, ['domain', 'catch-all', 'gone.example', '--none']);
  });

  it('warns of an archive elsewhere', async () => {
    const there = await scene(STATE);
    const { stderr } = await there.ok(['domain', 'catch-all', 'example.com', '--copy-to', 'x@far.example']);
    expect(stderr).toContain('x@far.example is not in a domain managed here');
  });

  it('goes with its user, after asking', async () => {
    const there = await scene(STATE);
    await there.ok(['domain', 'catch-all', 'example.com', '--copy-to', 'bob@example.com']);
    await there.ok(['server', 'set', '--postmaster', 'bob@example.com']);
    const asked = await there.refuses(2, ['user', 'remove', 'bob@example.com']);
    expect(asked).toContain('mail of the domain example.com is no longer copied to bob@example.com');
    expect(asked).toContain('mail for postmaster goes to root');
    await there.ok(['user', 'remove', 'bob@example.com', '--yes']);
    expect(await there.text()).not.toMatch(/bob|catch_all|postmaster/);
  });
});
