import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { runWithFault } from '../support/faults.ts';
import { FAILING, PASSWORD_HASH, stranger, tryRecipient } from '../support/mail.ts';
import { fakePrograms, useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

/** What an apply that was cut off leaves behind decides nothing that it should not. */

const state = ({ users = '', more = '', size = 20 }: { users?: string; more?: string; size?: number } = {}): string => `
version: 1
server: {mailname: mx.example.test, limits: {message: ${size} MB}}
domains: {a.test: }
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
${users}${more}`;

const user = (address: string): string => `  ${address}: {password: "${PASSWORD_HASH}"}\n`;

const sandbox = useSandbox({
  state: state(),
  // Programs of a Dovecot whose master was killed.
  tolerate: [/Fatal: Error reading configuration: net_connect_unix/, /Warning: Shutting down logging for/],
});

const lib = (): string => `${sandbox().root}/var/lib/eboxmail`;
const mainCf = (): string => `${sandbox().root}/etc/postfix/main.cf`;
const reload = (): string => `spawn postfix -c ${sandbox().root}/etc/postfix reload`;

async function killedAt(call: string, ...options: string[]): Promise<void> {
  const args = ['--root', sandbox().root, 'apply', ...options];
  expect(await runWithFault(args, `kill:${call}`)).toMatchObject({ signal: 'SIGKILL' });
}

async function expectNothingLeft(): Promise<void> {
  expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  const names = ['undo', 'unfinished.json', 'moving.json', 'staging', 'rollback.json'];
  expect(names.filter((name) => existsSync(`${lib()}/${name}`))).toEqual([]);
  expect((await run('find', [sandbox().root, '-name', '*eboxmail-new*'])).stdout).toBe('');
}

async function answer(address: string): Promise<string> {
  const client = await stranger(sandbox());
  try {
    return await tryRecipient(client, address);
  } finally {
    await client.quit();
  }
}

describe('an apply that fails after one that was cut off', { timeout: 120_000 }, () => {
  it('when that was in force and recorded: goes back to it, and not to what was before', async () => {
    await sandbox().writeState(state({ users: user('bob@a.test'), size: 21 }));
    await killedAt(`rmSync ${lib()}/undo/journal.json`);
    await sandbox().writeState(state({ users: user('bob@a.test'), size: 22, more: FAILING }));
    expect((await sandbox().run(['apply'])).code).toBe(8);
    expect(await answer('bob@a.test')).toMatch(/^250/);
    expect(await readFile(mainCf(), 'utf8')).toContain(`message_size_limit = ${21 * 1024 * 1024}`);
    await sandbox().writeState(state({ users: user('bob@a.test'), size: 21 }));
    await expectNothingLeft();
  });

  it('when that had changed nothing yet: keeps what was edited since, with consent', async () => {
    await sandbox().writeState(state({ size: 23 }));
    await killedAt(`renameSync ${lib()}/.unfinished.json`, '--allow-removals', '99');
    await appendFile(mainCf(), '# by hand\n');
    await sandbox().writeState(state({ size: 24, more: FAILING }));
    expect((await sandbox().run(['apply', '--adopt'])).code).toBe(8);
    expect(await readFile(mainCf(), 'utf8')).toContain('# by hand');
    await sandbox().writeState(state());
    await sandbox().ok(['apply', '--adopt']);
    await expectNothingLeft();
  });
});

it('what one was about to do is forgotten when there is nothing to do: the second yes is asked for again', async () => {
  const many = Array.from({ length: 12 }, (_, n) => user(`u${n}@a.test`)).join('');
  await sandbox().writeState(state({ users: many }));
  await sandbox().ok(['apply']);
  await sandbox().writeState(state());
  await killedAt(`renameSync ${sandbox().root}/etc/dovecot/eboxmail/.`, '--allow-removals', '12');
  await sandbox().writeState(state({ users: many }));
  await sandbox().ok(['apply']);
  await expectNothingLeft();
  await sandbox().writeState(state());
  const refused = await sandbox().run(['apply']);
  expect(refused.code, refused.stderr).toBe(7);
  expect(refused.stderr).toContain('--allow-removals 12');
  await sandbox().ok(['apply', '--allow-removals', '12']);
});

it('Ctrl-C after the proof ends nothing: what is in force is written down', async () => {
  for (const [n, call] of [
    `renameSync ${lib()}/.applied.json`,
    `rmSync ${lib()}/undo/journal.json`,
    `renameSync ${lib()}/generations/`,
  ].entries()) {
    await sandbox().writeState(state({ size: 30 + n }));
    const result = await runWithFault(['--root', sandbox().root, 'apply'], `interrupt:${call}`);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    await expectNothingLeft();
  }
  await sandbox().writeState(state());
  await sandbox().ok(['apply']);
});

it('what has no room for its checks leaves nothing behind', { timeout: 60_000 }, async () => {
  await sandbox().writeState(state({ size: 29 }));
  for (const call of [`mkdirSync ${lib()}/staging/postfix`, `renameSync ${lib()}/staging/postfix/.main.cf`]) {
    const failed = await runWithFault(['--root', sandbox().root, 'apply'], `fail:${call}`);
    expect(failed, failed.stderr).toMatchObject({ code: 1 });
    expect(existsSync(`${lib()}/staging`)).toBe(false);
  }
  await sandbox().writeState(state());
  await expectNothingLeft();
});

it('a daemon that dies meanwhile is started on the way back, also one that nothing changes for', async () => {
  const master = `${sandbox().root}/run/dovecot/master.pid`;
  const flag = `${sandbox().root}/../died`;
  const env = await fakePrograms(`${sandbox().root}/../dying`, {
    postfix: `case "$*" in *reload*) [ -e ${flag} ] || kill -9 $(cat ${master}); touch ${flag};; esac\nexec /usr/sbin/postfix "$@"`,
  });
  await sandbox().writeState(state({ size: 28 }));
  const failed = await sandbox().run(['apply'], { env });
  expect(failed.code, failed.stderr).toBe(8);
  expect(await answer('alice@a.test')).toMatch(/^250/);
  await sandbox().writeState(state());
  await expectNothingLeft();
  expect((await sandbox().run(['status'])).code).toBe(0);
});

describe('one that only puts another password in place, which nothing but a file tells', { timeout: 120_000 }, () => {
  const withFile = state({ users: '  bob@a.test: {password: {file: secrets/bob}}\n' });
  const secret = (): string => `${sandbox().root}/etc/eboxmail/secrets/bob`;
  const hashOf = (letter: string): string => PASSWORD_HASH.replace(/\$[^$]*$/, `$${letter.repeat(86)}`);
  const users = (): Promise<string> => readFile(`${sandbox().root}/etc/dovecot/eboxmail/users`, 'utf8');

  beforeAll(async () => {
    await mkdir(dirname(secret()), { recursive: true, mode: 0o700 });
    await writeFile(secret(), hashOf('a'), { mode: 0o600 });
    await sandbox().writeState(withFile);
    await sandbox().ok(['apply']);
  });

  it.each(['apply', 'status'])(
    'killed: the next %s finishes it, and no edit by hand is seen afterwards',
    async (next) => {
      const letter = next === 'apply' ? 'b' : 'c';
      await writeFile(secret(), hashOf(letter), { mode: 0o600 });
      await killedAt(`renameSync ${lib()}/.applied.json`);
      expect(await users()).toContain(hashOf(letter));
      const plan = await sandbox().run(['plan', '--exit-code']);
      expect(plan.code).toBe(10);
      expect(plan.stdout).toContain(
        'An apply that was cut off:\n  what it has put in place is proven and written down',
      );
      await sandbox().ok([next]);
      await expectNothingLeft();
      expect((await sandbox().ok(['history'])).stdout.split('\n')[0]).toMatch(/password in secrets\/bob/);
      await sandbox().ok(['alias', 'add', `after-${next}@a.test`, 'bob@a.test', '--apply']);
      await sandbox().ok(['user', 'set', 'alice@a.test', '--quota', letter === 'b' ? '1 GB' : '2 GB', '--apply']);
      await expectNothingLeft();
    },
  );

  it('killed in a rollback: the next apply finishes that', async () => {
    await writeFile(secret(), hashOf('d'), { mode: 0o600 });
    await sandbox().ok(['apply']);
    const args = ['--root', sandbox().root, 'rollback', '--yes'];
    const killed = await runWithFault(args, `kill:renameSync ${lib()}/.applied.json`);
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    expect(await users()).toContain(hashOf('c'));
    await sandbox().ok(['apply']);
    await expectNothingLeft();
    await sandbox().ok(['user', 'set', 'alice@a.test', '--quota', '3 GB', '--apply']);
    await sandbox().writeState(state());
    await sandbox().ok(['apply']);
  });
});

describe('an edit by hand', { timeout: 120_000 }, () => {
  it('since one was cut off: status does not undo that over it, and apply asks', async () => {
    await sandbox().writeState(state({ size: 25 }));
    await killedAt(reload());
    await appendFile(mainCf(), '# by hand\n');
    await sandbox().writeState(state({ size: 26 }));
    const status = await sandbox().run(['status']);
    expect(status.code, status.stderr).toBe(1);
    expect(status.stderr).toContain(`it cannot be undone, because ${mainCf()} was edited since`);
    expect(await readFile(mainCf(), 'utf8')).toContain('# by hand');
    expect((await sandbox().run(['apply'])).code).toBe(7);
    await sandbox().ok(['apply', '--adopt']);
    await expectNothingLeft();
  });

  it('between the files of one that waits for Dovecot: what was not shown is not replaced', async () => {
    const swap = [
      ['bob@a.test', 'tmp@a.test'],
      ['carol@a.test', 'bob@a.test'],
      ['tmp@a.test', 'carol@a.test'],
    ];
    const users = user('bob@a.test') + user('carol@a.test');
    await sandbox().writeState(state({ users, size: 25 }));
    await sandbox().ok(['apply']);
    const env = await fakePrograms(`${sandbox().root}/../between`, {
      doveadm: `case "$*" in *who*) echo '# between' >>${mainCf()};; esac\nexec /usr/bin/doveadm "$@"`,
    });
    await sandbox().writeState(state({ users, size: 26 }));
    for (const [from = '', to = ''] of swap) await sandbox().ok(['user', 'rename', from, to, '--no-alias']);
    const failed = await sandbox().run(['apply'], { env });
    expect(failed.code, failed.stderr).toBe(8);
    expect(failed.stderr).toContain(`${mainCf()} changed while the apply was at work`);
    const [, copy = ''] = /edited while the apply was at work.*; what was edited is in (\S+)/.exec(failed.stderr) ?? [];
    expect(await readFile(copy, 'utf8')).toContain('# between');
    await sandbox().ok(['apply']);
    await expectNothingLeft();
  });

  it('while one is at work that goes back: it is kept, and said where', async () => {
    const script = `case "$*" in *reload*) grep -q '# late' ${mainCf()} || echo '# late' >>${mainCf()};; esac`;
    const env = await fakePrograms(`${sandbox().root}/../late`, {
      postfix: `${script}\nexec /usr/sbin/postfix "$@"`,
    });
    await sandbox().writeState(state({ size: 27, more: FAILING }));
    const failed = await sandbox().run(['apply'], { env });
    expect(failed.code, failed.stderr).toBe(8);
    const [, copy = ''] = /edited while the apply was at work.*; what was edited is in (\S+)/.exec(failed.stderr) ?? [];
    expect(await readFile(copy, 'utf8')).toContain('# late');
    await writeFile(mainCf(), (await readFile(mainCf(), 'utf8')).replace('# late\n', ''));
    await sandbox().writeState(state({ size: 26 }));
    await sandbox().ok(['apply']);
    await expectNothingLeft();
  });
});
