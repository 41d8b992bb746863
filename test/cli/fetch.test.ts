import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HASH, modeOf, scene, type Scene } from '../support/scene.ts';
import { ENTER, onTerminal } from '../support/terminal.ts';

const STATE = `version: 1
server: {mailname: mx.test.example}   # no fetching yet
domains: {example.com: }
users:
  alice@example.com: {password: "${HASH}"}   # the first
  bob@example.com:
    password: "${HASH}"
    fetch:
      # an old account
      - {address: bob@isp.example, server: pop.isp.example, protocol: pop3, port: 1110, password: {file: secrets/bob}}
  carol@example.com: {account: false}
`;

const ADD = ['fetch', 'add', 'alice@example.com', 'alice@isp.example', '--server', 'pop.isp.example'];
const POP3S = [...ADD, '--protocol', 'pop3s', '--password-stdin'];

async function secrets(there: Scene): Promise<Readonly<Record<string, string>>> {
  const directory = join(there.root, 'etc/eboxmail/secrets');
  const names = await readdir(directory).catch(() => []);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')] as const)),
  );
}

describe('fetch add', () => {
  it('writes the entry, and the password to a file of its own', async () => {
    const there = await scene(STATE);
    const input = `p"w\\ 'x:#%ñ$\n`;
    const { stdout, stderr } = await there.ok(POP3S, { input });
    expect(stdout).toBe('');
    expect(stderr).toMatch(/fetch test alice@example\.com alice@isp\.example\n.*server set --fetch on/s);
    const [[name = '', text] = []] = Object.entries(await secrets(there));
    expect(name).toMatch(/^fetch-alice@example\.com-alice@isp\.example-[0-9a-f]{8}$/);
    expect(text).toBe(input);
    expect(await modeOf(join(there.root, 'etc/eboxmail/secrets', name))).toBe('0600');
    expect(await modeOf(join(there.root, 'etc/eboxmail/secrets'))).toBe('0700');
    const state = await there.text();
    expect(state).toContain(`file: secrets/${name}`);
    for (const comment of ['# no fetching yet', '# the first', '# an old account']) expect(state).toContain(comment);
    expect(await there.json(['fetch', 'list', '--user', 'alice@example.com'])).toMatchObject([
      {
        address: 'alice@isp.example',
        server: 'pop.isp.example',
        protocol: 'pop3s',
        port: 995,
        state: 'off',
        fetched: 0,
      },
    ]);
    await there.refuses(5, POP3S, { input });
    expect((await there.ok([...POP3S, '--if-not-exists'])).stderr).toMatch(/unchanged/);
    expect(Object.keys(await secrets(there))).toEqual([name]);
  });

  it.each([
    ['no server', 2, ['fetch', 'add', 'alice@example.com', 'a@isp.example', '--protocol', 'pop3', '--password-stdin']],
    ['no protocol', 2, [...ADD, '--password-stdin']],
    ['another protocol', 2, [...ADD, '--protocol', 'pop', '--password-stdin']],
    ['a port that is none', 2, [...POP3S, '--port', '0']],
    ['a user that is not there', 4, POP3S.map((word) => word.replace('alice@example.com', 'x@example.com'))],
    ['a user without an account', 3, POP3S.map((word) => word.replace('alice@example.com', 'carol@example.com'))],
    ['no address', 2, POP3S.map((word) => word.replace('alice@isp.example', 'alice'))],
    ['a server that is none', 3, POP3S.map((word) => word.replace('pop.isp.example', '1.2.3'))],
    ['an injection', 3, POP3S.map((word) => word.replace('pop.isp.example', 'x" preconnect "id'))],
    ['a line break', 3, [...POP3S, '--username', 'a\nset postmaster x']],
    ['what somebody else has', 3, [...POP3S, '--username', 'bob@isp.example', '--protocol', 'pop3']],
    ['a mailbox of this server', 3, [...POP3S, '--username', 'bob@example.com', '--server', 'mx.test.example']],
  ] as const)('refuses %s and leaves no password behind', async (_, code, args) => {
    const there = await scene(STATE);
    await there.refuses(code, args, { input: 'geheim\n' });
    expect(await secrets(there)).toEqual({});
  });

  it.each([
    ['', /0 of 1 passwords/],
    ['\n', /empty/],
    ['a\nb\n', /more than one line/],
    ['a\tb\n', /contains/],
  ])('refuses the password %j', async (input, why) => {
    const there = await scene(STATE);
    expect(await there.refuses(2, POP3S, { input })).toMatch(why);
  });

  it('asks for the password on a terminal, and nowhere else', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(2, POP3S.slice(0, -1))).toMatch(/--password-stdin/);
    const steps = [['Password of alice@isp.example at pop.isp.example:', `geheim${ENTER}`]] as const;
    const seen = await onTerminal({ args: ['--root', there.root, ...POP3S.slice(0, -1)], steps });
    expect(seen).toMatchObject({ code: 0 });
    expect(seen.screen).not.toContain('geheim');
    expect(Object.values(await secrets(there))).toEqual(['geheim\n']);
  });
});

