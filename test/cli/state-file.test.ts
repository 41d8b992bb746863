import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bash, HASH, modeOf, OTHER_HASH, scene, STATE } from '../support/scene.ts';

const ADD = ['domain', 'add', 'new.example'];

describe('no state file', () => {
  const COMMANDS = [
    ['validate'],
    ['plan'],
    ['plan', '--json'],
    ['apply'],
    ['domain', 'list', '--json'],
    ['domain', 'show', 'example.com'],
    ['domain', 'remove', 'example.com'],
    ['domain', 'remove', 'example.com', '--if-exists'],
    ['domain', 'alias', 'add', 'example.com', 'example.net'],
    ['user', 'list'],
    ['user', 'add', 'alice@example.com', '--password-hash', HASH],
    ['user', 'set', 'alice@example.com', '--name', 'x'],
    ['alias', 'add', 'a@example.com', 'b@example.com'],
    ['alias', 'remove', 'a@example.com', '--yes'],
  ];
  it.each(COMMANDS)('%s %s %s %s', async (...args) => {
    const there = await scene();
    const stderr = await there.refuses(
      4,
      args.filter((word) => word !== undefined),
    );
    expect(stderr).toContain(there.statePath);
    expect(stderr).toContain('eboxmail domain add');
    await expect(readdir(there.root)).rejects.toThrow('ENOENT');
  });

  it('leaves nothing in a directory that is there', async () => {
    const there = await scene(STATE);
    await rename(there.statePath, `${there.statePath}.old`);
    await there.refuses(4, ['user', 'set', 'alice@example.com', '--name', 'x']);
    expect(await readdir(join(there.root, 'etc/eboxmail'))).toEqual(['state.yaml.old']);
  });
});

describe('a state that is no state', () => {
  const BROKEN: readonly (readonly [what: string, text: string, where: string, reason: RegExp])[] = [
    ['unclosed quote', 'version: 1\nusers:\n  a@example.com: {name: "x}\n', 'state.yaml:', /quote/],
    ['tab', 'version: 1\ndomains:\n\texample.com:\n', 'state.yaml:3:', /[Tt]ab/],
    ['colon', 'version: 1\nserver: mailname: x\n', 'state.yaml:2:', /key: value/],
    ['indentation', 'version: 1\n domains:\n', 'state.yaml:', /./],
    ['list', '- version: 1\n', 'state.yaml:1:1', /map of keys/],
    ['text', 'hello\n', 'state.yaml:1:1', /map of keys/],
    ['two documents', 'version: 1\n---\nversion: 1\n', 'state.yaml:2:1', /second YAML document/],
    ['same key twice', 'version: 1\ndomains: {}\ndomains: {}\n', 'state.yaml:3:1', /line 2 and again on line 3/],
    ['unknown alias', 'version: 1\ndomains: *x\n', 'state.yaml:2:10', /alias/],
    ['tag', 'version: 1\ndomains: !include x\n', 'state.yaml:2:', /tag/],
    ['NUL', 'version: 1\n# \0\nx\0y: 1\n', 'state.yaml:', /./],
    ['misspelt key', 'version: 1\ndomans: {}\n', 'state.yaml:2:1', /did you mean domains\?/],
    ['other version', 'version: 2\n', 'state.yaml:1:10', /version/],
    ['empty', '', 'state.yaml', /"version" is missing/],
    ['blank', '\n\n', 'state.yaml', /"version" is missing/],
    ['comments only', '# nothing\n', 'state.yaml', /"version" is missing/],
  ];
  it.each(BROKEN)('%s: position, reason, exit 3', async (_, text, where, reason) => {
    const there = await scene(text);
    const refused = await there.refuses(3, ADD);
    expect(refused).toContain(where);
    expect(refused).toMatch(reason);
    const { code, stdout, stderr } = await there.run(['validate', '--json']);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    const answer = JSON.parse(stdout) as { valid: boolean; problems: unknown[] };
    expect(answer.valid).toBe(false);
    expect(JSON.stringify(answer.problems[0]).replaceAll('\\"', '"')).toMatch(reason);
  });

  it('shows all errors at once, in the order of the file', async () => {
    const there = await scene(
      'version: 1\nserver:\n  mailname: x y\ndomains: {a.example: {alias: []}}\nusers:\n  b@a.example: {quota: 3}\n',
    );
    const stderr = await there.refuses(3, ['validate']);
    expect([...stderr.matchAll(/state\.yaml:(\d+):\d+: error/g)].map((match) => match[1])).toEqual(['3', '4', '6']);
    expect(stderr).toContain('3 errors');
  });

  it('is not UTF-8: the place of the first wrong byte', async () => {
    const there = await scene(Buffer.from('version: 1\n# h\xf6flich\ndomains: {}\n', 'latin1').toString('latin1'));
    await there.write(Buffer.from('version: 1\n# h\xf6flich\ndomains: {}\n', 'latin1'));
    for (const args of [['validate'], ['domain', 'list'], ADD]) {
      expect(await there.refuses(3, args)).toContain('state.yaml:2:4: error: the file is not in UTF-8');
    }
    // A replacement character that somebody wrote is no sign of it.
    await there.write('version: 1\n# \ufffd\ndomains: {}\n');
    await there.ok(ADD);
    expect(await there.text()).toBe('version: 1\n# \ufffd\ndomains:\n  new.example: {}\n');
  });

  it('cannot be read', async () => {
    const there = await scene();
    await mkdir(there.statePath, { recursive: true });
    for (const args of [['validate'], ['user', 'list'], ADD]) {
      expect(await there.refuses(1, args)).toContain(`cannot read ${there.statePath}`);
    }
  });
});

