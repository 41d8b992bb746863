import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { runWithFault } from '../support/faults.ts';
import { copies, imapLogin, PASSWORD_HASH, sendAsStranger, stranger, tryLogin, tryRecipient } from '../support/mail.ts';
import { eventually, fakePrograms, processesOf, useSandbox } from '../support/sandbox.ts';
import { BIN } from '../support/scene.ts';

const run = promisify(execFile);

const ALICE = `  alice@a.test: {password: "${PASSWORD_HASH}"}\n`;

const MANY = Array.from({ length: 12 }, (_, n) => `many${n}@a.test`);

function state({ users = '', overrides = '', server = '' } = {}): string {
  return `version: 1
server:
  mailname: mx.example.test
${server}domains:
  a.test: # kept
users:
${ALICE}${users}${overrides}`;
}

const sandbox = useSandbox({
  state: state(),
  tolerate: [
    /warning: \S+: SASL PLAIN authentication failed/,
    // The scenarios put settings into force that cannot work.
    /(error|warning): .*(nonexistent|restrictions|access table|TCP map|tcp:127)/,
    /Config reload failed: service\(imap\)/,
    /eboxmail-probe-.*(Error|Warning|Fatal)|nosuch|service\(imap\): command startup failed/,
    /warning: \S+: SASL .*(no mechanism|unknown mechanism|Invalid)/i,
    /fatal: .*smtpd_relay_restrictions|warning: process .*smtpd pid \d+ exit status 1|warning: .*smtpd: bad command startup -- throttling/,
  ],
});

async function answer(recipient: string): Promise<string> {
  const client = await stranger(sandbox());
  const reply = await tryRecipient(client, recipient);
  await client.quit();
  return reply;
}

/** Hashes of all that the daemons read. */
async function configuration(): Promise<string> {
  const script = `cd ${sandbox().root}/etc && find postfix dovecot aliases* mailname -type f | sort | xargs sha256sum`;
  return (await run('sh', ['-c', script])).stdout;
}

async function expectWorking(): Promise<void> {
  expect((await tryLogin(sandbox(), 'alice@a.test')).code).toBe(235);
  expect(await imapLogin(sandbox(), 'alice@a.test')).toBe(true);
  const token = await sendAsStranger(sandbox(), 'alice@a.test');
  expect(await copies(sandbox(), token, ['alice@a.test'])).toEqual({ 'alice@a.test': 1 });
  expect(await answer('nobody@a.test')).toMatch(/^550 /);
}

beforeEach(async () => {
  await sandbox().writeState(state());
  await sandbox().ok(['apply', '--adopt', '--allow-removals', '100']);
});

