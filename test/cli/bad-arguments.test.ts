import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HASH, inTurns, scene, STATE } from '../support/scene.ts';

/** Domains that are none. */
const DOMAINS = [
  '',
  'localhost',
  'exa mple.com',
  'example.com\n',
  'example.com\nmalory.example',
  '\u00a0example.com',
  'example.com.',
  'example..com',
  '-example.com',
  'exam_ple.com',
  'example.com:25',
  'example.com #x',
  '${mydomain}.com',
  '%{domain}.com',
  '"example".com',
  '$(id).com',
  'a|id.com',
  '*.example.com',
  'x@example.com',
  'example.com/../../etc',
  '/etc/passwd.d',
  '[192.0.2.1]',
  '192.0.2.1',
  '{example.com}',
  '<b>.com',
  'xn--.com',
  `${'a'.repeat(64)}.com`,
  `${'a.'.repeat(126)}com`,
  'exam\u001b[31mple.com',
  'exam\u200dple.com',
  'exam\u202eple.com',
  '🙂.com',
  'example\u3002com',
];

/** What comes before the @ and may not. */
const LOCAL_PARTS = [
  '',
  ' ',
  'a b',
  'a\nb',
  'a:b',
  'a#b',
  'a$b',
  '%u',
  'a"b',
  "a'b",
  'a`id`b',
  '$(id)',
  'a|b',
  '|/bin/sh',
  ':include:/etc/passwd',
  '/etc/passwd',
  '../../root',
  'a\\b',
  'a*b',
  'a,b',
  'a{b}',
  'a=b',
  '!include',
  'a+b',
  '-a',
  '-oX/tmp',
  '.a',
  'a.',
  'a..b',
  'ä',
  'а',
  'a\u001b[31mb',
  'a\u200bb',
  'MAILER-DAEMON',
  'x'.repeat(65),
  'a@b',
];

it('refuses bad domains everywhere', async () => {
  await inTurns(DOMAINS, 3, async (domain) => {
    const there = await scene(STATE);
    const stderr = await there.refuses(2, ['domain', 'add', '--', domain]);
    // What came in goes out without anything that a terminal would act on, and on one line.
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
  });
  const some = ['', 'a b.com', 'a\nb.com', '../x.com', '${x}.com', '"x".com', `${'a'.repeat(64)}.com`];
  await inTurns(some, 2, async (domain) => {
    const there = await scene(STATE);
    await there.refuses(2, ['domain', 'alias', 'add', '--', 'example.com', domain]);
    await there.refuses([2, 4], ['domain', 'alias', 'add', '--', domain, 'new.example']);
    await there.refuses([2, 4], ['domain', 'remove', '--', domain]);
    await there.refuses([2, 4], ['domain', 'show', '--', domain]);
    await there.refuses(2, ['user', 'add', '--no-account', '--', `x@${domain}`]);
    await there.refuses(2, ['alias', 'add', '--', `x@${domain}`, 'alice@example.com']);
    await there.refuses([2, 4], ['alias', 'add', '--', 'x@example.com', `x@${domain}`]);
  });
});

it('makes no state file, and no directory for it, of a bad domain', async () => {
  const there = await scene();
  for (const domain of ['', 'a\nb.com', '../../x.com', 'localhost']) {
    await there.refuses(2, ['domain', 'add', '--', domain]);
  }
  await expect(readdir(there.root)).rejects.toThrow('ENOENT');
});

it('refuses bad addresses of users', async () => {
  await inTurns(LOCAL_PARTS, 3, async (local) => {
    const there = await scene(STATE);
    const stderr = await there.refuses(2, ['user', 'add', '--no-account', '--', `${local}@example.com`]);
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b]/);
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
  });
});

it('refuses bad addresses of aliases', async () => {
  await inTurns(
    LOCAL_PARTS.filter((_, n) => n % 4 === 0),
    3,
    async (local) => {
      const there = await scene(STATE);
      await there.refuses(2, ['alias', 'add', '--', `${local}@example.com`, 'alice@example.com']);
    },
  );
});

