import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { ImapFlow } from 'imapflow';
import { describe, expect, it } from 'vitest';
import {
  copies,
  drain,
  headerOf,
  imapLogin,
  imaps,
  mailOf,
  PASSWORD,
  PASSWORD_HASH,
  sendAsStranger,
  stranger,
  subjectOf,
  tryLogin,
  tryRecipient,
} from '../support/mail.ts';
import { deferred } from '../support/queue.ts';
import { bash } from '../support/scene.ts';
import { eventually, fakePrograms, useSandbox } from '../support/sandbox.ts';
import { tempDir } from '../support/temp.ts';

const ENTRY = `{password: "${PASSWORD_HASH}"}`;

const STATE = `# The mail service.
version: 1
server: {mailname: mx.example.test, postmaster: alice@a.test}
domains:
  a.test: {catch_all: {unknown_to: alice@a.test}}
  b.test: {aliases: [b2.test]}
users:
  # The first.
  alice@a.test:            # who began it
    password: "${PASSWORD_HASH}"   # the usual
    quota: 20 MB
    name: Alice
  bob@a.test: ${ENTRY}
  carol@a.test: {password: "{PLAIN}secret-0"}
  dave@a.test: {password: "{PLAIN}secret-1"}
  erin@a.test: {password: "{PLAIN}secret-2"}
  frank@a.test: {password: "{PLAIN}secret-3"}
  fresh@a.test: ${ENTRY}
groups:
  staff: {members: [alice@a.test, bob@a.test]}   # all of them
aliases:
  al@a.test: alice@a.test
  both@a.test: [bob@a.test, alice@a.test]
  staff@a.test: staff
`;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [
    /SASL PLAIN authentication failed/,
    // Mail that came while an address changed hands waits in Postfix.
    /Error: .*(Permission denied|Failed to access user's personal storage)/,
    /Error: .*(No such file or directory|Failed to autocreate mailbox)|Warning: Our dotlock file \S+ was deleted/,
    // Logins and sessions that are ended on purpose.
    /Warning: Killed with signal 15/,
  ],
});

