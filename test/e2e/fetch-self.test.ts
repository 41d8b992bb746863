import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { PASSWORD, PASSWORD_HASH } from '../support/mail.ts';
import { runCli, type RunResult } from '../support/run-cli.ts';
import { useSandbox } from '../support/sandbox.ts';

/** Users who manage what is fetched for themselves: with the rights of root, and only what is theirs. */

const sandbox = useSandbox({
  state: `version: 1
server: {mailname: mx.home.test, fetch: {enabled: true}}
domains: {home.test: }
users:
  alice@home.test: {password: "${PASSWORD_HASH}"}
  bob@home.test:
    password: "{PLAIN}bobs"
    fetch: [{address: bob@isp.example, server: localhost, protocol: pop3, port: 1, password: {file: secrets/bob}}]
`,
  prepare: async (directory) => {
    await mkdir(`${directory}/secrets`);
    await writeFile(`${directory}/secrets/bob`, 'x', { mode: 0o600 });
  },
});

const self = (args: readonly string[], lines: readonly string[] = [PASSWORD], env = {}): Promise<RunResult> =>
  sandbox().run(['fetch', '--self', ...args, '--password-stdin'], {
    input: lines.map((line) => `${line}\n`).join(''),
    env,
  });

const ADD = [
  'add',
  'alice@home.test',
  'alice@isp.example',
  '--server',
  'localhost',
  '--protocol',
  'imaps',
  '--port',
  '1',
];

const secrets = async (): Promise<readonly string[]> =>
  (await readdir(`${sandbox().root}/etc/eboxmail/secrets`)).filter((name) => name.startsWith('fetch-'));

describe('fetch --self', () => {
  it('does nothing without the password of the mailbox', async () => {
    const before = await sandbox().readState();
    const list = ['list', '--user', 'alice@home.test'];
    for (const args of [ADD, list, ['remove', 'bob@home.test', 'bob@isp.example']]) {
      const wrong = await self(args, ['wrong', 'remote'].slice(0, args === ADD ? 2 : 1));
      expect(wrong, args.join(' ')).toMatchObject({ code: 1, stdout: '' });
      expect(wrong.stderr).toBe('eboxmail: the address or its password is wrong\n');
    }
    const stranger = await self(['list', '--user', 'nobody@home.test']);
    expect(stranger.stderr).toBe('eboxmail: the address or its password is wrong\n');
    expect(await self(['list'])).toMatchObject({ code: 2 });
    expect(await self(ADD, [PASSWORD])).toMatchObject({ code: 2 });
    expect(await self(list, [])).toMatchObject({ code: 2 });
    expect(await sandbox().readState()).toBe(before);
    expect(await secrets()).toEqual([]);
  });

  it('adds, lists, changes and removes what is one’s own, in force at once', async () => {
    const added = await self([...ADD, '--json'], [PASSWORD, 'remote']);
    expect(JSON.parse(added.stdout)).toEqual({
      changed: true,
      applied: true,
      user: 'alice@home.test',
      address: 'alice@isp.example',
    });
    const files = (): Promise<string[]> => readdir(`${sandbox().root}/etc/fetchmail/eboxmail`);
    expect(await files()).toContain('imap_localhost_alice@isp.example.rc');
    const listed = await self(['list', '--user', 'alice@home.test']);
    expect(listed.stdout).toContain('alice@isp.example');
    expect(listed.stdout).not.toContain('bob');
    const changed = await self(['set', 'alice@home.test', 'alice@isp.example', '--keep'], [PASSWORD, 'other']);
    expect(changed).toMatchObject({ code: 0 });
    expect(await secrets()).toHaveLength(1);
    expect(await sandbox().readState()).toContain('keep: true');
    expect((await self(['test', 'alice@home.test', 'alice@isp.example'])).stderr).toMatch(/step "connect"/);
    expect(await self(['remove', 'alice@home.test', 'alice@isp.example'])).toMatchObject({ code: 0 });
    expect(await self(['remove', 'alice@home.test', 'alice@isp.example', '--if-exists'])).toMatchObject({ code: 0 });
    expect(await files()).not.toContain('imap_localhost_alice@isp.example.rc');
    expect(await secrets()).toEqual([]);
  });

  it('leaves to the administrator what is the administrator’s', async () => {
    await sandbox().ok(['user', 'set', 'bob@home.test', '--quota', '1 GB']);
    const added = await self([...ADD, '--json'], [PASSWORD, 'remote']);
    expect(JSON.parse(added.stdout)).toMatchObject({ changed: true, applied: false });
    expect((await sandbox().ok(['plan'])).stdout).toMatch(/bob@home\.test: quota/);
    expect(await self([...ADD, '--apply'], [PASSWORD, 'remote'])).toMatchObject({ code: 2 });
    await sandbox().ok(['apply']);
  });

  it('says nothing of others', async () => {
    const taken = ['add', 'alice@home.test', 'bob@isp.example', '--server', 'localhost', '--protocol', 'pop3s'];
    const refused = await self(taken, [PASSWORD, 'remote']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('this account is fetched already');
    expect(refused.stderr).not.toContain('bob@home.test');
    expect(await secrets()).toHaveLength(1);
    const state = await sandbox().readState();
    await sandbox().writeState(`${state}\naliases: {x@home.test: bob2@home.test}\n`);
    const broken = await self(['list', '--user', 'alice@home.test']);
    expect(broken).toMatchObject({ code: 1, stdout: '' });
    expect(broken.stderr).not.toContain('bob');
    await sandbox().writeState(state);
  });

  it('has a limit, and works on no other system than the machine’s for whom sudo lets in', async () => {
    const entry = (n: number): string =>
      `{address: a${n}@isp.example, server: localhost, protocol: imap, port: 1, password: {file: secrets/bob}}`;
    const state = await sandbox().readState();
    const many = Array.from({ length: 10 }, (_, n) => entry(n)).join(', ');
    await sandbox().writeState(
      state
        .replace('alice@home.test: {', `alice@home.test: {fetch: [${many}], `)
        .replace(/, fetch: \[\{address: alice[^\]]*\]/, ''),
    );
    expect((await self(ADD, [PASSWORD, 'remote'])).stderr).toMatch(/10 accounts already/);
    await sandbox().writeState(state);
    for (const env of [{ SUDO_UID: '1000' }, { DOAS_USER: 'x' }, { PKEXEC_UID: '1000' }]) {
      const through = await self(['list', '--user', 'alice@home.test'], [PASSWORD], env);
      expect(through).toMatchObject({ code: 2, stdout: '' });
      expect(through.stderr).toMatch(/neither --root nor --state/);
    }
    const { root } = sandbox();
    const environment = { SUDO_UID: '1000', EBOXMAIL_ROOT: root };
    const args = ['fetch', '--self', 'list', '--user', 'alice@home.test', '--password-stdin'];
    expect(await runCli({ args, input: `${PASSWORD}\n`, env: environment })).toMatchObject({ code: 2, stdout: '' });
  });
});
