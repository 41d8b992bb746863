import { describe, expect, it } from 'vitest';
import { HASH, scene } from '../support/scene.ts';

const STATE = `version: 1
server: {mailname: mx.a.test}
defaults: {user: {domain: a.test}}
domains:
  a.test: {aliases: [a2.test]}
  b.test: {catch_all: {copy_to: list@a.test, unknown_to: l2@b.test}}
users:
  sole@a.test: {password: "${HASH}"}
  bo@b.test: {password: "${HASH}"}
groups: {solo: {members: [sole@a.test]}}
aliases:
  list@a.test: solo
  l2@b.test: list@a.test
  postmaster@b.test: solo
`;

const NOBODY = [
  'mail for list@a.test is refused, because it leads to nobody',
  'mail for l2@b.test is refused, because it leads to nobody',
  'mail for postmaster@b.test goes to the postmaster of the server, because it leads to nobody',
  'mail of the domain b.test is no longer copied, because its archive leads to nobody',
  'mail for unknown addresses of b.test is refused, because whoever takes it leads to nobody',
];

describe('what else stops working', () => {
  it.each([
    ['user remove', ['user', 'remove', 'sole@a.test'], ['group solo loses sole@a.test', ...NOBODY]],
    ['user set --no-account', ['user', 'set', 'sole@a.test', '--no-account'], NOBODY],
    ['group member remove', ['group', 'member', 'remove', 'solo', 'sole@a.test'], NOBODY],
  ])('is said before it is done by %s, and asked about', async (_, command, consequences) => {
    const there = await scene(STATE);
    const words = await there.refuses(2, command);
    for (const line of consequences) expect(words).toContain(line);
    expect(words).toContain('--yes');
    expect(await there.json([...command, '--yes'])).toMatchObject({ changed: true, consequences });
    const { stderr } = await there.ok(['validate']);
    expect(stderr).toContain('the catch-all points to list@a.test, which leads to nobody');
    expect(stderr).toContain('l2@b.test points to list@a.test, which leads to nobody');
    const { stdout } = await there.ok(['explain', 'bo@b.test']);
    expect(stdout).toMatch(/no copy is made, because list@a\.test leads to nobody {2}\(state\.yaml:\d+\)/);
  });

  it('is not asked about where nothing does', async () => {
    const there = await scene(STATE);
    const data = await there.json(['user', 'set', 'bo@b.test', '--no-account']);
    expect(data).toMatchObject({ changed: true, consequences: [] });
  });

  it('counts for the group itself', async () => {
    const there = await scene(STATE.replace('list@a.test: solo', 'list@a.test: [solo, far@out.test]'));
    const words = await there.refuses(2, ['group', 'remove', 'solo']);
    expect(words).toContain('alias postmaster@b.test has no target left and is removed');
  });

  it('counts for a domain with everything in it', async () => {
    const there = await scene(STATE.replace('  l2@b.test: list@a.test', '  l2@b.test: [abuse@a.test, bo@b.test]'));
    const words = await there.refuses(2, ['domain', 'remove', 'a.test', '--cascade']);
    for (const line of [
      'the domain alias a2.test goes',
      'there is no default domain any more',
      'alias l2@b.test loses abuse@a.test',
      'mail of the domain b.test is no longer copied to list@a.test',
      'mail for postmaster@b.test goes to the postmaster of the server',
    ]) {
      expect(words).toContain(line);
    }
    expect(await there.json(['domain', 'remove', 'a.test', '--cascade', '--yes'])).toMatchObject({ changed: true });
    expect(await there.text()).toContain('l2@b.test: [bo@b.test]');
  });
});

describe('names that nobody can have', () => {
  it.each([
    [['domain', 'add', 'localhost.a.test'], 'is a name of this machine itself'],
    [['domain', 'alias', 'add', 'b.test', 'localhost.a.test'], 'is a name of this machine itself'],
    [['domain', 'add', 'copy.eboxmail.invalid'], 'is reserved for eboxmail itself'],
    [['domain', 'alias', 'add', 'b.test', 'sender.copy.eboxmail.invalid'], 'is reserved for eboxmail itself'],
    [['server', 'set', '--mailname', 'none.copy.eboxmail.invalid'], 'is reserved for eboxmail itself'],
  ])('are refused: %j', async (command, words) => {
    expect(await (await scene(STATE)).refuses(3, command)).toContain(words);
  });
});

describe('roles', () => {
  it('can be targets without being written', async () => {
    const there = await scene(STATE);
    await there.ok(['alias', 'add', 'abuse@a.test', 'postmaster@a.test']);
    await there.ok(['domain', 'catch-all', 'a.test', '--unknown-to', 'Postmaster@a.test']);
    expect((await there.ok(['explain', 'whoever@a2.test'])).stdout).toContain('local mail for root@mx.a.test');
    await there.refuses(4, ['alias', 'add', 'help@a.test', 'hostmaster@a.test']);
    await there.refuses(2, ['alias', 'add', 'help@a.test', 'postmaster@a2.test']);
  });
});

describe('explain', () => {
  it('completes a bare name and says so; asks about the empty sender in both writings', async () => {
    const there = await scene(STATE);
    const { stderr } = await there.ok(['explain', 'abuse']);
    expect(stderr).toContain('so this is about abuse@a.test');
    for (const empty of ['', '<>']) {
      expect((await there.ok(['explain', '--send', 'sole', empty])).stdout).toContain('sole@a.test as <>');
    }
  });

  it('says what is discarded, also behind an alias', async () => {
    const there = await scene(`${STATE}  gone@a.test: double-bounce@mx.a.test\n`);
    for (const address of ['gone@a.test', 'double-bounce@mx.a.test']) {
      const { code, stdout } = await there.run(['explain', address]);
      expect(code).toBe(1);
      expect(stdout).toMatch(/accepted \(250\): what is sent there is discarded\n$/);
    }
  });
});
