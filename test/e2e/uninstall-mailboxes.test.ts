import { existsSync, readdirSync, statSync } from 'node:fs';
import { lchown, rename, rm, symlink } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { runWithFault } from '../support/faults.ts';
import { copies, imaps, maildir, sendAsStranger, subjectOf } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

/** Mailboxes when eboxmail is taken away, also in the middle of a move, and comes again. */

const entry = (name: string): string => `{password: "{PLAIN}secret-${name}"}`;

const STATE = `version: 1
server: {mailname: mx.example.test}
domains: {a.test: {}, b.test: {}}
users:
  alice@a.test: ${entry('alice')}
  bob@a.test: ${entry('bob')}
  carol@a.test: ${entry('carol')}
`;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [
    /Error: .*(Permission denied|Failed to access user's personal storage)/,
    /warning: \S+: SASL PLAIN authentication failed/,
  ],
});

const mail = (path = ''): string => `${sandbox().root}/var/vmail/${path}`;
const lib = (name: string): string => `${sandbox().root}/var/lib/eboxmail/${name}`;
const user = (...args: string[]): Promise<unknown> => sandbox().ok(['user', ...args]);
const subjects = (address: string, who: string): Promise<(string | undefined)[]> =>
  imaps(sandbox(), address, async (box) => (await box.fetchAll()).map(subjectOf), { pass: `secret-${who}` });

async function mailFor(address: string): Promise<string> {
  const token = await sendAsStranger(sandbox(), address);
  expect(await copies(sandbox(), token, [address])).toEqual({ [address]: 1 });
  return token;
}

async function killed(command: string, ...calls: string[]): Promise<void> {
  const args = ['--root', sandbox().root, command, '--yes'];
  for (const call of calls) expect(await runWithFault(args, `kill:${call}`)).toMatchObject({ signal: 'SIGKILL' });
}

async function changePlaces(): Promise<void> {
  await user('rename', 'bob@a.test', 'then@a.test', '--no-alias');
  await user('rename', 'carol@a.test', 'bob@a.test', '--no-alias');
  await user('rename', 'then@a.test', 'carol@a.test', '--no-alias');
}

/** Each mailbox is its owner's, gets mail, and nothing is left of a move. */
async function expectMail(owners: Readonly<Record<string, readonly [string, readonly string[]]>>): Promise<void> {
  for (const [address, [who, tokens]] of Object.entries(owners)) {
    const token = await mailFor(address);
    expect(await subjects(address, who), address).toEqual([...tokens, token]);
  }
  expect(readdirSync(mail()).filter((name) => name === '.moving')).toEqual([]);
  expect(['moving.json', 'uninstalled.json', 'unfinished.json'].filter((name) => existsSync(lib(name)))).toEqual([]);
  const status = await sandbox().run(['status']);
  expect(status.code, status.stdout).toBe(0);
}

async function archived(address: string): Promise<(string | undefined)[][]> {
  const list = JSON.parse((await sandbox().ok(['user', 'restore', '--list', '--json', address])).stdout) as {
    path: string | null;
  }[];
  return Promise.all(
    list.map(async ({ path }) => (await maildir(`${sandbox().root}/${path ?? ''}/Maildir`)).map(subjectOf)),
  );
}

let [alice, bob, carol] = ['', '', ''];

beforeEach(async () => {
  await sandbox().writeState(STATE);
  await sandbox().ok(['apply', '--allow-removals', '9']);
  for (const name of ['alice', 'bob', 'carol'])
    await rm(mail(`a.test/${name}/Maildir`), { recursive: true, force: true });
  await rm(mail('.archive'), { recursive: true, force: true });
  [alice, bob, carol] = [await mailFor('alice@a.test'), await mailFor('bob@a.test'), await mailFor('carol@a.test')];
});

describe('an uninstall after an apply that was killed while two change places', () => {
  const third = (): string => `renameSync ${mail()}:3`;

  it('brings their mailboxes back, and the next apply moves them', async () => {
    await changePlaces();
    await killed('apply', third());
    expect(existsSync(mail('.moving/a.test/bob/Maildir'))).toBe(true);
    const { stderr } = await sandbox().ok(['uninstall', '--yes']);
    expect(stderr).toContain('brings mailboxes back');
    expect(readdirSync(mail('a.test')).sort()).toEqual(['alice', 'bob', 'carol']);
    expect(statSync(mail('a.test')).mode & 0o700).toBe(0o700);
    expect((await maildir(mail('a.test/bob/Maildir'))).map(subjectOf)).toEqual([bob]);
    await sandbox().ok(['apply']);
    await expectMail({
      'alice@a.test': ['alice', [alice]],
      'bob@a.test': ['carol', [carol]],
      'carol@a.test': ['bob', [bob]],
    });
  });

  it('brings them back also when it is killed itself, and all have their own when the state is put back', async () => {
    await changePlaces();
    await killed('apply', third());
    await killed('uninstall', `renameSync ${mail()}`, `renameSync ${mail()}:2`, `rmSync ${lib('moving.json')}`);
    await sandbox().ok(['uninstall', '--yes']);
    await sandbox().writeState(STATE);
    await sandbox().ok(['apply']);
    await expectMail({
      'alice@a.test': ['alice', [alice]],
      'bob@a.test': ['bob', [bob]],
      'carol@a.test': ['carol', [carol]],
    });
  });

  it('ends with 1 and takes nothing away when they cannot be moved, and goes on when they can', async () => {
    await changePlaces();
    await killed('apply', third());
    const args = ['--root', sandbox().root, 'uninstall', '--yes'];
    await rename(mail('a.test'), mail('elsewhere'));
    await symlink('elsewhere', mail('a.test'));
    await lchown(mail('a.test'), 5000, 5000);
    const early = await sandbox().run(['uninstall', '--yes']);
    expect(early.code, early.stderr).toBe(1);
    expect(early.stderr).toContain("is a symbolic link that is not root's");
    expect(early.stderr).not.toContain('stop dovecot');
    await rm(mail('a.test'));
    await rename(mail('elsewhere'), mail('a.test'));
    const refused = await runWithFault(args, `fail:renameSync ${mail()}:2`);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('could not be brought back');
    expect(['applied.json', 'unfinished.json', 'moving.json'].filter((name) => !existsSync(lib(name)))).toEqual([]);
    expect(existsSync(`${sandbox().root}/etc/postfix/eboxmail`)).toBe(true);
    await sandbox().ok(['uninstall', '--yes']);
    expect((await maildir(mail('a.test/carol/Maildir'))).map(subjectOf)).toEqual([carol]);
    await sandbox().ok(['apply']);
    await expectMail({ 'bob@a.test': ['carol', [carol]], 'carol@a.test': ['bob', [bob]] });
  });
});