function home(address: string): string {
  const [local = '', domain = ''] = address.split('@');
  return `${sandbox().root}/var/vmail/${domain}/${local}`;
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Subjects in a mailbox over IMAP. */
function subjects(user: string, pass = PASSWORD): Promise<(string | undefined)[]> {
  return imaps(sandbox(), user, async (box) => (await box.fetchAll()).map((source) => headerOf(source, 'Subject')), {
    pass,
  });
}

/** No mailbox but those of users, nothing left of a move, and nothing to do. */
async function expectTidy(): Promise<void> {
  const list = JSON.parse((await sandbox().ok(['user', 'list', '--json'])).stdout) as { address: string }[];
  const users = new Set(list.map(({ address }) => home(address)));
  for (const domain of ['a.test', 'b.test']) {
    for (const name of await readdir(`${sandbox().root}/var/vmail/${domain}`).catch(() => [])) {
      const path = `${sandbox().root}/var/vmail/${domain}/${name}`;
      // Under steady deliveries the old name stays a link to the new one until the next apply.
      if ((await lstat(path)).isSymbolicLink()) continue;
      expect(users, path).toContain(path);
      expect((await lstat(path)).isDirectory(), path).toBe(true);
      expect((await lstat(path)).uid, path).toBe(5000);
    }
  }
  expect(await isThere(`${sandbox().root}/var/vmail/.moving`)).toBe(false);
  expect(await isThere(`${sandbox().root}/var/lib/eboxmail/moving.json`)).toBe(false);
  expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
}

describe('a rename', () => {
  it('takes everything along, while mail comes in and a session is open', async () => {
    const first = await sendAsStranger(sandbox(), 'alice@a.test');
    await drain(sandbox());
    const directory = home('alice@a.test');
    await mkdir(`${directory}/sieve`, { mode: 0o700 });
    await writeFile(
      `${directory}/sieve/main.sieve`,
      'require "fileinto";\nif header "X-Kind" "list" { fileinto "Spam"; }\n',
    );
    await symlink('sieve/main.sieve', `${directory}/.dovecot.sieve`);
    await chown(`${directory}/sieve`, 5000, 5000);
    const before = await imaps(sandbox(), 'alice@a.test', async ({ client }) => {
      await client.messageFlagsAdd('1', ['\\Flagged', 'work'], {});
      await client.mailboxCreate('Projects');
      await client.mailboxSubscribe('Projects');
      await client.messageCopy('1', 'Projects');
      return look(client);
    });

    const tokens: string[] = [];
    let working = true;
    const stream = (async () => {
      while (working) tokens.push(await sendAsStranger(sandbox(), 'alice@a.test'));
    })();
    const session = imaps(sandbox(), 'alice@a.test', async ({ client }) => {
      while (working) await client.noop();
    }).catch(() => undefined);
    await sandbox().ok(['user', 'rename', 'alice@a.test', 'Alicia@a.test']);
    const state = await sandbox().readState();
    const plan = await sandbox().ok(['plan']);
    expect(plan.stdout).toContain('mailbox of alice@a.test becomes that of alicia@a.test');
    const { stderr } = await sandbox().ok(['apply']);
    expect(stderr).toContain('mailbox of alice@a.test is now that of alicia@a.test');
    await Promise.all([sendAsStranger(sandbox(), 'alicia@a.test').then((token) => tokens.push(token))]);
    working = false;
    await Promise.all([stream, session]);
    await drain(sandbox());

    expect(state).toBe(
      `${STATE.replace(/alice@a\.test(?=[:,}\]\n])/g, 'alicia@a.test')}  alice@a.test: alicia@a.test\n`,
    );
    const arrived = await subjects('alicia@a.test');
    expect([...arrived].sort()).toEqual([first, ...tokens].sort());
    expect(tokens.length).toBeGreaterThan(5);
    await expectTidy();

    const after = await imaps(sandbox(), 'alicia@a.test', ({ client }) => look(client));
    expect({ ...after, exists: 0 }).toEqual({ ...before, exists: 0 });
    expect(await imapLogin(sandbox(), 'alice@a.test')).toBe(false);
    expect((await tryLogin(sandbox(), 'alice@a.test')).code).toBe(535);
    const sorted = await sendAsStranger(sandbox(), 'alice@a.test', undefined, { headers: ['X-Kind: list'] });
    await drain(sandbox());
    expect((await mailOf(sandbox(), 'alicia@a.test', 'Spam')).map(subjectOf)).toContain(sorted);
    const quota = await imaps(sandbox(), 'alicia@a.test', ({ client }) => client.getQuota('INBOX'));
    expect(quota).toMatchObject({ storage: { limit: 20 * 1024 * 1024 } });
    for (const to of ['al@a.test', 'both@a.test', 'staff@a.test', 'postmaster@a.test', 'nobody@a.test']) {
      const token = await sendAsStranger(sandbox(), to);
      expect(await copies(sandbox(), token, ['alicia@a.test']), to).toEqual({ 'alicia@a.test': 1 });
    }
  });

  it('goes to another domain, also of who never got mail, and mail in the queue for the old address finds it', async () => {
    const kept = await sendAsStranger(sandbox(), 'bob@a.test');
    await drain(sandbox());
    await chmod(home('bob@a.test'), 0);
    const queued = await sendAsStranger(sandbox(), 'bob@a.test');
    const deferred = `${sandbox().root}/var/spool/postfix/deferred`;
    await eventually('it waits', async () =>
      (await readdir(deferred, { recursive: true, withFileTypes: true })).some((entry) => entry.isFile()),
    );
    await chmod(home('bob@a.test'), 0o700);
    await sandbox().ok(['user', 'rename', 'bob@a.test', 'bob@b.test', '--no-alias']);
    await sandbox().ok(['user', 'rename', 'fresh@a.test', 'new@b.test', '--apply']);
    await bash(`postqueue -c ${sandbox().root}/etc/postfix -f`);
    expect(await copies(sandbox(), queued, ['bob@b.test'])).toEqual({ 'bob@b.test': 1 });
    expect(await subjects('bob@b.test')).toContain(kept);
    expect(await imapLogin(sandbox(), 'bob@a.test')).toBe(false);
    expect(await subjects('new@b.test')).toEqual([]);
    const token = await sendAsStranger(sandbox(), ['bob@b2.test', 'fresh@a.test']);
    expect(await copies(sandbox(), token, ['bob@b.test', 'new@b.test', 'alicia@a.test'])).toEqual({
      'bob@b.test': 1,
      'new@b.test': 1,
    });
    const list = await readFile(`${sandbox().root}/etc/dovecot/eboxmail/users`, 'utf8');
    expect(list).toContain('bob@a.test:{SHA512-CRYPT}*::::::userdb_user=bob@b.test\n');
    await expectTidy();
  });

  it('leaves what waits for an address to who has it from then on, and plan says so', async () => {
    await sandbox().ok(['user', 'add', 'w1@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    await sendAsStranger(sandbox(), 'w1@a.test');
    await drain(sandbox());
    await chmod(home('w1@a.test'), 0);
    const queued = await sendAsStranger(sandbox(), 'w1@a.test');
    await deferred(sandbox(), 1);
    await chmod(home('w1@a.test'), 0o700);
    await sandbox().ok(['user', 'rename', 'w1@a.test', 'w2@a.test', '--no-alias']);
    await sandbox().ok(['user', 'add', 'w1@a.test', '--password-hash', PASSWORD_HASH]);
    const { stdout } = await sandbox().ok(['plan']);
    expect(stdout).toContain("  1 message goes to w1@a.test, which is somebody else's from now on\n");
    await sandbox().ok(['apply']);
    await bash(`postqueue -c ${sandbox().root}/etc/postfix -f`);
    expect(await copies(sandbox(), queued, ['w1@a.test', 'w2@a.test'])).toEqual({ 'w1@a.test': 1 });
    for (const user of ['w1@a.test', 'w2@a.test']) await sandbox().ok(['user', 'remove', user, '--purge', '--yes']);
    await sandbox().ok(['apply']);
    await expectTidy();
  });

  it('leaves nothing behind when it is taken back before the apply', async () => {
    const before = await sandbox().readState();
    await sandbox().ok(['user', 'rename', 'carol@a.test', 'caroline@a.test']);
    await sandbox().ok(['user', 'rename', 'caroline@a.test', 'carol@a.test']);
    expect(await sandbox().readState()).toBe(before);
    await expectTidy();
  });

  it('in chains and circles brings each mailbox to its owner, and ends the sessions of the old ones', async () => {
    const users = ['carol@a.test', 'dave@a.test', 'erin@a.test', 'frank@a.test'];
    const tokens = new Map<string, string>();
    for (const user of users) tokens.set(user, await sendAsStranger(sandbox(), user));
    await drain(sandbox());
    const rename = (from: string, to: string): Promise<unknown> =>
      sandbox().ok(['user', 'rename', from, to, '--no-alias']);
    // carol and dave change places; frank → gail, erin → frank.
    await rename('carol@a.test', 'tmp@a.test');
    await rename('dave@a.test', 'carol@a.test');
    await rename('tmp@a.test', 'dave@a.test');
    await rename('frank@a.test', 'gail@a.test');
    await rename('erin@a.test', 'frank@a.test');
    let ended = false;
    let seen: (string | undefined)[] = [];
    const session = imaps(
      sandbox(),
      'carol@a.test',
      async (box) => {
        while (box.client.usable) seen = [...seen, ...(await box.fetchAll()).map(subjectOf)];
      },
      { pass: 'secret-0' },
    ).catch(() => (ended = true));
    await eventually('the session is open', () => seen.length > 0);
    await sandbox().ok(['apply']);
    await session;
    expect(ended).toBe(true);
    expect(new Set(seen)).toEqual(new Set([tokens.get('carol@a.test')]));
    expect(await subjects('carol@a.test', 'secret-1')).toEqual([tokens.get('dave@a.test')]);
    expect(await subjects('dave@a.test', 'secret-0')).toEqual([tokens.get('carol@a.test')]);
    expect(await subjects('gail@a.test', 'secret-3')).toEqual([tokens.get('frank@a.test')]);
    expect(await subjects('frank@a.test', 'secret-2')).toEqual([tokens.get('erin@a.test')]);
    await expectTidy();
  });

  it('is one step to who works in the mailbox by its old name', async () => {
    const stop = `${await tempDir()}/stop`;
    await sandbox().ok(['user', 'add', 'gap@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    let user = 'gap@a.test';
    const token = await sendAsStranger(sandbox(), user);
    await drain(sandbox());
    let gaps = '';
    for (const to of ['gap@b.test', 'gap-2@b.test', 'gap@a.test']) {
      const watcher = spawn(process.execPath, ['test/support/watch-name.mjs', `${home(user)}/Maildir`, stop]);
      const closed = once(watcher, 'close');
      watcher.stdout.setEncoding('utf8').on('data', (text: string) => (gaps += text));
      await eventually('somebody looks', () => gaps.endsWith('looking\n'));
      await sandbox().ok(['user', 'rename', user, to, '--no-alias', '--apply']);
      await writeFile(stop, '');
      await closed;
      await rm(stop);
      user = to;
    }
    expect(gaps).toBe('looking\n0\n'.repeat(3));
    expect(await subjects(user)).toEqual([token]);
    await sandbox().ok(['user', 'remove', user, '--purge', '--yes', '--apply']);
  });

  it('leaves the directory of the domain as open as it was', async () => {
    await sandbox().ok(['user', 'add', 'open@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    await sendAsStranger(sandbox(), 'open@a.test');
    await drain(sandbox());
    const domain = dirname(home('open@a.test'));
    await chmod(domain, 0o2770);
    await sandbox().ok(['user', 'rename', 'open@a.test', 'opened@a.test', '--no-alias', '--apply']);
    expect((await lstat(domain)).mode & 0o7777).toBe(0o2770);
    await chmod(domain, 0o700);
    await sandbox().ok(['user', 'remove', 'opened@a.test', '--purge', '--yes', '--apply']);
  });

  it('leaves no lock behind that nobody can take away any more', async () => {
    for (const [index, user] of ['left@a.test', 'right@a.test'].entries())
      await sandbox().ok(['user', 'add', user, '--password-hash', PASSWORD_HASH, '--name', `${index}`, '--apply']);
    for (const user of ['left@a.test', 'right@a.test']) await sendAsStranger(sandbox(), user);
    await drain(sandbox());
    // As a process writes it that is alive, and was at work when the names changed.
    const lock = `${home('left@a.test')}/Maildir/dovecot-uidlist.lock`;
    await writeFile(lock, `${process.pid}:${hostname()}`);
    await chown(lock, 5000, 5000);
    for (const [from = '', to = ''] of [
      ['left@a.test', 'middle@a.test'],
      ['right@a.test', 'left@a.test'],
      ['middle@a.test', 'right@a.test'],
    ])
      await sandbox().ok(['user', 'rename', from, to, '--no-alias']);
    await sandbox().ok(['apply']);
    for (const user of ['left@a.test', 'right@a.test']) {
      const token = await sendAsStranger(sandbox(), user);
      await drain(sandbox());
      expect(await subjects(user)).toContain(token);
      await sandbox().ok(['user', 'remove', user, '--purge', '--yes']);
    }
    await sandbox().ok(['apply']);
  });

  it('is of no meaning for a state that is put back: everybody keeps the mailbox', async () => {
    const rename = (from: string, to: string): Promise<unknown> =>
      sandbox().ok(['user', 'rename', from, to, '--no-alias']);
    const [carol, dave] = ['carol@a.test', 'dave@a.test'];
    const before = await sandbox().readState();
    const mail = [await subjects(carol, 'secret-1'), await subjects(dave, 'secret-0')];
    const changePlaces = async (): Promise<void> => {
      await rename(carol, 'tmp@a.test');
      await rename(dave, carol);
      await rename('tmp@a.test', dave);
    };
    await changePlaces();
    await sandbox().writeState(before);
    await sandbox().ok(['apply']);
    await expectTidy();
    expect([await subjects(carol, 'secret-1'), await subjects(dave, 'secret-0')]).toEqual(mail);
    // Neither later, when nothing in the entries tells whose they are.
    await sandbox().writeState(
      before.replace('{PLAIN}secret-0', '{PLAIN}new-0').replace('{PLAIN}secret-1', '{PLAIN}new-1'),
    );
    await sandbox().ok(['apply']);
    expect([await subjects(carol, 'new-1'), await subjects(dave, 'new-0')]).toEqual(mail);
    await sandbox().writeState(before);
    await sandbox().ok(['apply']);
    // With another password, and somebody new at the old address.
    await changePlaces();
    await sandbox().writeState(before.replace('{PLAIN}secret-1', '{PLAIN}new-1'));
    await sandbox().ok(['apply']);
    expect([await subjects(carol, 'new-1'), await subjects(dave, 'secret-0')]).toEqual(mail);
    await sandbox().writeState(before);
    await sandbox().ok(['apply']);
    await rename(carol, 'former@a.test');
    await sandbox().ok(['user', 'add', carol, '--password-hash', PASSWORD_HASH]);
    expect((await sandbox().ok(['plan'])).stdout).toContain(`mailbox of ${carol} becomes that of former@a.test`);
    await sandbox().writeState(before);
    await sandbox().ok(['apply']);
    expect([await subjects(carol, 'secret-1'), await subjects(dave, 'secret-0')]).toEqual(mail);
    await expectTidy();
  });

  it('mixes nothing with a mailbox that is in the way', async () => {
    await mkdir(`${home('stray@a.test')}/Maildir/new`, { recursive: true });
    await writeFile(`${home('stray@a.test')}/Maildir/new/1.M1P1.x`, 'Subject: stray\n\nx\n');
    const { stderr } = await sandbox().ok(['user', 'rename', 'gail@a.test', 'stray@a.test', '--apply']);
    expect(stderr).toMatch(
      /a mailbox of nobody was in the way of stray@a\.test: kept in .*\/\.archive\/a\.test\/stray\./,
    );
    expect(await subjects('stray@a.test', 'secret-3')).toHaveLength(1);
    await expectTidy();
  });

  it('is refused where it would clash', async () => {
    const before = await sandbox().readState();
    const refused = async (code: number, ...names: string[]): Promise<string> => {
      const result = await sandbox().run(['user', 'rename', ...names]);
      expect(result.code, JSON.stringify(result)).toBe(code);
      return result.stderr;
    };
    expect(await refused(5, 'carol@a.test', 'dave@a.test')).toContain('dave@a.test is already a user');
    expect(await refused(5, 'carol@a.test', 'al@a.test')).toContain(' alias remove al@a.test');
    expect(await refused(4, 'carol@a.test', 'carol@nowhere.test')).toContain(' domain add');
    expect(await refused(2, 'carol@a.test', 'carol@b2.test')).toContain('carol@b.test');
    expect(await refused(4, 'carla@a.test', 'x@a.test')).toContain('did you mean carol@a.test?');
    expect(await refused(4, 'al@a.test', 'x@a.test')).toContain('no user');
    expect(await refused(2, 'carol@a.test', 'postmaster+x@a.test')).toContain('no address');
    expect(await sandbox().readState()).toBe(before);
    const client = await stranger(sandbox());
    expect(await tryRecipient(client, 'bob@a.test')).toMatch(/^250 /);
    await client.quit();
  });
});

describe('an apply that is killed', () => {
  /** Kills the apply when it runs doveadm for the n-th time. */
  async function killedAt(call: number): Promise<{ PATH: string }> {
    const directory = await tempDir();
    return fakePrograms(`${directory}/bin`, {
      doveadm: `echo x >> ${directory}/calls; [ $(wc -l < ${directory}/calls) -eq ${call} ] && kill -9 $PPID; exec /usr/bin/doveadm "$@"`,
    });
  }

  it.each(['before the change of hands', 'after it', 0.7])('%s: the next one ends it', async (when) => {
    // Whoever is carol and dave now change places again, and erin gets a new name each time.
    const passwords = new Map<string, string>();
    for (const user of ['carol@a.test', 'dave@a.test']) {
      for (const pass of ['secret-0', 'secret-1']) {
        if (await imapLogin(sandbox(), user, pass)) passwords.set(user, pass);
      }
    }
    const before = {
      carol: await subjects('carol@a.test', passwords.get('carol@a.test')),
      dave: await subjects('dave@a.test', passwords.get('dave@a.test')),
    };
    const list = JSON.parse((await sandbox().ok(['user', 'list', '--json'])).stdout) as { address: string }[];
    const other = list.find(({ address }) => /^frank/.test(address))?.address ?? '';
    const renames = [
      ['carol@a.test', 'tmp@a.test'],
      ['dave@a.test', 'carol@a.test'],
      ['tmp@a.test', 'dave@a.test'],
      [other, `frank-${String(when).replaceAll(' ', '-')}@a.test`],
    ];
    for (const [from = '', to = ''] of renames) await sandbox().ok(['user', 'rename', from, to, '--no-alias']);
    const kept = await subjects(other, 'secret-2');
    if (typeof when === 'number') await bash(`timeout -s KILL ${when} $EBOXMAIL --root ${sandbox().root} apply`);
    else await sandbox().run(['apply'], { env: await killedAt(when === 'after it' ? 2 : 1) });
    const waiting = await sendAsStranger(sandbox(), 'carol@a.test');
    await sandbox().ok(['apply']);
    expect(await subjects('dave@a.test', passwords.get('carol@a.test'))).toEqual(
      expect.arrayContaining(before.carol) as unknown,
    );
    expect(await subjects('carol@a.test', passwords.get('dave@a.test'))).toEqual(
      expect.arrayContaining(before.dave) as unknown,
    );
    expect(await subjects(renames[3]?.[1] ?? '', 'secret-2')).toEqual(kept);
    await sandbox().ok(['apply']);
    await expectTidy();
    // Closed meanwhile, the address made it wait in Postfix.
    await bash(`postqueue -c ${sandbox().root}/etc/postfix -f`);
    const arrived = await copies(sandbox(), waiting, ['carol@a.test', 'dave@a.test']);
    expect(Object.values(arrived)).toEqual([1]);
  });

  it('after it brought a mailbox back that is removed again: it is in the archive as before', async () => {
    const ok = (...args: string[]): Promise<unknown> => sandbox().ok(args);
    const archive = async (): Promise<unknown> =>
      JSON.parse((await sandbox().ok(['user', 'restore', '--list', 'bob@b.test', '--json'])).stdout);
    await ok('user', 'remove', 'bob@b.test', '--yes', '--apply');
    const before = await archive();
    expect(before).toMatchObject([{ address: 'bob@b.test', restoredAs: null }]);
    await ok('user', 'restore', 'bob@b.test');
    await ok('user', 'rename', 'new@b.test', 'newer@b.test', '--no-alias');
    await sandbox().run(['apply'], { env: await killedAt(1) });
    expect(await isThere(home('bob@b.test'))).toBe(true);
    await ok('user', 'remove', 'bob@b.test', '--apply');
    expect(await archive()).toEqual(before);
    await expectTidy();
  });

  it('is not needed for a rename while another apply is at work', async () => {
    await sandbox().ok(['user', 'rename', 'newer@b.test', 'one@b.test', '--no-alias']);
    const token = await sendAsStranger(sandbox(), 'newer@b.test');
    await drain(sandbox());
    const renames = (async () => {
      for (const [from = '', to = ''] of [
        ['one@b.test', 'two@b.test'],
        ['two@b.test', 'three@b.test'],
        ['three@b.test', 'four@b.test'],
      ]) {
        await sandbox().ok(['user', 'rename', from, to, '--no-alias']);
      }
    })();
    await Promise.all([sandbox().ok(['apply']), renames]);
    await sandbox().ok(['apply']);
    expect(await subjects('four@b.test')).toContain(token);
    await expectTidy();
  });
});

/** What must not change: messages with their numbers and flags, folders, subscriptions. */
async function look(client: ImapFlow): Promise<{
  exists: number;
  first: unknown;
  uidValidity: bigint | undefined;
  folders: unknown;
}> {
  const box = client.mailbox === false ? undefined : client.mailbox;
  const first = await client.fetchOne('1', { uid: true, flags: true, internalDate: true });
  const folders = await client.list();
  return {
    exists: box?.exists ?? 0,
    first:
      first === false
        ? undefined
        : {
            uid: first.uid,
            flags: [...(first.flags ?? [])].filter((flag) => flag !== '\\Recent').sort(),
            date: first.internalDate,
          },
    uidValidity: box?.uidValidity,
    folders: folders.map(({ path, subscribed }) => `${path} ${subscribed}`).sort(),
  };
}