describe('a link', () => {
  it('stays a link, and the file behind it is edited', async () => {
    const there = await scene(STATE);
    const real = join(there.root, 'git/mail.yaml');
    await mkdir(join(there.root, 'git'));
    await rename(there.statePath, real);
    await symlink('../../git/middle', there.statePath);
    await symlink('mail.yaml', join(there.root, 'git/middle'));
    await there.ok(ADD);
    await there.ok(['domain', 'remove', 'new.example']);
    await there.ok(['user', 'set', 'bob@example.com', '--name', 'Bob']);
    expect(await readlink(there.statePath)).toBe('../../git/middle');
    expect(await readlink(join(there.root, 'git/middle'))).toBe('mail.yaml');
    expect((await lstat(real)).isFile()).toBe(true);
    expect(await readFile(real, 'utf8')).toBe(STATE.replace('xxxx"}', 'xxxx", name: Bob}'));
    expect(await modeOf(real)).toBe('0600');
    expect((await readdir(join(there.root, 'git'))).filter((name) => name.includes('new'))).toEqual([]);
  });

  it('that leads nowhere or in a circle is an error', async () => {
    const there = await scene();
    await mkdir(join(there.root, 'etc/eboxmail'), { recursive: true });
    await symlink('nowhere', there.statePath);
    expect(await there.refuses([1, 4], ADD)).toContain('state.yaml');
    await there.refuses(4, ['domain', 'list']);
    const loop = await scene();
    await mkdir(join(loop.root, 'etc/eboxmail'), { recursive: true });
    await symlink('state.yaml', loop.statePath);
    await loop.refuses(1, ['domain', 'list']);
    await loop.refuses(1, ADD);
  });
});

/** Everything that people do to YAML, and a series of edits with the lines that each may touch. */
const RICH = `%YAML 1.2
---
#
#   The mail of Wonderland
#

version:   1   # the only one

server:
    # four columns here
    mailname: "mx.test.example"     # double
    limits: { message: '25 MB' ,mailbox:   unlimited }

domains:

  example.com:    # ours
    aliases:
    - example.net     # old name
    - example.org
    # end of the list

  "other.example":
  # no entry, only this comment

users:
  # ---- people ----
  alice@example.com:
      name: 'Alice ''Al'' Liddell'
      password: >-
        {SHA512-CRYPT}$6$folded$hash
      quota: 2 GB   # as agreed

  bob@example.com: { name: "Bob \\"B\\" B.", password: "${OTHER_HASH}",
                     quota: 1 GB }   # two lines
  # ---- machines ----
  ? carol@other.example
  : account: false
  Dave@Example.COM: {account: false}


groups: {staff: {members: [ alice@example.com,carol@other.example ]}}   # flow

aliases:
  al@example.com:   alice@example.com
  both@example.com: [ alice@example.com , bob@example.com ]  # flow list
  list@example.com:
    - alice@example.com   # first

    # between
    - bob@example.com     # second
...
# the end
`;

