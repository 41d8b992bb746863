import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bash, HASH, inTurns, OTHER_HASH, scene, STATE, type Scene } from '../support/scene.ts';

const ADD = ['user', 'add', 'dora@example.com'];

/** The hash that the state has for a user, by way of the file's text: no command shows it. */
async function hashOf(there: Scene, address: string): Promise<string> {
  const found = new RegExp(`^  ${address}:(?:\\n    .*)*?\\n    password: "(.*)"$`, 'm').exec(await there.text());
  return found?.[1] ?? '';
}

/** Whether the system's own crypt(3) gets this SHA512-CRYPT hash from the password. */
async function fits(hash: string, password: string): Promise<boolean> {
  const crypted = hash.replace('{SHA512-CRYPT}', '');
  const script = 'print crypt($ENV{WORD}, $ENV{HASH}) eq $ENV{HASH} ? "yes" : "no"';
  const { stdout } = await promisify(execFile)('perl', ['-e', script], { env: { WORD: password, HASH: crypted } });
  expect(crypted).toMatch(/^\$6\$rounds=\d{5,}\$[a-zA-Z0-9./]{16}\$[a-zA-Z0-9./]{86}$/);
  return stdout === 'yes';
}

describe('--password-stdin', () => {
  const PASSWORDS = [
    'plain',
    ' leading, trailing, and   inner blanks ',
    `"double" 'single' \`back\``,
    'back\\slash\\n \\\\ $HOME ${x} $(id) %u %{user} #hash :colon: {PLAIN}x !x *x &x | > ; < ? ~',
    'Zoë Ångström 山田 🙂',
    '\u00a0no-break\u2028line',
    '{SHA512-CRYPT}$6$looks$like a hash',
    '-n',
    // The most that crypt(3) takes.
    'x'.repeat(511),
    `${'ä'.repeat(255)}x`,
  ];

  it('takes passwords with everything in them, as they are', async () => {
    const there = await scene(STATE);
    await inTurns([...PASSWORDS.entries()], 2, async ([n, password]) => {
      const result = await there.ok(['user', 'add', `u${n}@example.com`, '--password-stdin'], {
        input: `${password}\n`,
      });
      expect(result.stdout).toBe('');
      expect(result.stderr).not.toContain(password === 'plain' ? '{' : password);
    });
    await inTurns([...PASSWORDS.entries()], 2, async ([n, password]) => {
      expect(await fits(await hashOf(there, `u${n}@example.com`), password), password).toBe(true);
    });
    await there.ok(['plan']);
  });

  it('takes one line, with or without its end', async () => {
    const there = await scene(STATE);
    const hashes: string[] = [];
    for (const input of ['geheim', 'geheim\n', 'geheim\r\n']) {
      await there.ok(['user', 'passwd', 'alice', '--password-stdin'], { input });
      const hash = await hashOf(there, 'alice@example.com');
      expect(await fits(hash, 'geheim'), JSON.stringify(input)).toBe(true);
      hashes.push(hash);
    }
    // Each with a salt of its own.
    expect(new Set(hashes).size).toBe(3);
  });

  it('refuses everything else, without repeating it', async () => {
    const there = await scene(STATE);
    const inputs: Readonly<Record<string, RegExp>> = {
      '': /empty/,
      '\n': /empty/,
      '\r\n': /empty/,
      'geheim\nnocheins\n': /more than one line/,
      'geheim\n\n': /more than one line/,
      '\ngeheim\n': /more than one line/,
      'geh\reim': /control character/,
      'geh\teim': /control character/,
      'geh\0eim': /control character/,
      'geh\u001b[31meim': /control character/,
      [`geheim${'x'.repeat(506)}`]: /longer than 511 bytes/,
      [`geheim${'x'.repeat(10_000)}`]: /longer than/,
      [`geheim${'x'.repeat(200_000)}`]: /more than a password|longer than/,
    };
    await inTurns(Object.entries(inputs), 1, async ([input, words]) => {
      const stderr = await there.refuses(2, [...ADD, '--password-stdin'], { input });
      expect(stderr).toMatch(words);
      expect(stderr).not.toContain('geh');
      await there.refuses(2, ['user', 'passwd', 'alice', '--password-stdin'], { input });
    });
  });

  it('refuses bytes that are no UTF-8', async () => {
    const there = await scene(STATE);
    const script = `printf 'geh\\xe4im\\n' | $EBOXMAIL user add dora@example.com --password-stdin`;
    expect(await bash(script, { EBOXMAIL_ROOT: there.root })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('not UTF-8') as unknown,
    });
    expect(await there.text()).toBe(STATE);
  });

  it('does not read an endless input', async () => {
    const there = await scene(STATE);
    const script = 'yes | timeout 20 $EBOXMAIL user add dora@example.com --password-stdin';
    expect((await bash(script, { EBOXMAIL_ROOT: there.root })).code).toBe(2);
    expect(await there.text()).toBe(STATE);
  });

  it('reads nothing when the user cannot be added', async () => {
    const there = await scene(STATE);
    const script = (address: string): string =>
      `printf 'first\\nsecond\\n' | { $EBOXMAIL user add ${address} --password-stdin; echo $?; head -1; }`;
    const env = { EBOXMAIL_ROOT: there.root };
    expect((await bash(script('alice@example.com'), env)).stdout).toBe('5\nfirst\n');
    expect((await bash(script('x@nowhere.test'), env)).stdout).toBe('4\nfirst\n');
    expect((await bash(script('x..y@example.com'), env)).stdout).toBe('2\nfirst\n');
  });
});

