import { describe, expect, it } from 'vitest';
import { scene, STATE } from '../support/scene.ts';

describe('alias add', () => {
  it('adds an alias of each kind', async () => {
    const there = await scene(STATE);
    const { stdout, stderr } = await there.ok(['alias', 'add', 'info@example.com', 'BOB@example.com']);
    expect(stdout).toBe('');
    expect(stderr).toContain('info@example.com');
    await there.ok(['alias', 'add', 'all@example.com', 'Staff']);
    await there.ok(['alias', 'add', 'out@example.com', "O'Hara+x=y@Partner.EXAMPLE", 'al@example.com']);
    expect(await there.text()).toBe(
      `${STATE}  info@example.com: bob@example.com\n  all@example.com: staff\n  out@example.com: [O'Hara+x=y@partner.example, al@example.com]\n`,
    );
    expect(await there.json(['alias', 'list'])).toContainEqual({
      address: 'out@example.com',
      targets: ["O'Hara+x=y@partner.example", 'al@example.com'],
      kinds: ['external', 'user'],
    });
    await there.ok(['validate']);
  });

  it('adds targets to one that is there', async () => {
    const there = await scene(STATE);
    const answer = await there.json(['alias', 'add', 'AL@example.com', 'bob@example.com', 'alice@example.com']);
    expect(answer).toMatchObject({ changed: true });
    expect(await there.text()).toBe(
      STATE.replace('al@example.com: alice@example.com', 'al@example.com: [alice@example.com, bob@example.com]'),
    );
  });

  it('exits 5 when every target is there, 0 with --if-not-exists', async () => {
    const there = await scene(STATE);
    await there.refuses(5, ['alias', 'add', 'both@example.com', 'BOB@example.com', 'alice@example.com']);
    const { stderr } = await there.ok(['alias', 'add', 'both@example.com', 'bob@example.com', '--if-not-exists']);
    expect(stderr).toBe('unchanged\n');
    expect(await there.text()).toBe(STATE);
  });

  it('exits 5 for a user, even with --if-not-exists', async () => {
    const there = await scene(STATE);
    await there.refuses(5, ['alias', 'add', 'bob@example.com', 'alice@example.com', '--if-not-exists']);
  });

  it('refuses targets that lead nowhere', async () => {
    const there = await scene(STATE);
    const add = (...targets: string[]): string[] => ['alias', 'add', 'new@example.com', ...targets];
    expect(await there.refuses(4, add('alcie@example.com'))).toContain('did you mean alice@example.com?');
    expect(await there.refuses(4, add('carol@other.example'))).toContain('user set carol@other.example --account');
    expect(await there.refuses(4, add('stuff'))).toContain('group');
    expect(await there.refuses(2, add('alice@example.net'))).toContain('alice@example.com');
    // All or nothing.
    await there.refuses(4, add('alice@example.com', 'nobody@example.com'));
    expect(await there.refuses(4, ['alias', 'add', 'x@exmaple.com', 'alice@example.com'])).toContain('example.com');
    expect(await there.refuses(2, ['alias', 'add', 'x@example.net', 'alice@example.com'])).toContain('x@example.com');
  });

  it('refuses a group without anybody who has an account', async () => {
    const there = await scene(STATE.replace('members: [alice@example.com, ', 'members: ['));
    const words = await there.refuses(1, ['alias', 'add', 'new@example.com', 'staff']);
    expect(words).toContain('no member of the group');
  });

  it('refuses circles', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(3, ['alias', 'add', 'al@example.com', 'chain@other.example'])).toContain('circle');
    await there.refuses(3, ['alias', 'add', 'al@example.com', 'al@example.com']);
  });
});

describe('alias remove', () => {
  it('removes one target, and the alias with the last one', async () => {
    const there = await scene(STATE);
    await there.ok(['alias', 'remove', 'both@example.com', 'ALICE@example.com']);
    expect(await there.text()).toBe(STATE.replace('[alice@example.com, bob@example.com]', '[bob@example.com]'));
    const { stderr } = await there.ok(['alias', 'remove', 'both@example.com', 'bob@example.com']);
    expect(stderr).toContain('both@example.com');
    expect(await there.text()).toBe(STATE.replace(/ {2}both.*\n/, ''));
    expect(await there.json(['alias', 'remove', 'Partner@example.com'])).toMatchObject({ changed: true });
    expect(await there.text()).toBe(STATE.replace(/ {2}both.*\n/, '').replace(/ {2}partner.*\n/, ''));
  });

  it('lists aliases that go with it and needs --yes without a terminal', async () => {
    for (const args of [['al@example.com'], ['al@example.com', 'alice@example.com']]) {
      const there = await scene(STATE);
      const words = await there.refuses(2, ['alias', 'remove', ...args]);
      expect(words).toContain('alias chain@other.example has no target left and is removed');
      expect(words).toContain('--yes');
      await there.ok(['alias', 'remove', ...args, '--yes']);
      expect(await there.text()).toBe(STATE.replace(/ {2}(al|chain)@.*\n/g, ''));
    }
  });

  it('exits 4 for what is not there, 0 with --if-exists', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(4, ['alias', 'remove', 'bth@example.com'])).toContain('did you mean both@example.com?');
    await there.refuses(4, ['alias', 'remove', 'both@example.com', 'carol@other.example']);
    await there.refuses(4, ['alias', 'remove', 'both@example.com', 'bob@example.com', 'carol@other.example']);
    await there.refuses(4, ['alias', 'remove', 'alice@example.com']);
    for (const args of [['nothing@example.com'], ['both@example.com', 'carol@other.example']]) {
      expect((await there.ok(['alias', 'remove', ...args, '--if-exists'])).stderr).toBe('unchanged\n');
    }
    expect(await there.text()).toBe(STATE);
    // What is there goes even when another target is not.
    await there.ok(['alias', 'remove', 'both@example.com', 'bob@example.com', 'gone@else.example', '--if-exists']);
    expect(await there.text()).toBe(STATE.replace('[alice@example.com, bob@example.com]', '[alice@example.com]'));
  });
});

describe('alias list', () => {
  it('prints lines for programs, JSON, and one kind', async () => {
    const there = await scene(STATE);
    expect(await there.ok(['alias', 'list'])).toMatchObject({
      stdout: [
        'al@example.com\talice@example.com\tuser\n',
        'team@example.com\tstaff\tgroup\n',
        'both@example.com\talice@example.com, bob@example.com\tuser\n',
        'chain@other.example\tal@example.com\tuser\n',
        'partner@example.com\tbob@partner.example\texternal\n',
      ].join(''),
      stderr: '',
    });
    const kinds = async (kind: string): Promise<string[]> =>
      ((await there.json(['alias', 'list', '--kind', kind])) as { address: string }[]).map(({ address }) => address);
    expect(await kinds('group')).toEqual(['team@example.com']);
    expect(await kinds('external')).toEqual(['partner@example.com']);
    expect(await kinds('user')).toEqual(['al@example.com', 'both@example.com', 'chain@other.example']);
  });
});