describe('raw settings', () => {
  it('win over what is rendered, in both daemons', async () => {
    const overrides = `overrides:
  postfix: {smtpd_banner: "$myhostname by override", smtpd_client_connection_count_limit: 33}
  dovecot: |
    mail_max_userip_connections = 33
`;
    await sandbox().writeState(state({ overrides }));
    await sandbox().ok(['apply']);
    const client = await stranger(sandbox());
    expect(client.greeting.text).toBe('mx.example.test by override');
    await client.quit();
    const { stdout } = await run('doveconf', [
      '-c',
      `${sandbox().root}/etc/dovecot/dovecot.conf`,
      '-h',
      'mail_max_userip_connections',
    ]);
    expect(stdout.trim()).toBe('33');
    await expectWorking();
  });

  it.each([
    ['an unknown parameter of Postfix', 'overrides: {postfix: {smtpd_baner: x}}\n', 'smtpd_baner'],
    [
      'an unknown setting of Dovecot',
      'overrides: {dovecot: "mail_max_useripconnections = 3"}\n',
      'mail_max_useripconnections',
    ],
    ['a brace of Dovecot that is not closed', 'overrides: {dovecot: "protocol imap {"}\n', 'dovecot'],
  ])('%s is refused before anything changes', async (_, overrides, said) => {
    const before = await configuration();
    await sandbox().writeState(state({ overrides }));
    const refused = await sandbox().run(['apply']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(said);
    expect(await configuration()).toBe(before);
  });
});

describe('history and rollback', () => {
  it('goes back with state and files, keeps what was never applied, and says who did what', async () => {
    const before = await sandbox().readState();
    await sandbox().ok(['user', 'add', 'new@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    expect(await answer('new@a.test')).toMatch(/^250 /);
    const [newest] = JSON.parse((await sandbox().ok(['history', '--json'])).stdout) as { number: number }[];
    expect(newest).toMatchObject({ author: 'root', summary: ['user new@a.test'] });
    const shown = await sandbox().ok(['history', 'show', String(newest?.number), '--json']);
    expect(shown.stdout).toContain('etc/postfix/main.cf');
    expect(shown.stdout).not.toContain('$6$');

    await sandbox().ok(['domain', 'add', 'never-applied.test']);
    const unapplied = await sandbox().readState();
    expect((await sandbox().run(['rollback'])).code).toBe(2);
    expect((await sandbox().run(['rollback', '9999', '--yes'])).code).toBe(4);
    expect((await sandbox().run(['rollback', 'x', '--yes'])).code).toBe(2);
    const back = await sandbox().ok(['rollback', '--yes', '--json']);
    expect(await sandbox().readState()).toBe(before);
    expect(await answer('new@a.test')).toMatch(/^550 /);
    const { kept } = JSON.parse(back.stdout) as { kept: string };
    expect(await readFile(kept, 'utf8')).toBe(unapplied);
    const list = JSON.parse((await sandbox().ok(['history', '--json'])).stdout) as { summary: string[] }[];
    expect(list[0]?.summary).toContain('user new@a.test');
    expect(list[0]?.summary[0]).toMatch(/^back to generation \d+$/);
    await expectWorking();

    await sandbox().ok(['rollback', String(newest?.number), '--yes']);
    expect(await answer('new@a.test')).toMatch(/^250 /);
  });

  it('brings the mailboxes of renamed and removed users back as well', async () => {
    const users = ['ren@a.test', 'rem@a.test'];
    for (const user of users) await sandbox().ok(['user', 'add', user, '--password-hash', PASSWORD_HASH, '--apply']);
    const [{ number }] = JSON.parse((await sandbox().ok(['history', '--json'])).stdout) as [{ number: number }];
    const token = await sendAsStranger(sandbox(), users);
    expect(await copies(sandbox(), token, users)).toEqual({ 'ren@a.test': 1, 'rem@a.test': 1 });
    await sandbox().ok(['user', 'rename', 'ren@a.test', 'renamed@a.test', '--apply']);
    await sandbox().ok(['user', 'remove', 'rem@a.test', '--yes', '--apply']);
    expect(await copies(sandbox(), token, ['renamed@a.test'])).toEqual({ 'renamed@a.test': 1 });
    await sandbox().ok(['rollback', String(number), '--yes']);
    expect(await copies(sandbox(), token, users)).toEqual({ 'ren@a.test': 1, 'rem@a.test': 1 });
    expect(await imapLogin(sandbox(), 'renamed@a.test')).toBe(false);
  });

  it('a generation that the power took is passed over', async () => {
    await sandbox().ok(['user', 'add', 'power@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    const numbers = async (): Promise<number[]> =>
      (JSON.parse((await sandbox().ok(['history', '--json'])).stdout) as { number: number }[]).map(
        ({ number }) => number,
      );
    const [newest = 0, ...others] = await numbers();
    await sandbox().ok(['user', 'set', 'power@a.test', '--name', 'Power', '--apply']);
    await writeFile(`${sandbox().root}/var/lib/eboxmail/generations/${newest}.json`, '');
    expect(await numbers()).toEqual([newest + 1, ...others]);
    const shown = await sandbox().run(['history', 'show', String(newest)]);
    expect(shown.code).toBe(1);
    expect(shown.stderr).toContain(`generations/${newest}.json`);
    await sandbox().ok(['user', 'remove', 'power@a.test', '--yes', '--apply']);
  });

  it('a rollback that cannot be applied leaves the state as it is', async () => {
    await sandbox().ok(['user', 'add', 'later@a.test', '--password-hash', PASSWORD_HASH, '--apply']);
    await appendFile(`${sandbox().root}/etc/postfix/main.cf`, '# by hand\n');
    const before = await sandbox().readState();
    expect((await sandbox().run(['rollback', '--yes'])).code).toBe(7);
    expect(await sandbox().readState()).toBe(before);
    expect(await answer('later@a.test')).toMatch(/^250 /);
  });
});

describe('a rollback and the secrets', () => {
  const secret = (): string => `${sandbox().root}/etc/eboxmail/secrets/smarthost`;
  const lib = (): string => `${sandbox().root}/var/lib/eboxmail`;

  /** @returns the number of the generation that an apply with this password makes */
  async function applyPassword(password: string): Promise<number> {
    const host = ['relay', 'smarthost', 'set', '[127.0.0.9]:2525', '--username', 'u', '--password-stdin', '--apply'];
    await sandbox().ok(host, { input: `${password}\n` });
    return newest().then(({ number }) => number);
  }

  async function newest(): Promise<{ number: number; summary: string[] }> {
    const [first] = JSON.parse((await sandbox().ok(['history', '--json'])).stdout) as [never];
    return first;
  }

  /** What Postfix logs in with. */
  async function inForce(): Promise<string> {
    const tables = `${sandbox().root}/etc/postfix/eboxmail`;
    return (await run('sh', ['-c', `cat ${tables}/relay_login*`, 'sh'], { encoding: 'latin1' })).stdout;
  }

  it('gives back the passwords of that time, also one whose file is gone, and keeps those never applied', async () => {
    const first = await applyPassword('pass-one');
    const second = await applyPassword('pass-two');
    expect((await newest()).summary).toEqual(['password in secrets/smarthost']);
    const outputs = [
      await sandbox().ok(['history', 'show', String(second), '--json']),
      await sandbox().ok(['rollback', '--yes']),
    ];
    expect(await readFile(secret(), 'utf8')).toBe('pass-one\n');
    expect(await inForce()).toContain('pass-one');
    expect(await inForce()).not.toContain('pass-two');
    expect((await newest()).summary).toEqual([`back to generation ${first}`, 'password in secrets/smarthost']);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);

    await rm(secret());
    outputs.push(await sandbox().ok(['rollback', String(second), '--yes', '--json']));
    expect(await readFile(secret(), 'utf8')).toBe('pass-two\n');
    expect((await stat(secret())).mode & 0o777).toBe(0o600);
    expect(await inForce()).toContain('pass-two');

    await writeFile(secret(), 'pass-new');
    const back = await sandbox().ok(['rollback', String(first), '--yes', '--json']);
    const { kept, keptSecrets } = JSON.parse(back.stdout) as { kept: null; keptSecrets: string[] };
    expect({ kept, count: keptSecrets.length }).toEqual({ kept: null, count: 1 });
    expect(await readFile(keptSecrets[0] ?? '', 'utf8')).toBe('pass-new');
    expect((await stat(keptSecrets[0] ?? '')).mode & 0o777).toBe(0o600);
    expect(back.stderr).toContain(`the password in secrets/smarthost as it was, which was never applied, is kept in`);
    for (const { stdout, stderr } of [...outputs, back]) expect(stdout + stderr).not.toMatch(/pass-(one|two|new)/);
    expect((await run('find', [`${lib()}/contents`, `${lib()}/backup`, '-type', 'f', '-perm', '/077'])).stdout).toBe(
      '',
    );
  });

  it('leaves them as they are when it fails, and goes on without those that an old generation does not have', async () => {
    const first = await applyPassword('pass-one');
    await applyPassword('pass-two');
    await appendFile(`${sandbox().root}/etc/postfix/main.cf`, '# by hand\n');
    expect((await sandbox().run(['rollback', String(first), '--yes'])).code).toBe(7);
    expect(await readFile(secret(), 'utf8')).toBe('pass-two\n');
    await rm(secret());
    expect((await sandbox().run(['rollback', String(first), '--yes'])).code).toBe(7);
    expect(existsSync(secret())).toBe(false);
    await writeFile(secret(), 'pass-two\n', { mode: 0o600 });
    expect(existsSync(`${lib()}/rollback.json`)).toBe(false);

    const manifest = `${lib()}/generations/${first}.json`;
    const { secrets, ...old } = JSON.parse(await readFile(manifest, 'utf8')) as { secrets: { sha256: string }[] };
    await writeFile(manifest, JSON.stringify(old));
    await sandbox().ok(['rollback', String(first), '--yes', '--adopt']);
    expect(await readFile(secret(), 'utf8')).toBe('pass-two\n');

    await writeFile(manifest, JSON.stringify({ ...old, secrets: secrets.map((one) => ({ ...one, sha256: '0' })) }));
    const refused = await sandbox().run(['rollback', String(first), '--yes']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`secrets/smarthost of generation ${first} is no longer readable`);
  });

  it('killed after it put state and secrets in place: every command says so until an apply has ended it', async () => {
    const first = await applyPassword('pass-one');
    await applyPassword('pass-two');
    await sandbox().ok(['user', 'add', 'unapplied@a.test', '--password-hash', PASSWORD_HASH]);
    await writeFile(secret(), 'pass-new\n');
    const before = await sandbox().readState();
    const back = ['--root', sandbox().root, 'rollback', String(first), '--yes'];
    // In the last case nothing is replaced yet.
    for (const at of [
      'etc/eboxmail/.state.yaml',
      'etc/eboxmail/secrets/.smarthost',
      'var/lib/eboxmail/.rollback.json',
    ]) {
      expect((await runWithFault(back, `kill:renameSync ${sandbox().root}/${at}`)).signal, at).toBe('SIGKILL');
      expect(await sandbox().readState(), at).toBe(before);
      await writeFile(secret(), 'pass-new\n');
    }
    expect((await runWithFault(back, `kill:openSync ${sandbox().root}/etc/postfix`)).signal).toBe('SIGKILL');
    expect(await sandbox().readState()).not.toBe(before);
    expect(await readFile(secret(), 'utf8')).toBe('pass-one\n');
    expect((await stat(`${lib()}/rollback.json`)).mode & 0o777).toBe(0o600);
    for (const command of [['user', 'list'], ['plan'], ['status'], ['apply', '--dry-run']]) {
      const { stderr } = await sandbox().run(command);
      expect(stderr, command.join(' ')).toContain(`a rollback to generation ${first} is under way or was interrupted`);
      const [, state = ''] = /state\.yaml as it was before, which was never applied: (\S+)/.exec(stderr) ?? [];
      expect(await readFile(state, 'utf8')).toBe(before);
      const [, password = ''] = /secrets\/smarthost as it was before, .*: (\S+)/.exec(stderr) ?? [];
      expect(await readFile(password, 'utf8')).toBe('pass-new\n');
      expect(stderr).not.toMatch(/pass-(one|two|new)/);
    }
    // One that fails leaves the note of the one before.
    await appendFile(`${sandbox().root}/etc/postfix/main.cf`, '# by hand\n');
    const number = String((await newest()).number - 1);
    expect((await sandbox().run(['rollback', number, '--yes'])).code).toBe(7);
    expect((await sandbox().run(['user', 'list'])).stderr).toContain(`a rollback to generation ${first} is under way`);
    await sandbox().ok(['apply', '--adopt']);
    expect((await sandbox().ok(['user', 'list'])).stderr).toBe('');
    expect((await run('find', [sandbox().root, '-name', '*eboxmail-new*'])).stdout).toBe('');
  });
});

describe('a rollback beside others', () => {
  const lock = (): string => `${sandbox().root}/var/lib/eboxmail/lock`;
  const add = (address: string): string[] => ['user', 'add', address, '--password-hash', PASSWORD_HASH];

  it('that cannot apply in time changes nothing, nor what is edited meanwhile', async () => {
    await sandbox().ok([...add('waits@a.test'), '--apply']);
    await sandbox().ok(add('unapplied@a.test'));
    const before = await sandbox().readState();
    const holder = spawn('flock', ['-o', lock(), 'sleep', '1000'], { stdio: 'ignore', detached: true });
    try {
      await eventually('the lock is taken', () =>
        run('flock', ['-n', lock(), 'true']).then(
          () => false,
          () => true,
        ),
      );
      const waiting = sandbox().run(['rollback', '--yes'], { env: { EBOXMAIL_LOCK_WAIT: '4' } });
      await eventually('rollback waits', async () => (await processesOf(lock())).length > 1);
      expect(await sandbox().readState()).toBe(before);
      await sandbox().ok(add('lost@a.test'));
      const { code, stderr } = await waiting;
      expect({ code, stderr }).toMatchObject({ code: 6 });
    } finally {
      process.kill(-(holder.pid ?? 0), 'SIGKILL');
    }
    const after = await sandbox().readState();
    for (const user of ['waits', 'unapplied', 'lost']) expect(after).toContain(`${user}@a.test`);
  });

  it('that fails leaves an edit that was made while it was at work, and says so', async () => {
    await sandbox().ok([...add('works@a.test'), '--apply']);
    const { root } = sandbox();
    const edit = `${process.execPath} ${BIN} --root ${root} ${add('meanwhile@a.test').join(' ').replaceAll('$', '\\$')}`;
    const env = await fakePrograms(`${root}/fake`, { postmap: `mkdir ${root}/fake/once && ${edit}\nexit 1` });
    const failed = await sandbox().run(['rollback', '--yes'], { env });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/was changed meanwhile and stays so; as it was before, it is in the history/);
    expect(await sandbox().readState()).toContain('meanwhile@a.test');
    expect(await sandbox().readState()).not.toContain('works@a.test');
    expect(await answer('works@a.test')).toMatch(/^250 /);
  });
});

describe('what was reviewed', () => {
  it('only the plan with this digest is applied', async () => {
    await sandbox().writeState(state({ users: `  one@a.test: {password: "${PASSWORD_HASH}"}\n` }));
    const digest = (await sandbox().ok(['plan', '--digest'])).stdout.trim();
    expect(JSON.parse((await sandbox().ok(['plan', '--json'])).stdout)).toMatchObject({ digest });
    await sandbox().writeState(state({ users: `  two@a.test: {password: "${PASSWORD_HASH}"}\n` }));
    for (const options of [[], ['--dry-run'], ['--dry-run', '--json']]) {
      const refused = await sandbox().run(['apply', '--expect', digest, ...options]);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain(digest);
    }
    expect(await answer('two@a.test')).toMatch(/^550 /);
    await sandbox().writeState(state({ users: `  one@a.test: {password: "${PASSWORD_HASH}"}\n` }));
    expect((await sandbox().ok(['apply', '--expect', digest, '--dry-run'])).stdout).toContain('one@a.test');
    await sandbox().ok(['apply', '--expect', digest]);
    expect(await answer('one@a.test')).toMatch(/^250 /);
  });

  it('many addresses that would stop working need a second yes', async () => {
    const many = Array.from({ length: 12 }, (_, n) => `  many${n}@a.test: {password: "${PASSWORD_HASH}"}\n`).join('');
    await sandbox().writeState(state({ users: many }));
    await sandbox().ok(['apply']);
    // One of them has a message that waits.
    await run('postconf', ['-c', `${sandbox().root}/etc/postfix`, '-e', 'defer_transports=lmtp']);
    await run('postfix', ['-c', `${sandbox().root}/etc/postfix`, 'reload']);
    await sendAsStranger(sandbox(), 'many3@a.test');
    await sandbox().ok(['apply', '--adopt']);
    await sandbox().writeState(state());
    const plan = await sandbox().ok(['plan']);
    expect(plan.stdout).toContain('in the queue, 1 message waits for these addresses');
    expect(plan.stdout).toMatch(/12 addresses are no longer taken: many0@a\.test, .* and 2 more/);
    expect(plan.stdout).toContain('12 mailboxes are no longer in use');
    expect(JSON.parse((await sandbox().ok(['plan', '--json'])).stdout)).toMatchObject({
      removals: { addresses: expect.arrayContaining(['many11@a.test']) as unknown },
    });
    for (const options of [[], ['--yes'], ['--allow-removals', '11']]) {
      const refused = await sandbox().run(['apply', ...options]);
      expect(refused.code, options.join(' ')).toBe(7);
      expect(refused.stderr).toContain('--allow-removals 12');
    }
    expect((await sandbox().run(['apply', '--allow-removals', 'x'])).code).toBe(2);
    expect(await answer('many3@a.test')).toMatch(/^250 /);
    await sandbox().ok(['apply', '--allow-removals', '12']);
    expect(await answer('many3@a.test')).toMatch(/^550 /);
    await sandbox().ok(['rollback', '--yes']);
    const back = ['rollback', '--yes'];
    expect((await sandbox().run(back)).code).toBe(7);
    expect(await answer('many3@a.test')).toMatch(/^250 /);
    await sandbox().ok([...back, '--allow-removals', '12']);
    expect(await answer('many3@a.test')).toMatch(/^550 /);
    await sandbox().ok(['queue', 'delete', '--all', '--yes']);
  });

  it.each([
    [
      'the domain becomes an alias',
      (users: string) => `version: 1
server: {mailname: mx.example.test}
domains: {b.test: {aliases: [a.test]}}
users:
${`${ALICE}${users}`.replaceAll('@a.test', '@b.test')}`,
      // Alice as well.
      13,
    ],
    [
      'accounts become aliases',
      () => state({ overrides: `aliases:\n${MANY.map((name) => `  ${name}: alice@a.test\n`).join('')}` }),
      12,
    ],
  ])('many mailboxes that nobody has any more need it too, though their addresses work: %s', async (_, next, count) => {
    const users = MANY.map((name) => `  ${name}: {password: "${PASSWORD_HASH}"}\n`).join('');
    await sandbox().writeState(state({ users }));
    await sandbox().ok(['apply']);
    await sandbox().writeState(next(users));
    const plan = await sandbox().ok(['plan']);
    expect(plan.stdout).toContain(`${count} mailboxes are no longer in use`);
    expect(plan.stdout).not.toContain('no longer taken');
    for (const options of [[], ['--allow-removals', `${count - 1}`]]) {
      const refused = await sandbox().run(['apply', ...options]);
      expect(refused.code).toBe(7);
      expect(refused.stderr).toContain(`${count} mailboxes would stop working, which needs a second yes`);
      expect(refused.stderr).toContain(`--allow-removals ${count}`);
    }
    // One that was allowed and cut off is not asked about again.
    const fault = `kill:renameSync ${sandbox().root}/etc/postfix/eboxmail/.sender_logins`;
    const cut = ['--root', sandbox().root, 'apply', '--allow-removals', `${count}`];
    expect((await runWithFault(cut, fault)).signal).toBe('SIGKILL');
    await sandbox().ok(['apply']);
  });

  it('mailboxes that move with their users are in use as before', async () => {
    const users = MANY.map((name) => `  ${name}: {password: "${PASSWORD_HASH}"}\n`).join('');
    await sandbox().writeState(state({ users }));
    await sandbox().ok(['apply']);
    const input = MANY.map((name) => `user rename ${name} new-${name}\n`).join('');
    await sandbox().ok(['batch'], { input });
    expect((await sandbox().ok(['plan'])).stdout).not.toContain('What stops');
    await sandbox().ok(['apply']);
  });

  it('an address that starts anew with another mailbox is one of those that go', async () => {
    const users = MANY.map((name) => `  ${name}: {password: "${PASSWORD_HASH}"}\n`).join('');
    await sandbox().writeState(state({ users }));
    await sandbox().ok(['apply']);
    const again = (name: string): string =>
      `user remove ${name} --yes\nuser add ${name} --name Another --password-hash '${PASSWORD_HASH}'\n`;
    await sandbox().ok(['batch'], { input: MANY.map(again).join('') });
    expect((await sandbox().ok(['plan'])).stdout).toContain('12 mailboxes are no longer in use');
    expect((await sandbox().run(['apply'])).code).toBe(7);
    await sandbox().ok(['apply', '--allow-removals', '12']);
  });
});

describe('files edited by hand', () => {
  it('three versions are shown, and the edits can be taken into the state', async () => {
    const mainCf = `${sandbox().root}/etc/postfix/main.cf`;
    const dovecotConf = `${sandbox().root}/etc/dovecot/dovecot.conf`;
    const text = await readFile(mainCf, 'utf8');
    await writeFile(
      mainCf,
      `${text.replace(/^smtpd_banner = .*$/m, 'smtpd_banner = $myhostname by hand')}default_process_limit = 77\n`,
    );
    await appendFile(dovecotConf, 'mail_max_userip_connections = 44\n');
    await sandbox().ok(['server', 'set', '--message-size', '9 MB']);
    const refused = await sandbox().run(['apply']);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('+smtpd_banner = $myhostname by hand');
    expect(refused.stderr).toContain('-smtpd_banner = $myhostname by hand');
    expect(refused.stderr).toContain(`-message_size_limit = ${25 * 1024 * 1024}`);
    expect(refused.stderr).toMatch(/--adopt[\s\S]*--keep-edits/);
    expect((await sandbox().ok(['plan'])).stdout).toContain('Edited by hand since the last apply');

    await sandbox().ok(['apply', '--keep-edits']);
    const now = await sandbox().readState();
    expect(now).toContain('a.test: # kept');
    expect(now).toMatch(/smtpd_banner: \$myhostname by hand/);
    expect(now).toMatch(/default_process_limit: "?77"?/);
    expect(now).toContain('mail_max_userip_connections = 44');
    const client = await stranger(sandbox());
    expect(client.greeting.text).toBe('mx.example.test by hand');
    expect((await client.command('EHLO x.test')).text).toContain(`SIZE ${9 * 1024 * 1024}`);
    await client.quit();
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it.each([
    ['smtpd_helo_required', 'no # why', 1, /smtpd would end at once/],
    ['smtpd_recipient_restrictions', 'reject', 8, /should be accepted/],
    [
      'smtpd_relay_restrictions',
      'check_sender_access inline:{a.test=OK}, permit_sasl_authenticated, reject_unauth_destination',
      8,
      /strangers may relay/,
    ],
  ])('one of %s that is just what will be written is checked and proven before it is in force', async (...edit) => {
    const [name, value, code, said] = edit;
    const before = await sandbox().readState();
    const mainCf = `${sandbox().root}/etc/postfix/main.cf`;
    const text = await readFile(mainCf, 'utf8');
    const line = new RegExp(`^${name} = .*$`, 'm');
    expect(text).toMatch(line);
    await writeFile(mainCf, text.replace(line, `${name} = ${value}`));
    const refused = await sandbox().run(['apply', '--keep-edits']);
    expect(refused.code, refused.stderr).toBe(code);
    expect(refused.stderr).toMatch(said);
    expect(await sandbox().readState()).toContain(value);
    expect(await readFile(mainCf, 'utf8')).toBe(text);
    await sandbox().writeState(before);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    const client = await stranger(sandbox());
    await client.command('MAIL FROM:<s@elsewhere.test>');
    expect((await client.command('RCPT TO:<out@elsewhere.test>')).text).toMatch(/^5\.7\.1 /);
    await client.quit();
  });

  it('a file that is edited to what will be written is taken up and proven by the next apply', async () => {
    const before = await sandbox().readState();
    const mainCf = `${sandbox().root}/etc/postfix/main.cf`;
    const text = await readFile(mainCf, 'utf8');
    await writeFile(
      mainCf,
      text.replace(/^smtpd_recipient_restrictions = .*$/m, 'smtpd_recipient_restrictions = reject'),
    );
    await sandbox().writeState(`${before}overrides: {postfix: {smtpd_recipient_restrictions: reject}}\n`);
    expect((await sandbox().run(['apply'])).code).toBe(8);
    await sandbox().writeState(before);
    await sandbox().ok(['apply', '--adopt']);
    expect(await readFile(mainCf, 'utf8')).toBe(text);
  });

  it('one that the daemons refuse is in the state then, and that is said', async () => {
    const before = await sandbox().readState();
    await appendFile(`${sandbox().root}/etc/postfix/main.cf`, 'no_such_setting = 1\n');
    const refused = await sandbox().run(['apply', '--keep-edits']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/Postfix has no parameter no_such_setting[\s\S]*"overrides" of the state now/);
    await sandbox().writeState(before);
    await sandbox().ok(['apply', '--adopt']);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('what an apply wrote that was killed is no edit', async () => {
    const { root } = sandbox();
    const before = await sandbox().readState();
    await sandbox().ok(['server', 'set', '--smtp-tls', 'required', '--mailname', 'mx2.example.test']);
    const killed = await runWithFault(['--root', root, 'apply'], `kill:spawn postfix -c ${root}/etc/postfix`);
    expect(killed.signal).toBe('SIGKILL');
    await appendFile(`${root}/etc/postfix/main.cf`, '# mine\nbiff = yes\n');
    await appendFile(`${root}/etc/dovecot/dovecot.conf`, 'mail_max_userip_connections = 43\n');
    const other = await sandbox().readState();
    await sandbox().writeState(before);
    const refused = await sandbox().run(['apply', '--keep-edits']);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('was cut off');
    await sandbox().writeState(other);
    const { stderr } = await sandbox().ok(['apply', '--keep-edits']);
    expect(stderr).toMatch(/comments in etc\/postfix\/main.cf are not kept/);
    const now = await sandbox().readState();
    expect(now).toMatch(/biff: /);
    expect(now).toContain('mail_max_userip_connections = 43');
    expect(now).not.toMatch(/security_level|hostname|in-force/);
    await sandbox().writeState(before);
    await sandbox().ok(['apply']);
  });

  it.each([
    ['etc/postfix/master.cf', '# by hand\n', 'master.cf'],
    ['etc/postfix/main.cf', 'message_size_limit = 1\n', 'server.limits.message'],
    ['etc/postfix/main.cf', 'mynetworks = 0.0.0.0/1\n', 'open relay'],
  ])('an edit of %s that no override can say stops that, and nothing is written', async (path, line, told) => {
    await appendFile(`${sandbox().root}/${path}`, line);
    const before = await sandbox().readState();
    const refused = await sandbox().run(['apply', '--keep-edits']);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain(told);
    expect(await sandbox().readState()).toBe(before);
    await sandbox().ok(['apply', '--adopt']);
  });
});

describe('what somebody does while an apply is at work', () => {
  /** The apply runs a program that does something before it does its work. */
  async function applyBeside(program: string, script: string): Promise<{ code: number | null; stderr: string }> {
    const env = await fakePrograms(`${sandbox().root}/../beside-${program}`, {
      [program]: `${script}\nexec /usr/sbin/${program} "$@"`,
    });
    return sandbox().run(['apply', '--adopt'], { env });
  }

  it('an edit is not overwritten: exit 7, and the next apply shows and keeps it', async () => {
    const { root } = sandbox();
    const mainCf = `${root}/etc/postfix/main.cf`;
    await appendFile(mainCf, '# first\n');
    await sandbox().ok(['server', 'set', '--message-size', '9 MB']);
    const before = await configuration();
    const refused = await applyBeside('postfix', `case "$*" in *check*) echo '# second' >>${mainCf};; esac`);
    expect(refused.code, refused.stderr).toBe(7);
    expect(refused.stderr).toMatch(/etc\/postfix\/main\.cf changed meanwhile.*nothing was changed/);
    expect(await readFile(mainCf, 'utf8')).toMatch(/# first\n# second\n$/);
    await writeFile(mainCf, (await readFile(mainCf, 'utf8')).replace('# second\n', ''));
    expect(await configuration()).toBe(before);
    expect((await run('find', [root, '-name', '*eboxmail-new*'])).stdout).toBe('');
    await appendFile(mainCf, '# second\n');
    expect((await sandbox().run(['apply'])).stderr).toContain('# second');
    await sandbox().ok(['apply', '--adopt']);
    const { stdout } = await run('grep', ['-rl', '# second', `${root}/var/lib/eboxmail/backup/etc/postfix`]);
    expect(stdout).toContain('main.cf');
  });

  it('an edit after the switch is not taken for what was written: the next apply shows it', async () => {
    const etc = `${sandbox().root}/etc/postfix`;
    await sandbox().ok(['server', 'set', '--message-size', '8 MB']);
    const edits = ['main.cf', 'master.cf'].map((file) => `echo '# late' >>${etc}/${file}`).join('; ');
    const done = await applyBeside('postfix', `case "$*" in *reload*) ${edits};; esac`);
    expect(done.code, done.stderr).toBe(0);
    const refused = await sandbox().run(['apply']);
    expect(refused.code, refused.stderr).toBe(7);
    for (const file of ['main.cf', 'master.cf'])
      expect(refused.stderr).toContain(`${etc}/${file} was edited by hand since the last apply`);
    await sandbox().ok(['apply', '--adopt']);
  });

  it('so with the index of a table that it built', async () => {
    const tables = `${sandbox().root}/etc/postfix/eboxmail`;
    await sandbox().writeState(
      state({ server: '  limits: {message: 7 MB}\n', users: 'aliases: {info@a.test: alice@a.test}\n' }),
    );
    const replace = `for type in cdb lmdb db; do [ ! -e ${tables}/copies.$type ] || cp ${tables}/copies.$type ${tables}/aliases.$type; done`;
    const done = await applyBeside('postfix', `case "$*" in *reload*) ${replace};; esac`);
    expect(done.code, done.stderr).toBe(0);
    expect(await answer('info@a.test')).toMatch(/^550 /);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
    await sandbox().ok(['apply']);
    expect(await answer('info@a.test')).toMatch(/^250 /);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('so with lines of others in etc/aliases, and with a file where none was', async () => {
    const aliases = `${sandbox().root}/etc/aliases`;
    const mailname = `${sandbox().root}/etc/mailname`;
    await sandbox().writeState(state({ server: '  postmaster: alice@a.test\n' }));
    await run('rm', [mailname]);
    const refused = await applyBeside('postalias', `echo 'web: root' >>${aliases}; echo theirs >${mailname}`);
    expect(refused.code, refused.stderr).toBe(7);
    expect(refused.stderr).toContain(aliases);
    expect(refused.stderr).toContain(mailname);
    expect([await readFile(aliases, 'utf8'), await readFile(mailname, 'utf8')]).toEqual([
      expect.stringMatching(/web: root\n$/),
      'theirs\n',
    ]);
    await sandbox().ok(['apply', '--adopt']);
    expect(await readFile(aliases, 'utf8')).toContain('web: root\n');
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });
});

describe('a configuration that the daemons take and that does not work', () => {
  it.each([
    [
      'a table that does not answer',
      '{postfix: {smtpd_sender_restrictions: "check_sender_access tcp:127.0.0.1:1"}}',
      /4\.3\.|451/,
    ],
    [
      'Dovecot goes on by what it had',
      '{dovecot: "service imap {\\n  extra_groups = mail mail\\n}\\n"}',
      /does not take the new configuration: service\(imap\) Group/,
    ],
    [
      'no program that reads mail starts',
      '{dovecot: "protocol imap {\\n  mail_plugins = nosuch\\n}\\n"}',
      /mail cannot be read by imaps/,
    ],
    ['mail gets into no mailbox', '{dovecot: "mail_location = maildir:/nonexistent/%d"}', /put mail into mailboxes/],
    ['nobody can log in', '{dovecot: "auth_mechanisms = cram-md5"}', /logging in/],
    // Its master starts no other for a minute, unless it is a new one.
    ['what answers on port 25 dies at once', '{postfix: {tls_random_source: "dev:/nonexistent"}}', /SMTP on port \d+:/],
    [
      'unknown recipients are taken',
      '{postfix: {smtpd_recipient_restrictions: permit, smtpd_reject_unlisted_recipient: no}}',
      /refused/,
    ],
  ])('%s: exit 8, and the previous one is back in force', async (_, overrides, said) => {
    const before = await configuration();
    await sandbox().writeState(state({ overrides: `overrides: ${overrides}\n` }));
    const failed = await sandbox().run(['apply']);
    expect(failed.code, failed.stderr).toBe(8);
    expect(failed.stderr).toMatch(said);
    expect(failed.stderr).toContain('previous configuration is back in force');
    expect(await configuration()).toBe(before);
    await expectWorking();
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
  });

  it('mailboxes that were to move are where they were, and move when it works', async () => {
    const users = ['stay@a.test', 'swap@a.test', 'away@a.test'];
    for (const user of users) await sandbox().ok(['user', 'add', user, '--password-hash', PASSWORD_HASH, '--apply']);
    const token = await sendAsStranger(sandbox(), users);
    const once = Object.fromEntries(users.map((user) => [user, 1]));
    expect(await copies(sandbox(), token, users)).toEqual(once);
    await sandbox().ok(['user', 'remove', 'away@a.test', '--yes']);
    await sandbox().ok(['user', 'rename', 'swap@a.test', 'away@a.test', '--no-alias']);
    await sandbox().ok(['user', 'rename', 'stay@a.test', 'swap@a.test', '--no-alias']);
    const good = await sandbox().readState();
    await sandbox().writeState(`${good}overrides: {dovecot: "auth_mechanisms = cram-md5"}\n`);
    const failed = await sandbox().run(['apply']);
    expect(failed.code, failed.stderr).toBe(8);
    expect(await copies(sandbox(), token, users)).toEqual(once);
    await sandbox().writeState(good);
    await sandbox().ok(['apply']);
    expect(await imapLogin(sandbox(), 'stay@a.test')).toBe(false);
    expect(await copies(sandbox(), token, ['swap@a.test', 'away@a.test'])).toEqual({
      'swap@a.test': 1,
      'away@a.test': 1,
    });
  });

  it('when going back fails too: exit 9, and where everything is', async () => {
    const env = await fakePrograms(`${sandbox().root}/../broken-postfix`, {
      postfix: 'case "$*" in *reload*) exit 1;; esac; exec /usr/sbin/postfix "$@"',
    });
    await sandbox().writeState(state({ server: '  limits: {message: 8 MB}\n' }));
    const failed = await sandbox().run(['apply'], { env });
    expect(failed.code, failed.stderr).toBe(9);
    expect(failed.stderr).toContain(`${sandbox().root}/var/lib/eboxmail/undo`);
    expect((await sandbox().run(['user', 'list'])).stderr).toMatch(/eboxmail .*apply"/);
    await sandbox().ok(['apply']);
    await expectWorking();
    expect((await sandbox().run(['user', 'list'])).stderr).toBe('');
  });

  it('a port of Postfix that raw settings give to Dovecot, too, is named before anything changes', async () => {
    const { smtp } = sandbox().ports;
    const listener = `service imap-login {\\n  inet_listener more {\\n    port = ${smtp}\\n  }\\n}\\n`;
    await sandbox().writeState(state({ overrides: `overrides: {dovecot: "${listener}"}\n` }));
    const refused = await sandbox().run(['apply']);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`:${smtp} for overrides.dovecot`)]);
    await sandbox().writeState(state({}));
    await sandbox().ok(['apply']);
  });

  it('a Dovecot that goes by an older file is seen', async () => {
    const directory = `${sandbox().root}/run/dovecot`;
    const name = (await readdir(directory)).find((one) => one.startsWith('in-force-')) ?? '';
    await rename(`${directory}/${name}`, `${directory}/away`);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
    expect((await sandbox().run(['status'])).stdout).toMatch(/^!! apply has to start, restart or reload a daemon$/m);
    await rename(`${directory}/away`, `${directory}/${name}`);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('a port that something else has is named before anything changes', async () => {
    const server = createServer();
    await once(server.listen(sandbox().ports.pop3, '127.0.0.1'), 'listening');
    try {
      const before = await configuration();
      await sandbox().ok(['server', 'set', '--pop3', 'on']);
      const refused = await sandbox().run(['apply']);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(String(sandbox().ports.pop3));
      expect(await configuration()).toBe(before);
    } finally {
      server.close();
    }
    await sandbox().ok(['apply']);
  });
});
