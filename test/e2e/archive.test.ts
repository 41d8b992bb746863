import { chmod, chown, lchown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  copies,
  drain,
  imapLogin,
  imaps,
  PASSWORD,
  PASSWORD_HASH,
  sendAsStranger,
  stranger,
  subjectOf,
  tryRecipient,
} from '../support/mail.ts';
import { runWithFault } from '../support/faults.ts';
import { setBack } from '../support/clock.ts';
import { bash } from '../support/scene.ts';
import { useSandbox } from '../support/sandbox.ts';
import { LineClient } from '../support/line-client.ts';

const ENTRY = `{password: "${PASSWORD_HASH}"}`;

const sandbox = useSandbox({
  state: `
version: 1
server:
  mailname: mx.example.test
  limits: {mailbox: 50 MB}
  retrieval: {imaps: true, pop3s: true}
domains:
  a.test: {}
  b.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}", name: "Alice: \\"A\\"", quota: 20 MB}
  bob@a.test: ${ENTRY}
  carol@a.test: ${ENTRY}
  dave@b.test: ${ENTRY}
  erin@b.test: {account: false, name: Erin}
groups: {staff: {members: [alice@a.test, bob@a.test]}}
aliases: {al@a.test: alice@a.test, all@a.test: staff}
`,
  tolerate: [/Error: .*last.login/],
});

interface Shown {
  readonly usage: { readonly messages: number; readonly bytes: number } | null;
  readonly lastLogin: string | null;
  readonly notes: readonly string[];
}
interface Archived {
  readonly address: string;
  readonly number: number;
  readonly id: string | null;
  readonly removed: string | null;
  readonly messages: number | null;
  readonly bytes: number | null;
  readonly path: string | null;
  readonly restoredAs: string | null;
}

const show = async (user: string): Promise<Shown> =>
  JSON.parse((await sandbox().ok(['user', 'show', user, '--json'])).stdout) as Shown;
const archive = async (...only: string[]): Promise<Archived[]> =>
  JSON.parse((await sandbox().ok(['user', 'restore', '--list', ...only, '--json'])).stdout) as Archived[];
const subjects = (user: string): Promise<(string | undefined)[]> =>
  imaps(sandbox(), user, async (box) => (await box.fetchAll()).map(subjectOf));
const home = (user: string): string => `${sandbox().root}/var/vmail/${user.split('@').reverse().join('/')}`;
async function mailFor(user: string): Promise<string> {
  const token = await sendAsStranger(sandbox(), user);
  expect(await copies(sandbox(), token, [user])).toEqual({ [user]: 1 });
  return token;
}