describe('fetch set and remove', () => {
  it('change what is given, and let go of a password that nobody needs', async () => {
    const there = await scene(STATE);
    await there.ok(POP3S, { input: 'one\n' });
    const before = Object.keys(await secrets(there));
    const set = (...args: string[]): Promise<unknown> =>
      there.ok(['fetch', 'set', 'alice@example.com', 'alice@isp.example', ...args], { input: 'two\n' });
    await set('--keep', '--insecure', '--port', '1995', '--username', 'al');
    const list = (): Promise<unknown> => there.json(['fetch', 'list', '--user', 'alice@example.com']);
    expect(await list()).toMatchObject([{ keep: true, insecure: true, port: 1995, username: 'al' }]);
    await set('--no-keep', '--no-insecure', '--protocol', 'imaps', '--username', 'default', '--password-stdin');
    expect(await list()).toMatchObject([{ keep: false, insecure: false, port: 993, username: 'alice@isp.example' }]);
    expect(await there.text()).not.toMatch(/keep|insecure/);
    expect(Object.values(await secrets(there))).toEqual(['two\n']);
    expect(Object.keys(await secrets(there))).not.toEqual(before);
    await there.ok(['fetch', 'remove', 'alice@example.com', 'alice@isp.example']);
    expect(await secrets(there)).toEqual({});
    expect(await there.text()).toBe(STATE);
    await there.refuses(4, ['fetch', 'remove', 'alice@example.com', 'alice@isp.example']);
    await there.ok(['fetch', 'remove', 'alice@example.com', 'alice@isp.example', '--if-exists']);
    await there.refuses(2, ['fetch', 'set', 'bob@example.com', 'bob@isp.example']);
    await there.refuses(4, ['fetch', 'set', 'bob@example.com', 'x@isp.example', '--keep']);
  });

  it('leave alone the secret files that people made', async () => {
    const there = await scene(STATE);
    await mkdir(join(there.root, 'etc/eboxmail/secrets'), { mode: 0o700 });
    await writeFile(join(there.root, 'etc/eboxmail/secrets/bob'), 'geheim\n', { mode: 0o600 });
    await there.ok(['fetch', 'remove', 'bob@example.com', 'bob@isp.example']);
    expect(await secrets(there)).toEqual({ bob: 'geheim\n' });
  });
});

describe('the secret of an account elsewhere', () => {
  it('must be there, closed to others and one line, and is in no output', async () => {
    const there = await scene(STATE.replace('mx.test.example}', 'mx.test.example, fetch: {enabled: true}}'));
    const path = join(there.root, 'etc/eboxmail/secrets/bob');
    expect((await there.run(['plan'])).stderr).toMatch(/secrets\/bob does not exist/);
    await mkdir(join(there.root, 'etc/eboxmail/secrets'), { mode: 0o700 });
    for (const [text, why] of [
      ['hunter2\nb\n', /more than one line/],
      ['\n', /is empty/],
      ['hunter2\u0007\n', /contains/],
    ] as const) {
      await writeFile(path, text, { mode: 0o600 });
      const { code, stdout, stderr } = await there.run(['plan', '--debug', '-v']);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(why);
      expect(stderr).not.toContain('hunter2');
    }
    await writeFile(path, 'hunter2\n');
    await chmod(path, 0o640);
    expect((await there.run(['plan'])).stderr).toMatch(/can be read by others/);
    await chmod(path, 0o600);
    for (const args of [
      ['plan'],
      ['plan', '--json'],
      ['fetch', 'list', '--json'],
      ['fetch', 'test', 'bob@example.com', 'bob@isp.example'],
    ]) {
      const { stdout, stderr } = await there.run([...args, '--debug', '-v']);
      expect(stdout + stderr).not.toContain('hunter2');
    }
    expect((await there.ok(['plan'])).stdout).toContain('password <hidden>');
  });
});
