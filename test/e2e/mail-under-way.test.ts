import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runWithFault } from '../support/faults.ts';
import { deliverAll, FAILING, mailOf, PASSWORD_HASH, sendAsStranger, subjectOf } from '../support/mail.ts';
import { tool } from '../support/queue.ts';
import type { RunResult } from '../support/run-cli.ts';
import { useSandbox } from '../support/sandbox.ts';
import { whileMailComes as steadyMail } from '../support/steady-mail.ts';

/** An apply that is taken back while mail comes in: what was accepted gets to its mailbox. */

const sandbox = useSandbox({
  state: `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: }
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
`,
  tolerate: [
    /Error: .*(Permission denied|Failed to access user's personal storage|No such file or directory)/,
    /Error: .*Failed to autocreate mailbox|Warning: Our dotlock file \S+ was deleted/,
    // By find(1) a file that has gone belongs to nobody.
    /postfix-script\[\d+\]: warning: not owned by postfix: \S+\/gone-soon-\d+/,
  ],
});

const addUser = (address: string): Promise<RunResult> =>
  sandbox().ok(['user', 'add', address, '--password-hash', PASSWORD_HASH, '--apply']);

const whileMailComes = (to: string, work: () => Promise<void>): Promise<string[]> =>
  steadyMail(sandbox(), { to, asked: 'alice@a.test' }, work);

/** Nobody has mail that was accepted for somebody else, and nothing was lost. */
async function expectAll(address: string, tokens: readonly string[]): Promise<void> {
  await deliverAll(sandbox());
  const found = (await mailOf(sandbox(), address)).map(subjectOf);
  expect(tokens.length).toBeGreaterThan(2);
  const missing = tokens.filter((token) => !found.includes(token));
  const message = `of ${tokens.length} messages for ${address}`;
  expect(missing, missing.length === 0 ? message : `${message}\n${await whereabouts(missing)}`).toEqual([]);
}

/** Where they are instead, and what the log says of everything that did not simply arrive. */
async function whereabouts(tokens: readonly string[]): Promise<string> {
  const { root } = sandbox();
  const patterns = tokens.flatMap((token) => ['-e', token]);
  const files = await tool('grep', '-rl', ...patterns, `${root}/var/vmail`).catch(() => 'in no mailbox');
  const log = await tool('tail', '-n', '4000', `${root}/var/log/mail.log`);
  const told = log.split('\n').filter((line) => /status=(?!sent)|reject|warning/.test(line));
  return [files, ...told.slice(-40)].join('\n');
}

async function homes(): Promise<string[]> {
  return (await readdir(`${sandbox().root}/var/vmail/a.test`)).sort();
}

const COME_AND_GO = `
const fs = require('fs');
process.setgid('postfix');
process.setuid('postfix');
const names = Array.from({ length: 300 }, (_, n) => process.argv[1] + '/gone-soon-' + n);
const remove = () => names.forEach((name) => fs.rmSync(name, { force: true }));
process.on('SIGTERM', () => (remove(), process.exit()));
const go = () => (names.forEach((name) => fs.writeFileSync(name, '')), remove(), setImmediate(go));
go();
console.log('at it');`;

/** Files of Postfix come and go in a directory while something is done. */
async function whileFilesComeAndGo(directory: string, work: () => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, ['-e', COME_AND_GO, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    await work();
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

it('files of Postfix that go while the configuration is checked keep nobody from an apply', async () => {
  await whileFilesComeAndGo(`${sandbox().root}/var/lib/postfix`, async () => {
    for (const size of ['21', '22', '23'])
      await sandbox().ok(['server', 'set', '--message-size', `${size} MB`, '--apply']);
  });
});

describe('an apply that fails while mail comes in', () => {
  it.each([
    ['removed a user', 'gone@a.test', ['user', 'remove', 'gone@a.test', '--yes']],
    ['renamed a user', 'first@a.test', ['user', 'rename', 'first@a.test', 'second@a.test']],
  ])('and that had %s', async (_, address, change) => {
    await addUser(address);
    await sendAsStranger(sandbox(), address);
    const before = await sandbox().readState();
    const tokens = await whileMailComes(address, async () => {
      await sleep(200);
      await sandbox().ok(change);
      await appendFile(`${sandbox().root}/etc/eboxmail/state.yaml`, FAILING);
      expect((await sandbox().run(['apply'])).code).toBe(8);
      await sandbox().writeState(before);
      await sandbox().ok(['apply']);
    });
    await expectAll(address, tokens);
    expect(await homes()).not.toContain('second');
  });
});

describe('the name of a mailbox is never free for a fresh one', () => {
  /** Runs apply and tells of each moment at which one of the names was. */
  async function moments(code: number, names: readonly string[]): Promise<string> {
    const paths = names.map((name) => `${sandbox().root}/var/vmail/a.test/${name}`);
    const list = `${sandbox().root}/moments`;
    const result = await runWithFault(['--root', sandbox().root, 'apply'], `watch:${paths.join(',')}`, list);
    expect(result, result.stderr).toMatchObject({ code });
    return readFile(list, 'utf8');
  }

  it('while a rename is made and taken back', async () => {
    await addUser('old@a.test');
    await sendAsStranger(sandbox(), 'old@a.test');
    await deliverAll(sandbox());
    const before = await sandbox().readState();
    await sandbox().ok(['user', 'rename', 'old@a.test', 'new@a.test']);
    await appendFile(`${sandbox().root}/etc/eboxmail/state.yaml`, FAILING);
    expect(await moments(8, ['old'])).toBe('');
    await sandbox().writeState(before);
    await sandbox().ok(['apply']);
  });

  it('while two users change places, also when that is taken back', async () => {
    for (const address of ['one@a.test', 'two@a.test']) {
      await addUser(address);
      await sendAsStranger(sandbox(), address);
    }
    await deliverAll(sandbox());
    for (const [from, to] of [
      ['one', 'three'],
      ['two', 'one'],
      ['three', 'two'],
    ] as const)
      await sandbox().ok(['user', 'rename', `${from}@a.test`, `${to}@a.test`, '--no-alias']);
    const swapped = await sandbox().readState();
    await appendFile(`${sandbox().root}/etc/eboxmail/state.yaml`, FAILING);
    expect(await moments(8, ['one', 'two'])).toBe('');
    await sandbox().writeState(swapped);
    expect(await moments(0, ['one', 'two'])).toBe('');
    expect(await homes()).toEqual(expect.arrayContaining(['one', 'two']));
  });
});

describe('users who become aliases, and aliases that become users', () => {
  /** Runs apply and tells of each moment at which mail for one of them would have been refused. */
  async function moments(code: number): Promise<string> {
    const { root } = sandbox();
    const list = `${root}/moments`;
    const addresses = ['leaves@a.test', 'comes@a.test'].join(',');
    const result = await runWithFault(
      ['--root', root, 'apply'],
      `unknown:${root}/etc/postfix/eboxmail,${addresses}`,
      list,
    );
    expect(result, result.stderr).toMatchObject({ code });
    return readFile(list, 'utf8');
  }

  it('are known all the time, also when that is taken back', async () => {
    await addUser('leaves@a.test');
    await sandbox().ok(['alias', 'add', 'comes@a.test', 'alice@a.test', '--apply']);
    const before = await sandbox().readState();
    await sandbox().ok(['user', 'remove', 'leaves@a.test', '--yes']);
    await sandbox().ok(['alias', 'add', 'leaves@a.test', 'bob@a.test']);
    await sandbox().ok(['alias', 'remove', 'comes@a.test', '--yes']);
    await sandbox().ok(['user', 'add', 'comes@a.test', '--password-hash', PASSWORD_HASH]);
    const changed = await sandbox().readState();
    await appendFile(`${sandbox().root}/etc/eboxmail/state.yaml`, FAILING);
    expect(await moments(8)).toBe('');
    await sandbox().writeState(changed);
    expect(await moments(0)).toBe('');
    await sandbox().writeState(before);
    expect(await moments(0)).toBe('');
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });
});

it('a rename that was cut off is undone by status when the state is another one since', async () => {
  await addUser('cut@a.test');
  const before = await sandbox().readState();
  await sandbox().ok(['user', 'rename', 'cut@a.test', 'off@a.test']);
  const tokens = await whileMailComes('cut@a.test', async () => {
    await sleep(200);
    // Dovecot has the new accounts then, and Postfix nearly all of its tables.
    const fault = `kill:renameSync ${sandbox().root}/etc/postfix/eboxmail/.sender_logins`;
    expect((await runWithFault(['--root', sandbox().root, 'apply'], fault)).signal).toBe('SIGKILL');
    expect((await lstat(`${sandbox().root}/var/vmail/a.test/cut`)).isSymbolicLink()).toBe(true);
    await writeFile(`${sandbox().root}/etc/eboxmail/state.yaml`, before);
    const status = await sandbox().run(['status']);
    expect(status.stderr).toContain('is undone');
  });
  await expectAll('cut@a.test', tokens);
  expect((await lstat(`${sandbox().root}/var/vmail/a.test/cut`)).isDirectory()).toBe(true);
  expect(await homes()).not.toContain('off');
  await sandbox().ok(['apply']);
});

it.each([
  ['one account', ['bob@a.test']],
  ['several', ['bob@a.test', 'alice@a.test']],
])('mail that is under way when a user becomes an alias of %s gets there', async (what, targets) => {
  const address = `role${targets.length}@a.test`;
  await addUser(address);
  const input = `user remove ${address} --yes\nalias add ${address} ${targets.join(' ')}\n`;
  const tokens = await whileMailComes(address, async () => {
    await sleep(200);
    await sandbox().ok(['batch', '--apply'], { input });
  });
  await deliverAll(sandbox());
  const archive = `${sandbox().root}/var/vmail/.archive/a.test`;
  const [kept = ''] = (await readdir(archive)).filter((name) => name.startsWith(`role${targets.length}.`));
  const old = (await mailOf(sandbox(), `${kept}@.archive/a.test`)).map(subjectOf);
  for (const target of targets) {
    const found = (await mailOf(sandbox(), target)).map(subjectOf);
    expect(
      tokens.filter((token) => !found.includes(token) && !old.includes(token)),
      what,
    ).toEqual([]);
  }
});
