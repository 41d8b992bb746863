import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HASH, scene, STATE, type Scene } from '../support/scene.ts';
import { CTRL_C, CTRL_U, ENTER, onTerminal, type Dialogue, type Seen } from '../support/terminal.ts';

const WORD = 'Geheim-4711-ö';
const on = (there: Scene, args: string[], steps: Dialogue['steps']): Promise<Seen> =>
  onTerminal({ args: ['setup', ...args], steps, env: { EBOXMAIL_ROOT: there.root }, timeout: 25_000 });

/** What a person types who takes what is proposed. */
const PLAIN: Dialogue['steps'] = [
  ['Name of the server:', `mx.example.net${ENTER}`],
  ['First mail domain: (example.net)', `example.com${ENTER}`],
  ['Address of the first user:', `alice${ENTER}`],
  ['Name of alice@example.com:', ENTER],
  ['New password for alice@example.com:', WORD + ENTER],
  ['The same again:', WORD + ENTER],
  ['Certificate:', ENTER],
  ['Services:', ENTER],
  ['Mail to the outside:', ENTER],
  ['Networks that may relay', ENTER],
];

/** For the script; what is proposed otherwise depends on the machine. */
const ANSWERS = ['--mailname', 'mx.example.net', '--domain', 'example.com', '--user', 'alice', '--password-hash', HASH];

