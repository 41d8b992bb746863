import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HASH, inTurns, scene, STATE } from '../support/scene.ts';

const HASHED = ['--password-hash', HASH];

describe('user add', () => {
  it('says what it did and what to do next, on standard error', async () => {
    const there = await scene(STATE);
    const { stdout, stderr } = await there.ok(['user', 'add', 'Dora@Example.com', ...HASHED]);
    expect(stdout).toBe('');
    expect(stderr).toContain('added the user dora@example.com');
    expect(stderr).toContain('eboxmail plan');
    expect(await there.text()).toContain(`  dora@example.com:\n    password: "${HASH}"\n`);
    expect(await there.json(['user', 'add', 'erik@example.com', ...HASHED])).toEqual({
      changed: true,
      user: 'erik@example.com',
    });
    await there.ok(['validate']);
  });

  it('completes a bare name with the default domain, and asks for a full address without one', async () => {
    const there = await scene(STATE);
    await there.ok(['user', 'add', 'dora', ...HASHED]);
    expect(await there.text()).toContain('  dora@example.com:\n');
    const without = await scene(STATE.replace(/^defaults:\n.*\n/m, ''));
    expect(await without.refuses(2, ['user', 'add', 'dora', ...HASHED])).toContain('defaults');
  });

  it('exits 5 for who is there, in whatever case, 0 with --if-not-exists, and asks for no password then', async () => {
    const there = await scene(STATE);
    await there.refuses(5, ['user', 'add', 'alice@example.com']);
    await there.refuses(5, ['user', 'add', 'ALICE@EXAMPLE.COM', ...HASHED]);
    expect((await there.ok(['user', 'add', 'ALICE@example.com', '--if-not-exists'])).stderr).toBe('unchanged\n');
    const args = ['user', 'add', 'alice@example.com', '--if-not-exists', '--generate-password'];
    expect(await there.ok(args)).toMatchObject({ stdout: '' });
    expect(await there.json(args)).toEqual({ changed: false });
    expect(await there.text()).toBe(STATE);
  });

  it('exits 5 for an alias even with --if-not-exists', async () => {
    const there = await scene(STATE);
    const words = await there.refuses(5, ['user', 'add', 'al@example.com', '--if-not-exists', ...HASHED]);
    expect(words).toContain('eboxmail alias remove al@example.com');
  });

  it('exits 4 in a domain that is not managed here, 2 in a domain alias', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(4, ['user', 'add', 'x@exmaple.com', ...HASHED])).toContain('did you mean example.com?');
    await there.refuses(4, ['user', 'add', 'x@exmaple.com', '--if-not-exists', ...HASHED]);
    expect(await there.refuses(2, ['user', 'add', 'x@example.net', ...HASHED])).toContain('x@example.com');
  });

  it('takes name, quota and account', async () => {
    const there = await scene(STATE);
    await there.ok(['user', 'add', 'd@example.com', '--name', 'D', '--quota', '500 MB', ...HASHED]);
    await there.ok(['user', 'add', 'e@example.com', '--quota', 'unlimited', '--no-account']);
    await there.ok(['user', 'add', 'f@example.com', '--quota', 'default', '--no-account']);
    expect(await there.json(['user', 'list'])).toEqual(
      expect.arrayContaining([
        { address: 'd@example.com', name: 'D', account: true, quota: '500 MB' },
        { address: 'e@example.com', account: false, quota: 'unlimited' },
        { address: 'f@example.com', account: false, quota: 'default' },
      ]) as unknown,
    );
  });

  it('follows the default user template', async () => {
    const there = await scene(STATE.replace('user: {domain', 'user: {account: false, domain'));
    await there.ok(['user', 'add', 'dora']);
    expect(await there.json(['user', 'show', 'dora'])).toMatchObject({ account: false, password: 'not set' });
    await there.refuses(2, ['user', 'add', 'erik', '--account']);
    await there.ok(['user', 'add', 'erik', '--account', ...HASHED]);
    expect(await there.json(['user', 'show', 'erik'])).toMatchObject({ account: true });
  });
});