it('refuses bad targets', async () => {
  // Postfix knows these as commands, files and lists; elsewhere a few more characters are addresses.
  const legalElsewhere = new Set(["a'b", 'a=b', 'a+b', 'MAILER-DAEMON']);
  const elsewhere = LOCAL_PARTS.filter((local, n) => n % 2 === 0 && !legalElsewhere.has(local)).map(
    (local) => `${local}@partner.example`,
  );
  const others = [
    '|/usr/bin/id',
    '"|/usr/bin/id"',
    '/etc/passwd',
    ':include:/etc/passwd',
    'staff, root',
    'root',
    '',
    ' ',
    'alice@example.com, root@x.example',
    'alice@example.com root@x.example',
    'a@b@partner.example',
    `${'x'.repeat(200)}@${'a'.repeat(60)}.example`,
  ];
  await inTurns([...elsewhere, ...others], 3, async (target) => {
    // An address that begins with a hyphen is an option for every program that it meets.
    const there = await scene(STATE);
    await there.refuses([2, 4], ['alias', 'add', '--', 'new@example.com', target]);
  });
});

it('refuses bad quotas', async () => {
  const quotas = [
    '',
    ' ',
    '0',
    '0 MB',
    '-1 GB',
    '1',
    '1 XB',
    '1,5 GB',
    '1e9 B',
    'NaN',
    'Infinity',
    'a lot',
    '2 GB; id',
  ];
  quotas.push('1\nGB', '2 GB\n', '$x', '%s', '99999999999999999999 TB', '9'.repeat(400), '0x10 MB', '١ GB', '{1 GB}');
  await inTurns(quotas, 3, async (quota) => {
    const there = await scene(STATE);
    await there.refuses([2, 3], ['user', 'set', 'alice', `--quota=${quota}`]);
  });
});

it('refuses names that are no line of text', async () => {
  const names = [
    'a\nb',
    'a\rb',
    'a\tb',
    'a\u0007b',
    'a\u001b[31mb',
    'a\u0085b',
    'a\u2028b',
    'a\u2029b',
    'x'.repeat(256),
  ];
  await inTurns(names, 2, async (name) => {
    const there = await scene(STATE);
    const stderr = await there.refuses([2, 3], ['user', 'set', 'alice', `--name=${name}`]);
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/);
  });
});

it('refuses what the schema refuses elsewhere: too long hashes', async () => {
  const there = await scene(STATE);
  const stderr = await there.refuses([2, 3], ['user', 'set', 'alice', '--name', 'x'.repeat(100_000)]);
  expect(stderr.length).toBeLessThan(2000);
  const hash = `{SHA512-CRYPT}${'geheim'.repeat(10_000)}`;
  expect(await there.refuses([2, 3], ['user', 'passwd', 'alice', '--password-hash', hash])).not.toContain('geheim');
});

it('takes no file of another kind for a state', async () => {
  const there = await scene(STATE);
  await mkdir(join(there.root, 'directory'));
  await writeFile(join(there.root, 'binary'), Buffer.from(Array.from({ length: 1000 }, (_, n) => (n * 7) % 256)));
  await there.refuses(1, ['--state', join(there.root, 'directory'), 'domain', 'add', 'x.example']);
  await there.refuses(3, ['--state', join(there.root, 'binary'), 'domain', 'add', 'x.example']);
  await there.refuses(4, ['--state', join(there.root, 'nowhere/state.yaml'), 'user', 'set', 'alice', '--name', 'x']);
  await there.refuses(4, ['--state', join(there.root, 'binary/state.yaml'), 'user', 'list']);
  await there.refuses([1, 4], ['--state', join(there.root, 'binary/state.yaml'), 'domain', 'add', 'x.example']);
  await there.refuses([1, 4], ['--state', `${there.root}/${'x'.repeat(300)}`, 'domain', 'add', 'x.example']);
  await there.refuses([1, 4], ['--root', join(there.root, 'binary'), 'domain', 'add', 'x.example']);
  await there.refuses(
    [1, 4],
    ['--root', join(there.root, 'nowhere'), 'user', 'add', 'a@b.example', '--password-hash', HASH],
  );
  // Lock files stay beside what is there; nothing was made for what is not.
  const left = (await readdir(there.root)).filter((name) => !name.endsWith('.lock'));
  expect(left.sort()).toEqual(['binary', 'directory', 'etc']);
});
