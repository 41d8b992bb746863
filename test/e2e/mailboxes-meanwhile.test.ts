import { existsSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { runWithFault, stoppedAt } from '../support/faults.ts';
import { copies, imapLogin, imaps, PASSWORD_HASH, sendAsStranger, subjectOf } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

/** Whoever comes later, with an address that was somebody else's, has this password. */
const OTHER = 'battery staple';
const OTHER_HASH = `{PLAIN}${OTHER}`;

const STATE = `version: 1
server:
  mailname: mx.example.test
domains:
  a.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
`;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [/warning: \S+: SASL PLAIN authentication failed/],
});

const lib = (): string => `${sandbox().root}/var/lib/eboxmail`;
const home = (name: string): string => `${sandbox().root}/var/vmail/a.test/${name}`;
const ok = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await sandbox().ok(args);
  return stdout + stderr;
};
const add = (address: string, ...more: string[]): Promise<string> =>
  ok('user', 'add', address, '--password-hash', PASSWORD_HASH, ...more);
const subjects = (address: string, pass?: string): Promise<(string | undefined)[]> =>
  imaps(sandbox(), address, async (box) => (await box.fetchAll()).map(subjectOf), pass === undefined ? {} : { pass });
const all = (...args: string[]): string[] => ['--root', sandbox().root, ...args];

async function mailFor(address: string): Promise<string> {
  const token = await sendAsStranger(sandbox(), address);
  expect(await copies(sandbox(), token, [address])).toEqual({ [address]: 1 });
  return token;
}

async function kept(address: string): Promise<unknown[]> {
  return JSON.parse((await sandbox().ok(['user', 'restore', '--list', address, '--json'])).stdout) as unknown[];
}

beforeEach(async () => {
  await sandbox().writeState(STATE);
  await ok('apply', '--adopt', '--allow-removals', '100');
});

describe('while an apply is at work', () => {
  /** Before Postfix has its files, before the mailbox goes into the archive, and after that. */
  const moments = (name: string): string[] =>
    [`${sandbox().root}/etc/postfix/`, home(name), `${lib()}/.applied.json`].map((path) => `renameSync ${path}`);

  it('a user whom it removes is restored, and has the mailbox', async () => {
    for (const at of [0, 1, 2]) {
      const [address, other] = [`r${at}@a.test`, `as${at}@a.test`];
      const moment = moments(`r${at}`)[at] ?? '';
      await add(address, '--apply');
      const token = await mailFor(address);
      await ok('user', 'remove', address, '--yes');
      const goOn = await stoppedAt(all('apply'), moment);
      // At the last moment it waits for the record.
      const restored = ok('user', 'restore', address, '--as', other);
      if (at < 2) await restored;
      expect(await goOn(), moment).toMatchObject({ code: 0 });
      expect(await restored, moment).toContain('the mailbox comes back with apply');
      if (at < 2) await ok('user', 'rename', other, address, '--no-alias');
      expect(await ok('plan'), moment).toContain('comes back from the archive');
      await ok('apply');
      expect(await subjects(at < 2 ? address : other), moment).toEqual([token]);
      expect(await kept(address), moment).toEqual([]);
    }
  });

  it('nobody gets the mailbox of who has the address of the restored one by then', async () => {
    await add('two@a.test', '--apply');
    await ok('user', 'add', 'one@a.test', '--password-hash', OTHER_HASH, '--apply');
    const [one, two] = [await mailFor('one@a.test'), await mailFor('two@a.test')];
    await ok('user', 'remove', 'one@a.test', '--yes');
    await ok('user', 'rename', 'two@a.test', 'one@a.test', '--no-alias');
    const goOn = await stoppedAt(all('apply'), `renameSync ${sandbox().root}/etc/postfix/`);
    await ok('user', 'restore', 'one@a.test', '--as', 'two@a.test');
    expect(await goOn()).toMatchObject({ code: 0 });
    await ok('apply');
    expect(await subjects('one@a.test')).toEqual([two]);
    expect(await subjects('two@a.test', OTHER)).toEqual([one]);
  });

  it('a user whom it brings back is removed and restored, and has the mailbox', async () => {
    await add('back@a.test', '--apply');
    const token = await mailFor('back@a.test');
    await ok('user', 'remove', 'back@a.test', '--yes', '--apply');
    await ok('user', 'restore', 'back@a.test');
    for (const moment of ['etc/dovecot/', 'etc/postfix/']) {
      await ok('user', 'set', 'back@a.test', '--name', moment);
      const goOn = await stoppedAt(all('apply'), `renameSync ${sandbox().root}/${moment}`);
      await ok('user', 'remove', 'back@a.test', '--yes');
      await ok('user', 'restore', 'back@a.test');
      expect(await goOn(), moment).toMatchObject({ code: 0 });
      await ok('apply');
      expect(await subjects('back@a.test'), moment).toEqual([token]);
      await ok('user', 'remove', 'back@a.test', '--yes', '--apply');
      await ok('user', 'restore', 'back@a.test');
    }
  });

  it('mail that it is about to delete is kept when the user is restored, and what is deleted already is told', async () => {
    await add('p@a.test', '--apply');
    const token = await mailFor('p@a.test');
    await ok('user', 'remove', 'p@a.test', '--purge', '--yes');
    const goOn = await stoppedAt(all('apply'), `renameSync ${sandbox().root}/etc/postfix/`);
    await ok('user', 'restore', 'p@a.test');
    expect((await goOn()).stderr).not.toContain('deleted');
    await ok('apply');
    expect(await subjects('p@a.test')).toEqual([token]);
    await ok('user', 'remove', 'p@a.test', '--purge', '--yes');
    const goOnDeleting = await stoppedAt(all('apply'), `rmSync ${home('p')}`);
    expect(await ok('user', 'restore', 'p@a.test')).toContain('an apply has begun to delete the mail');
    expect((await goOnDeleting()).stderr).toContain('mail of p@a.test deleted');
    await ok('apply');
    expect(await subjects('p@a.test')).toEqual([]);
  });

  it('somebody else who gets the address of a user of its own begins with an empty mailbox', async () => {
    await add('n@a.test');
    const goOn = await stoppedAt(all('apply'), `renameSync ${lib()}/.applied.json`);
    await mailFor('n@a.test');
    const others = (async () => {
      await ok('user', 'remove', 'n@a.test', '--yes');
      await ok('user', 'add', 'n@a.test', '--password-hash', OTHER_HASH);
    })();
    expect(await goOn()).toMatchObject({ code: 0 });
    await others;
    await ok('apply');
    expect(await imapLogin(sandbox(), 'n@a.test', OTHER)).toBe(true);
    expect(await subjects('n@a.test', OTHER)).toEqual([]);
    expect(await kept('n@a.test')).toMatchObject([{ messages: 1 }]);
  });
});