describe('user show', () => {
  it('says how full the mailbox is, as Dovecot counts it, and when its owner logged in last', async () => {
    expect(await show('alice@a.test')).toMatchObject({ usage: { messages: 0, bytes: 0 }, lastLogin: null, notes: [] });
    await mailFor('alice@a.test');
    await sendAsStranger(sandbox(), 'alice@a.test', undefined, { body: 'x'.repeat(70).concat('\n').repeat(5000) });
    await drain(sandbox());
    expect(await show('alice@a.test')).toMatchObject({ lastLogin: null });
    const start = Math.floor(Date.now() / 1000) * 1000;
    await imaps(sandbox(), 'alice@a.test', async ({ client }) => {
      await client.mailboxCreate('Projects');
      await client.messageCopy('1:*', 'Projects');
    });
    const shown = await show('alice@a.test');
    const conf = `${sandbox().root}/etc/dovecot/dovecot.conf`;
    const { stdout } = await bash(`doveadm -c ${conf} -f tab quota get -u alice@a.test`);
    const kilobytes = Number(/STORAGE\t(\d+)/.exec(stdout)?.[1]);
    expect(shown.usage?.messages).toBe(4);
    expect(Number(/MESSAGE\t(\d+)/.exec(stdout)?.[1])).toBe(4);
    expect(Math.abs((shown.usage?.bytes ?? 0) / 1024 - kilobytes)).toBeLessThanOrEqual(1);
    expect(new Date(shown.lastLogin ?? 0).getTime()).toBeGreaterThanOrEqual(start);
    expect(shown).toMatchObject({
      address: 'alice@a.test',
      name: 'Alice: "A"',
      account: true,
      password: '{SHA512-CRYPT}',
      quota: '20 MB',
      effectiveQuota: '20 MB',
      quotaFrom: 'user',
      aliases: ['al@a.test', 'all@a.test'],
      groups: ['staff'],
      notes: [],
    });
    const text = (await sandbox().ok(['user', 'show', 'alice@a.test'])).stdout;
    expect(text).toMatch(/^Quota: +20 MB \(of this user\)$/m);
    expect(text).toMatch(/^In use: +4 messages, \d+ kB \(3 %\)$/m);
    expect(text).toContain(shown.lastLogin ?? '?');
    expect((await sandbox().ok(['user', 'show', 'bob@a.test'])).stdout).toMatch(
      /^Quota: +50 MB \(default of the server\)\nIn use: +0 messages, 0 B \(0 %\)\nLast login: +\(never\)$/m,
    );
  });

  it('knows logins by POP3 too', async () => {
    const client = await LineClient.connect({ port: sandbox().ports.pop3s, tls: 'implicit' });
    await client.read(/^\+OK/);
    await client.command('USER bob@a.test', /^\+OK/);
    await client.command('PASS correct horse', /^\+OK/);
    await client.command('QUIT', /^\+OK/);
    client.close();
    expect((await show('bob@a.test')).lastLogin).not.toBeNull();
  });

  it('says what it cannot say, and nobody is kept from logging in by it', async () => {
    await rm(`${home('bob@a.test')}/last-login`);
    await mkdir(`${home('bob@a.test')}/last-login`);
    expect(await imapLogin(sandbox(), 'bob@a.test')).toBe(true);
    const { lastLogin, usage, notes } = await show('bob@a.test');
    expect({ lastLogin, usage }).toEqual({ lastLogin: null, usage: { messages: 0, bytes: 0 } });
    expect(notes).toEqual([expect.stringMatching(/^the last login is not known: /)]);
    await rm(`${home('bob@a.test')}/last-login`, { recursive: true });
    const before = await show('alice@a.test');
    await bash(`$EBOXMAIL sandbox stop ${sandbox().root}`);
    expect(await show('alice@a.test')).toEqual(before);
    await bash(`$EBOXMAIL sandbox start ${sandbox().root}`);
    await sandbox().ok(['user', 'add', 'new@a.test', '--password-hash', PASSWORD_HASH]);
    expect(await show('new@a.test')).toMatchObject({
      usage: null,
      lastLogin: null,
      notes: [expect.stringMatching(/^not applied yet/)],
    });
    await sandbox().ok(['user', 'rename', 'alice@a.test', 'alicia@a.test']);
    expect(await show('alicia@a.test')).toMatchObject({
      usage: before.usage,
      notes: ['not applied yet: the mailbox is still that of alice@a.test'],
    });
    await sandbox().ok(['user', 'rename', 'alicia@a.test', 'alice@a.test']);
    await sandbox().ok(['user', 'remove', 'new@a.test']);
  });
});