describe('an uninstall after an apply that was killed when it had archived a mailbox', () => {
  beforeEach(async () => {
    await user('remove', 'bob@a.test', '--yes');
    await killed('apply', `renameSync ${lib('.applied.json')}`);
    expect(await archived('bob@a.test')).toHaveLength(1);
    await sandbox().ok(['uninstall', '--yes']);
    expect((await maildir(mail('a.test/bob/Maildir'))).map(subjectOf)).toEqual([bob]);
  });

  it('the next apply archives it', async () => {
    await sandbox().ok(['apply']);
    expect(await archived('bob@a.test')).toEqual([[bob]]);
    await user('restore', 'bob@a.test', '--apply');
    await expectMail({ 'bob@a.test': ['bob', [bob]], 'carol@a.test': ['carol', [carol]] });
  });

  it('the user has it again when the state is put back', async () => {
    await sandbox().writeState(STATE);
    await sandbox().ok(['apply']);
    expect(await archived('bob@a.test')).toEqual([]);
    await expectMail({ 'bob@a.test': ['bob', [bob]], 'carol@a.test': ['carol', [carol]] });
  });
});

it('what commands do to addresses before and after an uninstall, the next apply does to mailboxes', async () => {
  await user('rename', 'bob@a.test', 'bob@b.test', '--no-alias');
  await sandbox().ok(['uninstall', '--yes']);
  await user('rename', 'carol@a.test', 'bob@a.test', '--no-alias');
  await user('remove', 'alice@a.test', '--yes');
  await user('add', 'alice@a.test', '--password-hash', '{PLAIN}secret-other');
  const { stdout } = await sandbox().ok(['plan']);
  expect(stdout).toContain('mailbox of carol@a.test becomes that of bob@a.test');
  await sandbox().ok(['apply']);
  await expectMail({
    'bob@b.test': ['bob', [bob]],
    'bob@a.test': ['carol', [carol]],
    'alice@a.test': ['other', []],
  });
  expect(await archived('alice@a.test')).toEqual([[alice]]);
});

it('an apply that is the first after an uninstall is killed: another uninstall and apply lose nothing', async () => {
  await changePlaces();
  await sandbox().ok(['uninstall', '--yes']);
  await killed('apply', `renameSync ${mail()}:3`);
  await sandbox().ok(['uninstall', '--yes']);
  expect((await maildir(mail('a.test/bob/Maildir'))).map(subjectOf)).toEqual([bob]);
  await sandbox().ok(['apply']);
  await expectMail({ 'bob@a.test': ['carol', [carol]], 'carol@a.test': ['bob', [bob]] });
});

it('what is in the way and no journal speaks of is named by status, and the next apply clears it away', async () => {
  await changePlaces();
  await killed('apply', `renameSync ${mail()}:3`);
  // So an uninstall of an earlier version left it.
  for (const name of ['moving.json', 'unfinished.json', 'undo']) await rm(lib(name), { recursive: true });
  await sandbox().writeState(STATE);
  const status = await sandbox().run(['status']);
  expect(status.code).toBe(1);
  expect(status.stdout).toContain(`${mail('a.test')}: no mail can be delivered there`);
  expect(status.stdout).toContain("a mailbox that was bob@a.test's was left in");
  expect(status.stdout).toContain(`${mail('a.test/bob')}: the name is closed`);
  const { stderr } = await sandbox().ok(['apply', '--adopt']);
  expect(stderr).toMatch(/a mailbox that was carol@a\.test's was left behind: kept in \S+\.archive\/a\.test\/carol\./);
  await expectMail({ 'alice@a.test': ['alice', [alice]], 'bob@a.test': ['bob', []] });
  expect([await archived('bob@a.test'), await archived('carol@a.test')]).toEqual([[[bob]], [[carol]]]);
  await user('restore', 'bob@a.test', '--as', 'bob@b.test');
  await user('passwd', 'bob@b.test', '--password-hash', '{PLAIN}secret-bob', '--apply');
  await expectMail({ 'bob@b.test': ['bob', [bob]] });
});

it('a name that was closed for a user who never got mail is open again when the state is put back', async () => {
  const more = `${STATE}  dora@a.test: ${entry('dora')}\n`;
  await sandbox().writeState(more);
  await sandbox().ok(['apply']);
  await user('remove', 'dora@a.test', '--yes');
  await user('add', 'dora@a.test', '--password-hash', '{PLAIN}secret-other');
  await killed('apply', `renameSync ${sandbox().root}/etc/dovecot/eboxmail/.`);
  await sandbox().writeState(more);
  await sandbox().ok(['apply']);
  await expectMail({ 'dora@a.test': ['dora', []] });
});