describe('edits', () => {
  /** A command, and what it does to the text: lines taken out, and lines put in their place. */
  const EDITS: readonly (readonly [args: string[], out: readonly string[], put: readonly string[]])[] = [
    [
      ['user', 'set', 'alice@example.com', '--quota', '3 GB'],
      ['      quota: 2 GB   # as agreed'],
      ['      quota: 3 GB   # as agreed'],
    ],
    [
      ['user', 'set', 'dave@example.com', '--name', 'Dave'],
      ['  Dave@Example.COM: {account: false}'],
      ['  Dave@Example.COM: {account: false, name: Dave}'],
    ],
    [
      ['user', 'set', 'bob@example.com', '--quota', 'default'],
      [
        `  bob@example.com: { name: "Bob \\"B\\" B.", password: "${OTHER_HASH}",`,
        '                     quota: 1 GB }   # two lines',
      ],
      [],
    ],
    [['domain', 'alias', 'add', 'example.com', 'example.info'], [], ['    - example.info']],
    [['domain', 'alias', 'remove', 'example.com', 'example.net'], ['    - example.net     # old name'], []],
    [
      ['alias', 'add', 'both@example.com', 'x@partner.example'],
      ['  both@example.com: [ alice@example.com , bob@example.com ]  # flow list'],
      [],
    ],
    [['alias', 'remove', 'list@example.com', 'alice@example.com'], ['    - alice@example.com   # first'], []],
    [['domain', 'add', 'third.example'], [], ['  third.example: {}']],
    [
      ['user', 'add', 'erik@third.example', '--password-hash', HASH],
      [],
      ['  erik@third.example:', `    password: "${HASH}"`],
    ],
    [['user', 'remove', 'dave@example.com'], ['  Dave@Example.COM: {account: false, name: Dave}'], []],
    [['alias', 'remove', 'al@example.com'], ['  al@example.com:   alice@example.com'], []],
  ];

  it('keep every line that they are not about, byte for byte', async () => {
    const there = await scene(RICH);
    await there.ok(['validate']);
    for (const [args, out, put] of EDITS) {
      const before = (await there.text()).split('\n');
      await there.ok(args);
      const after = (await there.text()).split('\n');
      const counts = new Map<string, number>();
      for (const line of before) counts.set(line, (counts.get(line) ?? 0) + 1);
      for (const line of after) counts.set(line, (counts.get(line) ?? 0) - 1);
      const gone = [...counts].filter(([line, count]) => count > 0 && line !== '').map(([line]) => line);
      const fresh = [...counts].filter(([, count]) => count < 0).map(([line]) => line);
      expect(gone, args.join(' ')).toEqual(out.filter((line) => !fresh.includes(line) && gone.includes(line)));
      expect(gone.length, args.join(' ')).toBe(out.length - out.filter((line) => after.includes(line)).length);
      expect(fresh, args.join(' ')).toEqual(expect.arrayContaining([...put]) as unknown);
      // What stayed is in the order it was in.
      const kept = before.filter((line) => line !== '' && !gone.includes(line));
      const positions = kept.filter((line, n) => kept.indexOf(line) === n).map((line) => after.indexOf(line));
      expect(positions, args.join(' ')).toEqual([...positions].sort((a, b) => a - b));
    }
    await there.ok(['validate']);
    expect(await there.json(['user', 'list'])).toHaveLength(4);
  });

  it('and taking them back gives the file back', async () => {
    const there = await scene(RICH);
    const pairs = [
      [
        ['user', 'add', 'erik@example.com', '--no-account'],
        ['user', 'remove', 'erik@example.com'],
      ],
      [
        ['domain', 'add', 'third.example'],
        ['domain', 'remove', 'third.example'],
      ],
      [
        ['alias', 'add', 'x@example.com', 'y@z.example'],
        ['alias', 'remove', 'x@example.com'],
      ],
      [
        ['user', 'set', 'alice@example.com', '--quota', '9 GB'],
        ['user', 'set', 'alice@example.com', '--quota', '2 GB'],
      ],
      [
        ['domain', 'alias', 'add', 'example.com', 'a.example'],
        ['domain', 'alias', 'remove', 'example.com', 'a.example'],
      ],
    ];
    for (const [there1, back] of pairs) {
      await there.ok(there1 ?? []);
      await there.ok(back ?? []);
      expect(await there.text(), there1?.join(' ')).toBe(RICH);
    }
  });

  it('write nothing when there is nothing to change', async () => {
    const there = await scene(RICH);
    await chmod(there.statePath, 0o640);
    const before = await stat(there.statePath);
    await there.ok(['user', 'set', 'alice@example.com', '--quota', '2 GB']);
    await there.ok(['domain', 'add', 'example.com', '--if-not-exists']);
    const after = await stat(there.statePath);
    expect([after.ino, after.mtimeMs, after.mode]).toEqual([before.ino, before.mtimeMs, before.mode]);
  });

  it('keep CRLF, a byte order mark, and a missing end of the last line', async () => {
    const crlf = await scene(STATE.replaceAll('\n', '\r\n'));
    await crlf.ok(ADD);
    await crlf.ok(['user', 'set', 'bob@example.com', '--name', 'Bob']);
    await crlf.ok(['user', 'set', 'bob@example.com', '--name', '']);
    expect(await crlf.text()).toBe(
      STATE.replace('  other.example: {}\n', '  other.example: {}\n  new.example: {}\n').replaceAll('\n', '\r\n'),
    );
    const bom = await scene(`\ufeff${STATE}`);
    await bom.ok(ADD);
    expect(await bom.text()).toBe(`\ufeff${STATE.replace('example: {}\n', 'example: {}\n  new.example: {}\n')}`);
    const open = await scene('version: 1\nserver: {mailname: mx.test.example}\ndomains:\n  a.example:');
    await open.ok(ADD);
    expect(await open.text()).toMatch(
      /^version: 1\nserver: \{mailname: mx\.test\.example\}\ndomains:\n {2}a\.example:\n {2}new\.example: \{\}\n?$/,
    );
  });

  it('that would break a rule show it, and write nothing', async () => {
    const there = await scene(STATE);
    const stderr = await there.refuses(3, ['domain', 'add', 'mx.test.example']);
    expect(stderr).toContain('server.mailname');
    expect(stderr).toContain('nothing was written');
  });
});