describe('setup on a terminal', () => {
  it('asks, explains, and writes the state when that is agreed to', async () => {
    const there = await scene();
    const { code, screen, raw } = await on(there, [], [...PLAIN, ['Go on?', ENTER]]);
    expect(code, screen).toBe(0);
    expect(raw).not.toContain('Geheim');
    expect(screen).toContain('a hash of it is kept');
    expect(screen).toContain('To the outside: directly');
    expect(screen).toContain(`start it as a sandbox: eboxmail sandbox start ${there.root}`);
    const text = await there.text();
    expect(text).toMatch(/^# yaml-language-server: \$schema=state\.schema\.json\n/);
    expect(text).toMatch(
      /\nversion: 1\nserver:\n {2}mailname: mx\.example\.net\ndomains:\n {2}example\.com: \{\}\nusers:\n {2}alice@example\.com:\n {4}password: "\{SHA512-CRYPT\}\$6\$rounds=100000\$\S+"\n$/,
    );
    expect((await stat(there.statePath)).mode & 0o777).toBe(0o600);
    expect((await there.ok(['validate'])).stderr).toContain('is valid');
    expect(await there.beside()).toEqual(['state.schema.json', 'state.yaml']);
    const beside = await readFile(join(there.root, 'etc/eboxmail/state.schema.json'), 'utf8');
    expect(beside).toBe((await there.ok(['schema'])).stdout);
  });

  it('refuses wrong answers on the spot, with the reason, and asks again', async () => {
    const there = await scene();
    const { code, screen } = await on(
      there,
      [],
      [
        ['Name of the server:', `mx${ENTER}`],
        ['has no dot: write the full name', `${CTRL_U}mx.example.com${ENTER}`],
        ['First mail domain: (example.com)', `mx.example.com${ENTER}`],
        ['is also a mail domain', `${CTRL_U}no_domain.test${ENTER}`],
        ['is no mail domain', `${CTRL_U}example.com${ENTER}`],
        ['Address of the first user:', `alice@example.org${ENTER}`],
        ['there is no domain example.org', `${CTRL_U}al ice${ENTER}`],
        ['is no address that can be managed here', `${CTRL_U}alice${ENTER}`],
        ['Name of alice@example.com:', `Alice Liddell${ENTER}`],
        ['New password', ENTER],
        ['The same again:', ENTER],
        ['the password is empty: once more', WORD + ENTER],
        ['The same again:', `${WORD}x${ENTER}`],
        ['the two passwords differ: once more', WORD + ENTER],
        ['The same again:', WORD + ENTER],
        // The last of the certificate's choices: other files.
        ['Certificate:', `\u001b[B${ENTER}`],
        ['File with the certificate', `fullchain.pem${ENTER}`],
        ['write the whole path', `${CTRL_U}/nowhere/fullchain.pem${ENTER}`],
        ['File with its private key', `/nowhere/privkey.pem${ENTER}`],
        ['/nowhere/fullchain.pem does not exist: once more', CTRL_C],
      ],
    );
    expect(code, screen).toBe(130);
    expect(await readdir(join(there.root, '..'))).not.toContain('root');
  });

  it('refuses the same about the way to the outside', async () => {
    const there = await scene();
    const next = await on(
      there,
      ['--self-signed', ...ANSWERS],
      [
        ['Name of alice@example.com:', ENTER],
        // IMAP off, POP3S on.
        ['Services:', ` \u001b[B\u001b[B\u001b[B ${ENTER}`],
        ['Mail to the outside:', `\u001b[B${ENTER}`],
        ['Smarthost:', `-x${ENTER}`],
        ['is no host', `${CTRL_U}smtp.isp.example:99999${ENTER}`],
        [/port/, `${CTRL_U}smtp.isp.example:587${ENTER}`],
        ['User name there', `a:b${ENTER}`],
        [/colon/, `${CTRL_U}account${ENTER}`],
        ['Password of account', ENTER],
        ['the password is empty: once more', WORD + ENTER],
        ['Networks that may relay', `192.0.2.0/33${ENTER}`],
        ['is no network', `${CTRL_U}0.0.0.0/0${ENTER}`],
        [/whole internet|wide|everybody/i, `${CTRL_U}192.0.2.0/24, 2001:db8::/48${ENTER}`],
        ['Go on?', ENTER],
      ],
    );
    expect(next.code, next.screen).toBe(0);
    expect(next.raw).not.toContain('Geheim');
    const text = await there.text();
    expect(text).toContain('retrieval:\n    imap: false\n    pop3s: true\n');
    expect(text).toContain('host: smtp.isp.example\n');
    expect(text).toMatch(/network-1: 192\.0\.2\.0\/24/);
    expect(await readFile(join(there.root, 'etc/eboxmail/secrets/smarthost'), 'utf8')).toBe(`${WORD}\n`);
  });

  it('leaves nothing after Ctrl-C at any question, nor when the answers are thrown away', async () => {
    const steps: Dialogue['steps'] = [...PLAIN, ['Go on?', ENTER]];
    for (const at of [0, 1, 3, 4, 5, 6, 7, 8, 9, 10]) {
      const there = await scene();
      const until = steps.slice(0, at + 1).map((step, index) => (index === at ? ([step[0], CTRL_C] as const) : step));
      const { code, screen } = await on(there, [], until);
      expect(code, screen).toBe(130);
      expect(screen).toContain('cancelled');
      expect(screen).not.toMatch(/this is a bug/);
      expect(await readdir(join(there.root, '..'))).not.toContain('root');
    }
    const there = await scene();
    const thrown = await on(there, [], [...PLAIN, ['Go on?', `\u001b[B${ENTER}`]]);
    expect(thrown.code, thrown.screen).toBe(130);
    expect(await readdir(join(there.root, '..'))).not.toContain('root');
  }, 120_000);

  it('does not begin where there is a state, or nothing could be written', async () => {
    const there = await scene(STATE);
    const { code, screen } = await on(there, [], []);
    expect(code).toBe(5);
    expect(screen).toContain('there is a state file already');
    expect(await there.text()).toBe(STATE);
    await there.refuses(5, ['setup', '--yes', ...ANSWERS]);
  });
});

describe('setup without a terminal', () => {
  it('names every answer that is missing', async () => {
    const there = await scene();
    const { code, stderr } = await there.run(['setup', '--domain', 'example.com']);
    expect(code).toBe(2);
    for (const option of [
      '--mailname NAME',
      '--user ADDRESS',
      '--password-file FILE (or',
      '--self-signed',
      '--services LIST',
      '--direct or --smarthost HOST',
      '--relay-networks LIST or --no-relay-networks',
      '--apply or --no-apply',
    ]) {
      expect(stderr).toContain(option);
    }
    expect(stderr).not.toContain('--domain DOMAIN');
    const yes = await there.run([
      'setup',
      '--yes',
      '--domain',
      'example.com',
      '--smarthost',
      'a.test',
      '--smarthost-username',
      'u',
    ]);
    expect(yes.code).toBe(2);
    expect(yes.stderr).toContain('--user ADDRESS; --password-file FILE');
    expect(yes.stderr).toContain('--smarthost-password-file FILE');
    expect(yes.stderr).not.toContain('--services');
    expect(await readdir(join(there.root, '..'))).not.toContain('root');
  });

  it('takes all of them as options, passwords from files', async () => {
    const there = await scene();
    const files = join(there.root, '..', 'files');
    await mkdir(files);
    await writeFile(join(files, 'user'), `${WORD}\n`, { mode: 0o600 });
    await writeFile(join(files, 'isp'), 'ISP-Geheim\n', { mode: 0o600 });
    const { stdout, stderr } = await there.ok([
      ...[
        'setup',
        '--json',
        '--mailname',
        'MX.example.net',
        '--domain',
        'bücher.example',
        '--user',
        'zoë@bücher.example'.replace('ë', 'e'),
      ],
      ...[
        '--name',
        'Zoë: "the" #1',
        '--password-file',
        join(files, 'user'),
        '--self-signed',
        '--services',
        'imaps,managesieve',
      ],
      ...[
        '--smarthost',
        '[smtp.isp.example]:587',
        '--smarthost-username',
        'u',
        '--smarthost-password-file',
        join(files, 'isp'),
      ],
      ...['--relay-networks', '192.0.2.0/24', '--no-apply'],
    ]);
    expect(JSON.parse(stdout)).toEqual({
      state: there.statePath,
      mailname: 'MX.example.net',
      domain: 'bücher.example',
      user: 'zoe@bücher.example',
      applies: false,
    });
    expect(stdout + stderr).not.toContain('Geheim');
    expect((await there.ok(['validate'])).stderr).toContain('is valid');
    expect(await there.json(['user', 'show', 'zoe@bücher.example'])).toMatchObject({ name: 'Zoë: "the" #1' });
    expect(await there.json(['server', 'show'])).toMatchObject({ retrieval: { imap: false, imaps: true } });
  });

  it('prints a password that it makes', async () => {
    const there = await scene();
    const args = ['setup', '--yes', ...ANSWERS.slice(0, 6), '--generate-password'];
    expect((await there.ok(args)).stdout).toMatch(/^\S{20}\n$/);
  });

  it.each([
    [['--mailname', 'localhost'], /has no dot/],
    [['--mailname', 'default'], /no full host name/],
    [['--domain', 'mx.example.net'], /also a mail domain/],
    [['--user', 'alice@elsewhere.example'], /there is no domain elsewhere.example/],
    [['--password-hash', 'secret'], /password hash has no/],
    [['--generate-password'], /exclude each other/],
    [['--services', 'imaps,pop4'], /"pop4" is no service/],
    [['--tls-certificate', '/nowhere.pem'], /belong together/],
    [['--tls-certificate', '/nowhere.pem', '--tls-key', '/nowhere.key'], /does not exist/],
    [['--tls-certificate', 'a', '--tls-key', 'b', '--self-signed'], /exclude each other/],
    [['--direct', '--smarthost', 'a.test'], /exclude each other/],
    [['--smarthost-username', 'x'], /need --smarthost/],
    [['--smarthost', 'a b'], /is no host/],
    [['--relay-networks', '10.0.0.1/8'], /did you mean/],
    [['--relay-networks', '::/0'], /wide|internet|everybody/i],
    [['--name', 'a\nb'], /line break/],
  ])('refuses %j', async (wrong, why) => {
    const there = await scene();
    const { code, stderr } = await there.run(['setup', '--yes', ...ANSWERS, ...wrong]);
    expect([1, 2, 4], stderr).toContain(code);
    expect(stderr).toMatch(why);
    expect(await readdir(join(there.root, '..'))).not.toContain('root');
  });
});

describe('schema', () => {
  it('prints the schemas of both files', async () => {
    const there = await scene();
    for (const [args, file] of [
      [['schema'], 'state'],
      [['schema', 'host'], 'host'],
    ] as const) {
      const url = new URL(`../../schemas/${file}.schema.json`, import.meta.url);
      expect(JSON.parse((await there.ok(args)).stdout)).toEqual(JSON.parse(await readFile(url, 'utf8')));
    }
    expect((await there.run(['schema', 'other'])).code).toBe(2);
  });
});