describe('--password-hash', () => {
  const GOOD = [
    '{SHA512-CRYPT}$6$saltsalt$abcdefghijklmnopqrstuvwxyz./0123456789',
    '{sha256-crypt}$5$rounds=5000$saltsalt$abc',
    OTHER_HASH,
    '{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA',
    '{SSHA512}bm90aGluZw==',
    '{SSHA512.hex}6e6f7468',
    '{PLAIN-MD5}5f4dcc3b5aa765d61d8327deb882cf99',
    '{SCRAM-SHA-256}4096,c2FsdA==,c3RvcmVk,c2VydmVy',
    '{PLAIN}clear # text: "with" everything',
    '{CRYPT}$2y$05$abcdefghijklmnopqrstuu',
  ];
  const BAD = [
    '',
    'geheim',
    '$6$saltsalt$geheim',
    '{SHA512-CRYPT}',
    '{SHA512-CRYPT',
    '{}geheim',
    '{NOSUCH}geheim',
    '{../../etc/passwd}geheim',
    ' {SHA512-CRYPT}$6$geheim',
    '{SHA512-CRYPT}$6$geheim ',
    '{SHA512-CRYPT}$6$geh eim',
    '{SHA512-CRYPT}$6$geh:eim',
    '{SHA512-CRYPT}$6$geheim\nmallory@example.com:{PLAIN}x',
    '{SHA512-CRYPT}$6$geheim\r',
    '{SHA512-CRYPT}$6$geheim\u2028x',
    '{PLAIN}geheim\nx',
    '{PLAIN}geheim\u0000'.slice(0, -1) + '\u0007',
    '{PLAIN}',
    '{SHA512-CRYPT.rot13}geheim',
  ];

  it('takes what Dovecot knows', async () => {
    const there = await scene(STATE);
    await inTurns([...GOOD.entries()], 3, async ([n, hash]) => {
      await there.ok(['user', 'add', `u${n}@example.com`, '--password-hash', hash]);
      const { stdout } = await there.ok(['user', 'show', `u${n}@example.com`]);
      expect(stdout).toContain(/^\{[^}]*\}/.exec(hash)?.[0]);
      expect(stdout).not.toContain(hash);
    });
    const { stderr } = await there.ok(['validate']);
    expect(stderr).toMatch(/warning: users\.u8@example\.com\.password: .*clear text/);
    expect(stderr).not.toContain('everything');
  });

  it('refuses what it does not, without repeating it', async () => {
    const there = await scene(STATE);
    await inTurns(BAD, 1, async (hash) => {
      const stderr = await there.refuses([2, 3], [...ADD, `--password-hash=${hash}`]);
      expect(stderr).not.toContain('geh');
      expect(stderr).not.toContain('mallory');
    });
    for (const hash of BAD.slice(0, 6)) await there.refuses(2, ['user', 'passwd', 'alice', `--password-hash=${hash}`]);
  });
});