describe('odd but legal values', () => {
  const NAMES = [
    `Dr. "Bob" O'Hara #3`,
    'a: b',
    'a #b',
    '# c',
    '- x',
    '? x',
    '{a}',
    '[a, b]',
    '*x',
    '&x',
    '!x',
    '%x',
    '@x',
    '`x`',
    '| x',
    '> x',
    ' leading and trailing ',
    'true',
    'null',
    '~',
    '123',
    '0x1f',
    '1e3',
    '.inf',
    '2024-01-01',
    'yes',
    '---',
    '...',
    '<<',
    '=',
    '__proto__',
    'Zoë Ångström 山田 🙂',
    'back\\slash \\n',
    "''",
    '"',
    '$HOME `id` $(id) ${x}',
    '%u %{user}',
    'x'.repeat(255),
    'non\u00a0breaking',
  ];

  it('keeps names as they are', async () => {
    const users = NAMES.map((_, n) => `  u${n}@example.com: # ${n}\n    account: false\n`).join('');
    const state = `version: 1\nserver: {mailname: mx.test.example}\ndomains:\n  example.com:\nusers:\n${users}`;
    const there = await scene(state);
    await inTurns([...NAMES.entries()], 3, async ([n, name]) => {
      await there.ok(['user', 'set', `u${n}@example.com`, `--name=${name}`]);
    });
    const list = (await there.json(['user', 'list'])) as { name: string }[];
    expect(list.map(({ name }) => name)).toEqual(NAMES);
    const { stdout } = await there.ok(['user', 'list']);
    expect(stdout.split('\n').map((line) => line.split('\t')[1])).toEqual([...NAMES, undefined]);
    for (const [n] of NAMES.entries()) {
      if (n % 8 === 0) await there.ok(['user', 'set', `u${n}@example.com`, '--name', '']);
    }
    expect(await there.text()).toContain('  u0@example.com: # 0\n    account: false\n  u1@example.com: # 1\n');
    await there.ok(['plan']);
  });

  it('keeps odd local parts', async () => {
    const there = await scene(STATE);
    const locals = ['_x', 'a.b-c_d', '0', '123', '__proto__', 'constructor', 'true', 'null', 'x'.repeat(64)];
    await inTurns(locals, 3, async (local) => {
      await there.ok(['user', 'add', `${local}@example.com`, '--no-account']);
      expect(await there.json(['user', 'show', `${local}@example.com`])).toMatchObject({
        address: `${local}@example.com`,
      });
    });
  });
});

describe('user set', () => {
  it('changes what is given and nothing else', async () => {
    const there = await scene(STATE);
    await there.ok(['user', 'set', 'alice', '--quota', '4 GB']);
    expect(await there.text()).toBe(STATE.replace('quota: 2 GB', 'quota: 4 GB'));
    await there.ok(['user', 'set', 'ALICE@example.com', '--quota', 'default', '--name', '']);
    expect(await there.text()).toBe(STATE.replace('    quota: 2 GB\n', '').replace('    name: Alice Liddell\n', ''));
    const { stderr } = await there.ok(['user', 'set', 'alice', '--account']);
    expect(stderr).toBe('unchanged\n');
    expect(await there.json(['user', 'set', 'carol@other.example', '--no-account'])).toEqual({ changed: false });
  });

  it('exits 2 with nothing to set, 4 for who is not there', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(2, ['user', 'set', 'alice'])).toContain('--quota');
    expect(await there.refuses(4, ['user', 'set', 'alcie@example.com', '--name', 'x'])).toContain('alice@example.com');
    await there.refuses(4, ['user', 'set', 'al@example.com', '--name', 'x']);
  });

  it('does not take the account from under an alias', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(3, ['user', 'set', 'bob@example.com', '--no-account'])).toContain('both@example.com');
  });
});