describe('the archive', () => {
  it('keeps what is removed, and gives the user and the mailbox back as they were', async () => {
    const before = await imaps(sandbox(), 'alice@a.test', async ({ client }) => {
      await client.messageFlagsAdd('1', ['\\Flagged'], {});
      return [await client.fetchOne('1', { uid: true, flags: true }), await client.list()] as const;
    });
    let ended = false;
    const session = imaps(sandbox(), 'alice@a.test', async ({ client }) => {
      while (client.usable) await client.noop();
    }).finally(() => (ended = true));
    session.catch(() => undefined);
    const removal = await sandbox().run(['user', 'remove', 'alice@a.test', '--apply']);
    expect(removal.code).toBe(2);
    expect(removal.stderr).toContain('group staff loses alice@a.test');
    await sandbox().ok(['user', 'remove', 'alice@a.test', '--yes', '--apply']);
    await session.catch(() => undefined);
    expect(ended).toBe(true);

    const [kept] = await archive('alice@a.test');
    expect(kept).toMatchObject({ address: 'alice@a.test', number: 1, messages: 4, restoredAs: null });
    expect(kept?.bytes).toBeGreaterThan(700_000);
    expect(kept?.path).toBe(`var/vmail/.archive/a.test/alice.${kept?.id ?? ''}`);
    expect(await readdir(`${sandbox().root}/${kept?.path ?? ''}`)).toContain('Maildir');
    const index = `${sandbox().root}/var/lib/eboxmail/archive.json`;
    expect((await stat(index)).mode & 0o777).toBe(0o600);
    expect((await sandbox().ok(['user', 'restore', '--list'])).stdout).toMatch(/^alice@a\.test\t1\t\S+\t4\t\d+ kB\t$/m);
    const client = await stranger(sandbox());
    expect(await tryRecipient(client, 'alice@a.test')).toMatch(/^550 /);
    await client.quit();

    await sandbox().ok(['user', 'restore', 'alice@a.test']);
    expect((await sandbox().ok(['plan'])).stdout).toContain(
      `mailbox of alice@a.test comes back from the archive: alice@a.test/${kept?.id ?? ''}`,
    );
    expect((await archive())[0]).toMatchObject({ restoredAs: 'alice@a.test' });
    await sandbox().ok(['apply']);
    expect(await readFile(index, 'utf8').catch(() => '')).not.toContain('alice@a.test');
    const after = await imaps(
      sandbox(),
      'alice@a.test',
      async (box) => [await box.client.fetchOne('1', { uid: true, flags: true }), await box.client.list()] as const,
    );
    expect(after[0] === false ? [] : [...(after[0].flags ?? [])]).toContain('\\Flagged');
    expect(after[0]).toMatchObject({ uid: before[0] === false ? 0 : before[0].uid });
    expect(after[1].map(({ path }) => path)).toEqual(before[1].map(({ path }) => path));
    expect(await show('alice@a.test')).toMatchObject({ name: 'Alice: "A"', quota: '20 MB' });
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('gives a new user of the address an empty mailbox, with an apply between or without, and keeps generations apart', async () => {
    const first = await mailFor('carol@a.test');
    const add = ['user', 'add', 'carol@a.test', '--password-hash', PASSWORD_HASH];
    await sandbox().ok(['user', 'remove', 'carol@a.test', '--apply']);
    await sandbox().ok([...add, '--apply']);
    expect(await subjects('carol@a.test')).toEqual([]);
    const second = await mailFor('carol@a.test');
    await sandbox().ok(['user', 'remove', 'carol@a.test']);
    await sandbox().ok(add);
    const { stdout } = await sandbox().ok(['plan']);
    expect(stdout).toContain('the new carol@a.test begins with an empty one');
    await sandbox().ok(['apply']);
    expect(await subjects('carol@a.test')).toEqual([]);
    expect((await archive('carol@a.test')).map(({ number, messages }) => [number, messages])).toEqual([
      [1, 1],
      [2, 1],
    ]);

    const refused = await sandbox().run(['user', 'restore', 'carol@a.test']);
    expect(refused).toMatchObject({ code: 5 });
    expect(refused.stderr).toContain('--as');
    await sandbox().ok(['user', 'restore', 'carol@a.test', '--as', 'carol.old@a.test', '--from', '2']);
    const id = (await archive('carol@a.test'))[0]?.id ?? '';
    await sandbox().ok(['user', 'restore', 'carol@a.test', '--as', 'carol.newer@a.test', '--from', id]);
    const again = await sandbox().run(['user', 'restore', 'carol@a.test', '--as', 'x@a.test', '--from', '2']);
    expect(again).toMatchObject({ code: 5 });
    await sandbox().ok(['user', 'rename', 'carol.newer@a.test', 'c2@a.test', '--no-alias', '--apply']);
    expect(await subjects('carol.old@a.test')).toEqual([first]);
    expect(await subjects('c2@a.test')).toEqual([second]);
    expect(await archive('carol@a.test')).toEqual([]);
    expect(await sandbox().run(['user', 'restore', 'carol@a.test'])).toMatchObject({ code: 4 });
    expect(await sandbox().run(['user', 'restore'])).toMatchObject({ code: 2 });
  });

  it('is not needed for a removal that no apply has seen', async () => {
    const token = await mailFor('carol@a.test');
    const before = await sandbox().readState();
    await sandbox().ok(['user', 'remove', 'carol@a.test']);
    expect(await archive('carol@a.test')).toEqual([
      {
        address: 'carol@a.test',
        number: 1,
        id: null,
        removed: null,
        messages: null,
        bytes: null,
        path: null,
        restoredAs: null,
      },
    ]);
    await sandbox().ok(['user', 'restore', 'carol@a.test']);
    expect((await sandbox().readState()).length).toBe(before.length);
    await sandbox().ok(['apply']);
    expect(await subjects('carol@a.test')).toEqual([token]);
  });

  it('gets nothing of what is purged, after a question', async () => {
    await mailFor('bob@a.test');
    const refused = await sandbox().run(['user', 'remove', 'bob@a.test', '--purge', '--apply']);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('all mail of bob@a.test is deleted');
    const { stderr } = await sandbox().ok(['user', 'remove', 'bob@a.test', '--purge', '--yes', '--apply']);
    expect(stderr).toContain('mail of bob@a.test deleted');
    expect(await archive('bob@a.test')).toEqual([]);
    await expect(stat(home('bob@a.test'))).rejects.toThrow('ENOENT');
  });

  it('purges only what was reviewed, and the plan says so', async () => {
    await sandbox().ok(['user', 'add', 'pv@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    await mailFor('pv@a.test');
    const before = await sandbox().readState();
    const digest = async (): Promise<string> => (await sandbox().ok(['plan', '--digest'])).stdout;
    await sandbox().ok(['user', 'remove', 'pv@a.test']);
    const reviewed = await digest();
    expect((await sandbox().ok(['plan'])).stdout).not.toContain('mail of pv@a.test');
    await sandbox().writeState(before);
    await sandbox().ok(['user', 'remove', 'pv@a.test', '--purge', '--yes']);
    expect((await sandbox().ok(['plan'])).stdout).toContain('- mail of pv@a.test is deleted\n');
    const refused = await sandbox().run(['apply', '--expect', reviewed.trim()]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('not the one that was reviewed');
    expect(await readdir(home('pv@a.test'))).toContain('Maildir');
    const purging = await digest();
    expect(await digest()).toBe(purging);
    await sandbox().ok(['apply', '--expect', purging.trim()]);
    await expect(stat(home('pv@a.test'))).rejects.toThrow('ENOENT');
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    expect(await archive('pv@a.test')).toEqual([]);
  });

  it('brings back only the mailbox that was reviewed, and the plan says which', async () => {
    const add = ['user', 'add', 'two@a.test', '--password-hash', PASSWORD_HASH, '--apply'];
    for (let time = 0; time < 2; time += 1) {
      await sandbox().ok(add);
      await mailFor('two@a.test');
      await sandbox().ok(['user', 'remove', 'two@a.test', '--apply']);
    }
    const digests = [];
    for (const number of ['1', '2']) {
      await sandbox().ok(['user', 'restore', 'two@a.test', '--from', number]);
      digests.push((await sandbox().ok(['plan', '--digest'])).stdout.trim());
      if (number === '1') await sandbox().ok(['user', 'remove', 'two@a.test']);
    }
    expect(new Set(digests).size).toBe(2);
    expect((await sandbox().run(['apply', '--expect', digests[0] ?? ''])).code).toBe(1);
    await sandbox().ok(['apply', '--expect', digests[1] ?? '']);
    await sandbox().ok(['user', 'remove', 'two@a.test', '--purge', '--yes', '--apply']);
    await sandbox().ok(['user', 'restore', 'two@a.test', '--apply']);
    await sandbox().ok(['user', 'remove', 'two@a.test', '--purge', '--yes', '--apply']);
    expect(await archive('two@a.test')).toEqual([]);
  });

  it.each([
    ['an apply', ['apply']],
    ['a command that has to do with others', ['alias', 'add', 'seen@a.test', 'back@a.test']],
  ])('gets the mail of who was purged and put back by hand, when %s came between', async (_, between) => {
    await sandbox().ok(['user', 'add', 'back@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    await mailFor('back@a.test');
    const before = await sandbox().readState();
    await sandbox().ok(['user', 'remove', 'back@a.test', '--purge', '--yes']);
    const without = await sandbox().readState();
    await sandbox().writeState(before);
    await sandbox().ok(between);
    await sandbox().writeState(without);
    expect((await sandbox().ok(['plan'])).stdout).not.toContain('mail of back@a.test');
    await sandbox().ok(['apply']);
    expect((await archive('back@a.test')).map(({ messages }) => messages)).toEqual([1]);
    await sandbox().ok(['user', 'restore', 'back@a.test', '--apply']);
    await sandbox().ok(['user', 'remove', 'back@a.test', '--purge', '--yes', '--apply']);
  });

  it('takes the users of a domain that goes, also one who has no mailbox', async () => {
    const token = await mailFor('dave@b.test');
    await sandbox().ok(['domain', 'remove', 'b.test', '--cascade', '--yes', '--apply']);
    expect((await archive()).map(({ address, messages }) => [address, messages])).toEqual([
      ['dave@b.test', 1],
      ['erin@b.test', 0],
    ]);
    const refused = await sandbox().run(['user', 'restore', 'dave@b.test']);
    expect(refused).toMatchObject({ code: 4 });
    expect(refused.stderr).toContain(' domain add b.test');
    await sandbox().ok(['user', 'restore', 'dave@b.test', '--as', 'dave@a.test']);
    await sandbox().ok(['user', 'restore', 'erin@b.test', '--as', 'erin@a.test', '--apply']);
    expect(await subjects('dave@a.test')).toEqual([token]);
    expect(await show('erin@a.test')).toMatchObject({ name: 'Erin', account: false });
    expect(await archive()).toEqual([]);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('is refused before anything changes when the mail is on another file system', async () => {
    const elsewhere = await mkdtemp('/dev/shm/eboxmail-');
    try {
      await chown(elsewhere, 5000, 5000);
      await sandbox().ok(['domain', 'add', 'c.test']);
      await sandbox().ok(['user', 'add', 'gina@c.test', '--password-hash', PASSWORD_HASH]);
      await symlink(elsewhere, `${sandbox().root}/var/vmail/c.test`);
      await sandbox().ok(['apply']);
      const token = await mailFor('gina@c.test');
      for (const edit of [
        ['remove', 'gina@c.test'],
        ['rename', 'gina@c.test', 'gina@a.test'],
      ]) {
        const before = await sandbox().readState();
        await sandbox().ok(['user', ...edit]);
        const refused = await sandbox().run(['apply']);
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain('another file system');
        expect(await subjects('gina@c.test')).toEqual([token]);
        await sandbox().writeState(before);
        await sandbox().ok(['apply']);
      }
      await sandbox().ok(['user', 'rename', 'gina@c.test', 'george@c.test', '--no-alias', '--apply']);
      expect(await subjects('george@c.test')).toEqual([token]);
      expect((await stat(elsewhere)).mode & 0o777).toBe(0o700);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it("moves no mailbox through a symbolic link that is not root's, and changes nothing behind it", async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'eboxmail-'));
    const [mail, link] = [`${sandbox().root}/var/vmail`, `${sandbox().root}/var/vmail/d.test`];
    await chmod(elsewhere, 0o755);
    await sandbox().ok(['domain', 'add', 'd.test']);
    await sandbox().ok(['user', 'add', 'hans@d.test', '--password-hash', PASSWORD_HASH]);
    await sandbox().ok(['user', 'add', 'ida@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    const token = await mailFor('ida@a.test');
    await symlink(elsewhere, link);
    await lchown(link, 5000, 5000);
    try {
      for (const edit of [
        ['rename', 'hans@d.test', 'heinz@d.test'],
        ['rename', 'ida@a.test', 'ida@d.test'],
        ['remove', 'hans@d.test'],
      ]) {
        const before = await sandbox().readState();
        await sandbox().ok(['user', ...edit]);
        const refused = await sandbox().run(['apply']);
        expect(refused).toMatchObject({ code: 1 });
        expect(refused.stderr).toContain(`${link} is a symbolic link that is not root's`);
        await sandbox().writeState(before);
        await sandbox().ok(['apply']);
      }
      expect((await stat(elsewhere)).mode & 0o777).toBe(0o755);
      expect(await readdir(elsewhere)).toEqual([]);
      expect(await subjects('ida@a.test')).toEqual([token]);
      expect(await readdir(mail)).not.toContain('.moving');
    } finally {
      await rm(link);
      await rm(elsewhere, { recursive: true });
    }
    await sandbox().ok(['user', 'rename', 'ida@a.test', 'ida@d.test', '--apply']);
    expect(await subjects('ida@d.test')).toEqual([token]);
  });

  it('gives a rollback the mailbox of its time, whatever the clock said', async () => {
    await sandbox().ok(['user', 'add', 'clock@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    const [{ number }] = JSON.parse((await sandbox().ok(['history', '--json'])).stdout) as [{ number: number }];
    const first = await mailFor('clock@a.test');
    const remove = ['user', 'remove', 'clock@a.test', '--apply'];
    await sandbox().ok(remove, { env: setBack(2) });
    const [kept] = await archive('clock@a.test');
    expect(Date.parse(kept?.removed ?? '')).toBeLessThan(Date.now() - 864e5);
    // Another user of the address, removed with the clock back still further: that mailbox is not of that time.
    await sandbox().ok(['user', 'add', 'clock@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    await mailFor('clock@a.test');
    await sandbox().ok(remove, { env: setBack(4) });
    await sandbox().ok(['rollback', String(number), '--yes']);
    expect(await subjects('clock@a.test')).toEqual([first]);
    // What went before that generation is not given back by it.
    await sandbox().ok(remove);
    await sandbox().ok(['user', 'add', 'clock@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    const [{ number: later }] = JSON.parse((await sandbox().ok(['history', '--json'])).stdout) as [{ number: number }];
    const third = await mailFor('clock@a.test');
    await sandbox().ok(remove, { env: setBack(1) });
    await sandbox().ok(['rollback', String(later), '--yes']);
    expect(await subjects('clock@a.test')).toEqual([third]);
    await sandbox().ok(remove);
  });
});

describe('a state that is put back after an apply that was cut off', { timeout: 120_000 }, () => {
  const lib = (): string => `${sandbox().root}/var/lib/eboxmail`;
  const users = ['one@a.test', 'two@a.test', 'three@a.test', 'mute@a.test'];
  let before = '';
  let mail: (string | undefined)[][] = [];

  const ok = (...args: string[]): Promise<{ stdout: string; stderr: string }> => sandbox().ok(args);
  const mailboxes = async (): Promise<(string | undefined)[][]> =>
    Promise.all(users.slice(0, 3).map((user) => subjects(user)));
  async function cutOffAt(call: string): Promise<void> {
    const args = ['--root', sandbox().root, 'apply', '--allow-removals', '9'];
    expect(await runWithFault(args, `kill:${call}`)).toMatchObject({ signal: 'SIGKILL' });
    await sandbox().writeState(before);
  }
  async function putBack(how: string): Promise<string> {
    const [{ number }] = JSON.parse((await ok('history', '--json')).stdout) as [{ number: number }];
    const args = how === 'rollback' ? ['rollback', String(number), '--yes'] : [how];
    const { stderr } = await ok(...args);
    await ok('apply');
    return stderr;
  }
  async function expectNothingLeft(): Promise<void> {
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    expect((await archive()).filter(({ address }) => users.includes(address))).toEqual([]);
    const index = await readFile(`${lib()}/archive.json`, 'utf8').catch(() => '');
    expect(users.filter((user) => index.includes(`"${user}"`))).toEqual([]);
    expect((await readdir(lib())).filter((name) => /moving|undo|unfinished|mailbox-log/.test(name))).toEqual([]);
  }

  it('begins with three who have mail', async () => {
    for (const user of users.slice(0, 3)) {
      const hash = `{PLAIN}${PASSWORD}`;
      await ok('user', 'add', user, '--password-hash', hash, '--name', user);
    }
    await ok('user', 'add', 'mute@a.test', '--no-account', '--apply');
    for (const user of users.slice(0, 3)) await mailFor(user);
    mail = await mailboxes();
    before = await sandbox().readState();
    await ok('apply');
  });

  it.each([
    ['status', 'lib/eboxmail/.applied.json'],
    ['apply', 'lib/eboxmail/.applied.json'],
    ['rollback', 'lib/eboxmail/.applied.json'],
    ['status', 'lib/eboxmail/.archive.json'],
    ['apply', 'lib/eboxmail/.archive.json'],
    ['apply', 'vmail/a.test/one'],
  ])('%s brings back the mail of who was removed (cut off before the renaming of %s)', async (how, file) => {
    await ok('user', 'remove', 'one@a.test', '--yes');
    await ok('user', 'remove', 'mute@a.test', '--yes');
    await cutOffAt(`renameSync ${sandbox().root}/var/${file}`);
    const said = await putBack(how);
    if (file.includes('applied')) expect(said).toContain('mailbox of one@a.test is back from the archive');
    expect(await mailboxes()).toEqual(mail);
    await expectNothingLeft();
  });

  it.each(['status', 'apply'])('%s: so it does where somebody else got the address', async (how) => {
    await ok('user', 'remove', 'one@a.test', '--yes');
    await ok('user', 'rename', 'two@a.test', 'one@a.test', '--no-alias');
    await ok('alias', 'add', 'two@a.test', 'three@a.test');
    await cutOffAt(`renameSync ${sandbox().root}/etc/postfix/eboxmail/.`);
    await putBack(how);
    expect(await mailboxes()).toEqual(mail);
    await ok('user', 'remove', 'three@a.test', '--yes');
    await ok('user', 'add', 'three@a.test', '--password-hash', PASSWORD_HASH);
    await cutOffAt(`renameSync ${lib()}/.applied.json`);
    await putBack(how);
    expect(await mailboxes()).toEqual(mail);
    await expectNothingLeft();
  });

  it('a removal that was cut off is taken back by user restore, which lists it once', async () => {
    await ok('user', 'remove', 'one@a.test', '--yes');
    const without = await sandbox().readState();
    await cutOffAt(`renameSync ${lib()}/.applied.json`);
    await sandbox().writeState(without);
    expect(await archive('one@a.test')).toMatchObject([{ number: 1, id: null }]);
    await ok('user', 'restore', 'one@a.test', '--apply');
    expect(await mailboxes()).toEqual(mail);
    await sandbox().writeState(before);
    await ok('apply');
    await expectNothingLeft();
  });

  it.each(['status', 'apply'])('%s says whose mail was deleted, and goes on', async (how) => {
    await ok('user', 'rename', 'two@a.test', 'former@a.test', '--no-alias');
    await ok('user', 'rename', 'three@a.test', 'two@a.test', '--no-alias');
    await ok('user', 'remove', 'former@a.test', '--purge', '--yes');
    await cutOffAt(`renameSync ${sandbox().root}/etc/postfix/eboxmail/.`);
    await putBack(how);
    expect(await mailboxes()).toEqual(mail);
    await ok('user', 'remove', 'one@a.test', '--purge', '--yes');
    await cutOffAt(`renameSync ${lib()}/.applied.json`);
    const said = await putBack(how);
    expect(said).toContain('the mail of one@a.test was deleted already: one@a.test begins with an empty mailbox');
    expect(await mailboxes()).toEqual([[], mail[1], mail[2]]);
    await expectNothingLeft();
    await mailFor('one@a.test');
    mail = await mailboxes();
  });
});