describe('--generate-password', () => {
  it('prints it once, on standard output only', async () => {
    const there = await scene(STATE);
    const { stdout, stderr } = await there.ok([...ADD, '--generate-password']);
    expect(stdout).toMatch(/^[A-Za-z0-9]{16,}\n$/);
    expect(stderr).not.toContain(stdout.trim());
    expect(await there.text()).not.toContain(stdout.trim());
    expect(await fits(await hashOf(there, 'dora@example.com'), stdout.trim())).toBe(true);
    const quiet = await there.ok(['-q', 'user', 'passwd', 'dora', '--generate-password']);
    expect(quiet.stdout).toMatch(/^[A-Za-z0-9]{16,}\n$/);
    expect(quiet.stdout).not.toBe(stdout);
    const json = (await there.json(['user', 'passwd', 'dora', '--generate-password'])) as Record<string, unknown>;
    expect(json).toEqual({ changed: true, user: 'dora@example.com', password: json['password'] });
    expect(await fits(await hashOf(there, 'dora@example.com'), json['password'] as string)).toBe(true);
  });

  it('prints none when somebody else was faster', async () => {
    const there = await scene(STATE);
    const args = [...ADD, '--if-not-exists', '--generate-password'];
    const results = await Promise.all(Array.from({ length: 4 }, () => there.ok(args)));
    const printed = results.filter(({ stdout }) => stdout !== '');
    expect(printed).toHaveLength(1);
    expect(await fits(await hashOf(there, 'dora@example.com'), printed[0]?.stdout.trim() ?? '')).toBe(true);
  });

  it('prints it even when the apply that follows fails: the state has it already', async () => {
    const there = await scene(STATE);
    await mkdir(join(there.root, 'etc/postfix'), { recursive: true });
    await writeFile(join(there.root, 'etc/postfix/main.cf'), 'myhostname = by.hand.example\n');
    const { code, stdout } = await there.run([...ADD, '--generate-password', '--apply']);
    expect(code).toBe(7);
    expect(await fits(await hashOf(there, 'dora@example.com'), stdout.trim())).toBe(true);
  });
});

describe('without a password', () => {
  it('names the options, and neither reads nor writes', async () => {
    const there = await scene(STATE);
    for (const args of [ADD, ['user', 'passwd', 'alice'], [...ADD, '--yes'], [...ADD, '--json']]) {
      const stderr = await there.refuses(2, args, { input: 'geheim\n' });
      for (const option of ['--password-stdin', '--password-hash', '--generate-password']) {
        expect(stderr).toContain(option);
      }
    }
    expect(await readdir(join(there.root, 'etc/eboxmail'))).toEqual(['state.yaml']);
    const script = "printf 'first\\n' | { $EBOXMAIL user passwd alice; echo $?; head -1; }";
    expect((await bash(script, { EBOXMAIL_ROOT: there.root })).stdout).toBe('2\nfirst\n');
  });

  it('refuses two ways at once', async () => {
    const there = await scene(STATE);
    const pairs = [
      ['--password-stdin', '--generate-password'],
      ['--password-stdin', '--password-hash', HASH],
      ['--generate-password', '--password-hash', HASH],
    ];
    for (const options of pairs) {
      expect(await there.refuses(2, [...ADD, ...options], { input: 'x\n' })).toContain('exclude');
      await there.refuses(2, ['user', 'passwd', 'alice', ...options], { input: 'x\n' });
    }
  });

  it('exits 4 for a user who is not there, before anything is asked', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(4, ['user', 'passwd', 'alcie@example.com'])).toContain('alice@example.com');
  });
});

describe('where a password is not', () => {
  it('is on no command line while it is hashed and written', async () => {
    const there = await scene(STATE);
    const word = 'Very-Secret-Word-4711';
    let running = true;
    const work = there.ok([...ADD, '--password-stdin'], { input: `${word}\n` }).finally(() => (running = false));
    let looks = 0;
    while (running) {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        expect(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).not.toContain(word);
        const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
        expect(environment).not.toContain(word);
        if (environment.includes(`EBOXMAIL_ROOT=${there.root}\0`)) looks += 1;
      }
      await sleep(10);
    }
    await work;
    expect(looks).toBeGreaterThan(0);
  });
});