describe('user remove', () => {
  it('lists what else changes and needs --yes without a terminal', async () => {
    const there = await scene(STATE);
    const words = await there.refuses(2, ['user', 'remove', 'alice@example.com']);
    expect(words).toContain('--yes');
    for (const effect of [
      'group staff loses alice@example.com',
      'alias al@example.com has no target left and is removed',
      'alias chain@other.example has no target left and is removed',
      'alias both@example.com loses alice@example.com',
    ]) {
      expect(words).toContain(effect);
    }
    const { stderr } = await there.ok(['user', 'remove', 'alice@example.com', '--yes']);
    expect(stderr).toContain('removed the user alice@example.com');
    // The group has nobody with an account now: a warning, not a refusal.
    expect(stderr).toMatch(/warning: aliases\.team@example\.com: .*staff/);
    expect(await there.text()).not.toContain('alice@example.com');
    expect(await there.text()).toContain('both@example.com: [bob@example.com]');
    await there.ok(['validate']);
  });

  it('asks nobody when nothing else changes', async () => {
    const there = await scene(STATE);
    await there.ok(['user', 'add', 'dora', '--no-account']);
    expect(await there.json(['user', 'remove', 'dora'])).toEqual({
      changed: true,
      user: 'dora@example.com',
      consequences: [],
    });
    expect(await there.text()).toBe(STATE);
  });

  it('exits 4 with the nearest name, or 0 with --if-exists', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(4, ['user', 'remove', 'bub@example.com'])).toContain('did you mean bob@example.com?');
    expect((await there.ok(['user', 'remove', 'bub@example.com', '--if-exists'])).stderr).toBe('unchanged\n');
    expect(await there.json(['user', 'remove', 'x@nowhere.test', '--if-exists'])).toEqual({ changed: false });
  });

  it('asks before --purge, and remembers it only as long as it holds', async () => {
    const there = await scene(STATE);
    const purges = (): Promise<string> => readFile(join(there.root, 'var/lib/eboxmail/purge'), 'utf8').catch(() => '');
    await there.ok(['user', 'add', 'dora', '--no-account']);
    expect(await there.refuses(2, ['user', 'remove', 'dora', '--purge'])).toContain('all mail of dora@example.com');
    expect(await purges()).toBe('');
    await there.ok(['user', 'remove', 'dora', '--purge', '-y']);
    expect(await purges()).toBe('dora@example.com\n');
    await there.ok(['user', 'add', 'dora', '--no-account']);
    expect(await purges()).toBe('');
    // A removal that failed after its purge was noted must not make a later, gentle one delete the mail.
    await mkdir(join(there.root, 'var/lib/eboxmail'), { recursive: true });
    await writeFile(join(there.root, 'var/lib/eboxmail/purge'), 'dora@example.com\n');
    await there.ok(['user', 'remove', 'dora']);
    expect(await purges()).toBe('');
  });

  it('says that mail for postmaster goes to root then', async () => {
    const there = await scene(STATE.replace('server:\n', 'server:\n  postmaster: bob@example.com\n'));
    expect(await there.refuses(2, ['user', 'remove', 'bob@example.com'])).toContain('postmaster');
    await there.ok(['user', 'remove', 'bob@example.com', '--yes']);
    expect(await there.text()).not.toContain('postmaster');
    await there.ok(['validate']);
  });
});

describe('user list and show', () => {
  it('prints lines for programs, and JSON', async () => {
    const there = await scene(STATE);
    expect(await there.ok(['user', 'list'])).toMatchObject({
      stdout:
        'alice@example.com\tAlice Liddell\tyes\t2 GB\nbob@example.com\t\tyes\tdefault\ncarol@other.example\t\tno\tdefault\n',
      stderr: '',
    });
    expect((await there.ok(['user', 'list', '--domain', 'Other.example'])).stdout).toBe(
      'carol@other.example\t\tno\tdefault\n',
    );
    const { stdout } = await there.ok(['user', 'show', 'alice']);
    expect(stdout).toContain('{SHA512-CRYPT}');
    expect(await there.json(['user', 'show', 'ALICE'])).toEqual({
      address: 'alice@example.com',
      name: 'Alice Liddell',
      account: true,
      password: '{SHA512-CRYPT}',
      quota: '2 GB',
      effectiveQuota: '2 GB',
      quotaFrom: 'user',
      usage: null,
      lastLogin: null,
      aliases: ['al@example.com', 'team@example.com', 'both@example.com', 'chain@other.example'],
      groups: ['staff'],
      domainAliases: ['example.net'],
      notes: ['not applied yet: the mailbox comes with the next apply'],
    });
  });

  it('exits 4 for a user or domain that is not there', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(4, ['user', 'show', 'alicia@example.com'])).toContain('did you mean alice@example.com?');
    expect(await there.refuses(4, ['user', 'list', '--domain', 'exmaple.com'])).toContain('did you mean example.com?');
    await there.refuses(2, ['user', 'list', '--domain', 'a b']);
  });

  it('is empty but valid without users', async () => {
    const there = await scene('version: 1\n');
    expect(await there.ok(['user', 'list'])).toMatchObject({ stdout: '', stderr: '' });
    expect(await there.json(['user', 'list'])).toEqual([]);
    expect(await there.json(['domain', 'list'])).toEqual([]);
    expect(await there.json(['alias', 'list'])).toEqual([]);
  });
});