describe('a mailbox that an apply which was killed had brought out of the archive', () => {
  const killedLate = async (...args: string[]): Promise<void> => {
    const killed = await runWithFault(all(...args), `kill:renameSync ${lib()}/.applied.json`);
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
  };

  it('is that of the user when a rollback is run again', async () => {
    await add('q@a.test', '--apply');
    const token = await mailFor('q@a.test');
    await ok('user', 'remove', 'q@a.test', '--yes', '--apply');
    for (const edit of [false, true]) {
      await killedLate('rollback', '--yes');
      expect(existsSync(home('q'))).toBe(true);
      if (edit) await ok('alias', 'add', 'n@a.test', 'alice@a.test');
      expect(await ok('rollback', '--yes')).not.toContain('empty mailbox');
      expect(await subjects('q@a.test')).toEqual([token]);
      expect(await kept('q@a.test')).toEqual([]);
      await ok('user', 'remove', 'q@a.test', '--yes', '--apply');
    }
    // And of nobody when the state is put back.
    const state = await sandbox().readState();
    await killedLate('rollback', '--yes');
    await killedLate('rollback', '--yes');
    await sandbox().writeState(state);
    await ok('apply');
    expect(existsSync(home('q'))).toBe(false);
    expect(await kept('q@a.test')).toMatchObject([{ messages: 1, restoredAs: null }]);
  });

  it('goes along when the user is renamed, removed and restored by then', async () => {
    await add('s@a.test', '--apply');
    const token = await mailFor('s@a.test');
    await ok('user', 'remove', 's@a.test', '--yes', '--apply');
    await ok('user', 'restore', 's@a.test');
    await killedLate('apply');
    await ok('user', 'rename', 's@a.test', 't@a.test', '--no-alias');
    await killedLate('apply');
    await ok('user', 'remove', 't@a.test', '--yes');
    expect(await kept('s@a.test')).toMatchObject([{ messages: 1, restoredAs: null }]);
    await ok('user', 'restore', 's@a.test', '--as', 'u@a.test', '--apply');
    expect(await subjects('u@a.test')).toEqual([token]);
    expect(await kept('s@a.test')).toEqual([]);
  });
});