describe('mode and owner', () => {
  it('is 0600 after an edit, whatever it and the umask were', async () => {
    for (const [mode, umask] of [
      [0o644, '000'],
      [0o666, '022'],
      [0o600, '077'],
      [0o400, '777'],
    ] as const) {
      const there = await scene(STATE);
      await chmod(there.statePath, mode);
      const script = `umask ${umask}; exec $EBOXMAIL domain add new.example`;
      expect(await bash(script, { EBOXMAIL_ROOT: there.root })).toMatchObject({ code: 0 });
      expect(await modeOf(there.statePath)).toBe('0600');
      expect(await modeOf(join(there.root, 'etc/eboxmail/.state.yaml.lock'))).toMatch(/^0[0-6]00$/);
      await there.ok(['user', 'set', 'bob@example.com', '--name', 'Bob']);
    }
  });

  it('is 0600 in a directory 0700 when it is made', async () => {
    for (const umask of ['000', '077', '777']) {
      const there = await scene();
      const script = `umask ${umask}; exec $EBOXMAIL domain add new.example`;
      expect(await bash(script, { EBOXMAIL_ROOT: there.root })).toMatchObject({ code: 0 });
      expect(await modeOf(there.statePath)).toBe('0600');
      expect(await modeOf(join(there.root, 'etc/eboxmail'))).toBe('0700');
      expect(await modeOf(join(there.root, 'etc'))).toBe('0755');
    }
  });

  it('keeps the owner, and gives a new file that of its directory', async () => {
    const there = await scene(STATE);
    await chown(there.statePath, 12_345, 23_456);
    await there.ok(ADD);
    expect(await stat(there.statePath)).toMatchObject({ uid: 12_345, gid: 23_456 });
    const fresh = await scene();
    await mkdir(join(fresh.root, 'etc/eboxmail'), { recursive: true });
    await chown(join(fresh.root, 'etc/eboxmail'), 12_345, 23_456);
    await fresh.ok(ADD);
    expect(await stat(fresh.statePath)).toMatchObject({ uid: 12_345, gid: 23_456 });
  });

  it('does not write through a link where its own files should be', async () => {
    const there = await scene(STATE);
    const victim = join(there.root, 'victim');
    await writeFile(victim, 'precious');
    await symlink(victim, join(there.root, 'etc/eboxmail/.state.yaml.lock'));
    expect(await there.refuses(1, ADD)).toContain('lock');
    expect(await readFile(victim, 'utf8')).toBe('precious');
  });
});
