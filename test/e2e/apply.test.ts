import { appendFile, lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exec } from '../../src/system/exec.ts';
import {
  copies,
  drain,
  headerOf,
  imapLogin,
  imaps,
  loggedIn,
  mailOf,
  outbound,
  PASSWORD,
  PASSWORD_HASH,
  secured,
  sendAsStranger,
  stranger,
  subjectOf,
  tryLogin,
  tryRecipient,
} from '../support/mail.ts';
import { reloads, useSandbox } from '../support/sandbox.ts';
import { connect } from '../support/smtp-client.ts';

const STATE = `# kept
version: 1
server:
  mailname: mx.example.test
domains:
  a.test: {aliases: [a-alias.test]}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
aliases:
  al@a.test: alice@a.test
`;

const sandbox = useSandbox({
  state: STATE,
  // The second is what Postfix says of main.cf while it is as a hand left it, the third of a table that is lost.
  tolerate: [
    /warning: \S+: SASL PLAIN authentication failed/,
    /overriding earlier entry: smtpd_banner=\$myhostname by hand/,
    /eboxmail\/mailboxes(\.cdb: No such file| is unavailable| lookup error)/,
  ],
});

/** Every file below the root with what tells a write: inode, size, mode, owner and times. Logs and queues change by themselves. */
async function fingerprint(): Promise<Record<string, string>> {
  const { root } = sandbox();
  const found: Record<string, string> = {};
  for (const part of ['etc', 'var/lib', 'var/vmail', 'var/cache', 'outbound']) {
    for (const entry of await readdir(`${root}/${part}`, { recursive: true, withFileTypes: true }).catch(() => [])) {
      const path = join(entry.parentPath, entry.name);
      // Postfix and Dovecot note things for themselves there.
      if (path.includes('/var/lib/postfix') || path.includes('/var/lib/dovecot')) continue;
      const { ino, size, mode, uid, gid, mtimeMs, ctimeMs } = await lstat(path);
      found[path] = [ino, size, mode, uid, gid, mtimeMs, ctimeMs].join(' ');
    }
  }
  return found;
}

async function answerTo(recipient: string): Promise<string> {
  const client = await stranger(sandbox());
  const reply = await tryRecipient(client, recipient);
  await client.quit();
  return reply;
}

const addUser = (address: string, ...options: string[]): Promise<unknown> =>
  sandbox().ok(['user', 'add', address, '--password-hash', PASSWORD_HASH, ...options]);

describe('a second apply', () => {
  it('writes nothing, reloads nothing and says so', async () => {
    const before = [await fingerprint(), await reloads(sandbox().root)];
    const result = await sandbox().ok(['apply', '--allow-removals', '1000']);
    expect(result.stderr).toContain('nothing to do');
    const json = await sandbox().ok(['apply', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ applied: false, empty: true });
    expect([await fingerprint(), await reloads(sandbox().root)]).toEqual(before);
  });

  it('plan writes nothing and its exit code tells', async () => {
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    await addUser('planned@a.test');
    const before = await fingerprint();
    const plan = await sandbox().run(['plan', '--exit-code']);
    expect(plan.code).toBe(10);
    expect(plan.stdout).toContain('planned@a.test');
    expect(plan.stdout).toMatch(/dovecot: nothing to do\n {2}postfix: nothing to do/);
    const json = await sandbox().run(['plan', '--exit-code', '--json']);
    expect(json.code).toBe(10);
    const verbose = await sandbox().run(['--debug', '--verbose', 'plan']);
    for (const { stdout, stderr } of [plan, json, verbose]) expect(stdout + stderr).not.toMatch(/\$6\$/);
    expect(await fingerprint()).toEqual(before);
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('a change that touches no file is done once as well', async () => {
    await sandbox().ok(['user', 'set', 'alice@a.test', '--name', 'Alice']);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    expect((await sandbox().ok(['plan'])).stdout).toContain('Nothing to do');
  });
});

describe('users', () => {
  it('a new one can log in and gets mail as soon as apply has ended, without a reload', async () => {
    const before = await reloads(sandbox().root);
    for (const name of ['new1', 'new2']) {
      const address = `${name}@a.test`;
      // The daemons have just looked at their tables, and will look again.
      expect(await answerTo(address)).toMatch(/^550 5\.1\.1 /);
      expect(await imapLogin(sandbox(), 'alice@a.test')).toBe(true);
      await addUser(address, '--apply');
      const token = await sendAsStranger(sandbox(), [address, `${name}@a-alias.test`]);
      expect(await imapLogin(sandbox(), address), address).toBe(true);
      expect((await tryLogin(sandbox(), address)).code).toBe(235);
      expect(await copies(sandbox(), token, [address])).toEqual({ [address]: 1 });
      expect(await outbound(sandbox(), token)).toEqual([]);
    }
    expect(await reloads(sandbox().root)).toEqual(before);
  });

  it('a session that is open stays open', async () => {
    await imaps(sandbox(), 'alice@a.test', async (mailbox) => {
      await addUser('during@a.test', '--apply');
      await sandbox().ok(['domain', 'add', 'during.test', '--apply']);
      const token = await sendAsStranger(sandbox(), 'alice@a.test');
      await mailbox.waitForMessage((text) => subjectOf(text) === token);
    });
  });

  it('a new password counts at once, however soon it follows the one before', async () => {
    for (const password of ['first one', 'second 1', 'third on']) {
      await sandbox().ok(['user', 'passwd', 'new1@a.test', '--password-stdin', '--apply'], { input: `${password}\n` });
      expect((await tryLogin(sandbox(), 'new1@a.test', { password })).code, password).toBe(235);
    }
    expect((await tryLogin(sandbox(), 'new1@a.test', { password: 'second 1' })).code).toBe(535);
  });

  it('a removed one is gone at once, and the mail is kept aside', async () => {
    await sendAsStranger(sandbox(), 'new2@a.test', 'x@elsewhere.test', { body: 'keep me' });
    await drain(sandbox());
    await sandbox().ok(['user', 'remove', 'new2@a.test', '--apply']);
    expect(await answerTo('new2@a.test')).toMatch(/^550 5\.1\.1 /);
    expect(await answerTo('new2@a-alias.test')).toMatch(/^550 5\.1\.1 /);
    expect((await tryLogin(sandbox(), 'new2@a.test')).code).toBe(535);
    expect(await archived('keep me')).toBe(1);
    await addUser('new2@a.test', '--apply');
    expect(await imaps(sandbox(), 'new2@a.test', (mailbox) => mailbox.fetchAll())).toEqual([]);
    expect(await archived('keep me')).toBe(1);
  });

  it('--purge deletes the mail, once', async () => {
    await addUser('new3@a.test', '--apply');
    await sendAsStranger(sandbox(), 'new3@a.test', 'x@elsewhere.test', { body: 'delete me' });
    await drain(sandbox());
    await sandbox().ok(['user', 'remove', 'new3@a.test', '--purge', '--yes', '--apply']);
    expect(await archived('delete me')).toBe(0);
    expect(await readdir(`${sandbox().root}/var/vmail/a.test`)).not.toContain('new3');
    await addUser('new3@a.test', '--apply');
    await sendAsStranger(sandbox(), 'new3@a.test', 'x@elsewhere.test', { body: 'not this time' });
    await drain(sandbox());
    await sandbox().ok(['user', 'remove', 'new3@a.test', '--apply']);
    expect(await archived('not this time')).toBe(1);
  });

  it('one that first loses its account and then goes leaves nothing for its successor', async () => {
    await addUser('late@a.test', '--apply');
    await sendAsStranger(sandbox(), 'late@a.test');
    await drain(sandbox());
    await sandbox().ok(['user', 'set', 'late@a.test', '--no-account', '--apply']);
    expect(await answerTo('late@a.test')).toMatch(/^550 5\.1\.1 /);
    await sandbox().ok(['user', 'remove', 'late@a.test', '--apply']);
    await addUser('late@a.test', '--apply');
    expect(await imaps(sandbox(), 'late@a.test', (mailbox) => mailbox.fetchAll())).toEqual([]);
  });
});

describe('domains', () => {
  it('a new one works as soon as apply has ended', async () => {
    expect(await answerTo('x@new.test')).toMatch(/^554 5\.7\.1 /);
    await sandbox().ok(['domain', 'add', 'new.test']);
    await sandbox().ok(['domain', 'alias', 'add', 'new.test', 'new-alias.test']);
    await addUser('x@new.test', '--apply');
    expect(await answerTo('x@new.test')).toMatch(/^250 /);
    const token = await sendAsStranger(sandbox(), ['x@new.test', 'x@new-alias.test']);
    expect(await copies(sandbox(), token, ['x@new.test'])).toEqual({ 'x@new.test': 1 });
  });

  it('a removed one is foreign again', async () => {
    await sandbox().ok(['domain', 'remove', 'new.test', '--cascade', '--yes', '--apply']);
    for (const address of ['x@new.test', 'x@new-alias.test']) {
      expect(await answerTo(address)).toMatch(/^554 5\.7\.1 /);
    }
  });
});

describe('SMTP modes', () => {
  const withSmtp = (smtp: string): string => STATE.replace('server:\n', `server:\n  smtp: {${smtp}}\n`);
  const applied = async (state: string): Promise<void> => {
    await sandbox().writeState(state);
    await sandbox().ok(['apply', '--allow-removals', '1000']);
  };

  it('tls: off: no STARTTLS on 25, and logins still only under TLS', async () => {
    await applied(withSmtp('tls: off'));
    const client = await connect({ host: '127.0.0.1', port: sandbox().ports.smtp, tls: 'none' });
    expect((await client.command('EHLO x.test')).text).not.toMatch(/STARTTLS|AUTH/);
    expect((await client.authPlain('alice@a.test', PASSWORD)).code).toBeGreaterThanOrEqual(500);
    await client.quit();
    expect(await answerTo('alice@a.test')).toMatch(/^250 /);
    for (const port of ['submission', 'smtps'] as const) {
      expect((await tryLogin(sandbox(), 'alice@a.test', { port })).code).toBe(235);
    }
  });

  it('tls: required: 530 without STARTTLS, and Sieve still gets its mail out', async () => {
    await applied(withSmtp('tls: required'));
    expect(await answerTo('alice@a.test')).toMatch(/^MAIL: 530 5\.7\.0 /);
    const client = await secured(sandbox(), { port: 'smtp' });
    expect(await tryRecipient(client, 'alice@a.test')).toMatch(/^250 /);
    await client.quit();
    const local = await connect({ host: '127.0.0.1', port: 10_027 + sandbox().offset, tls: 'none' });
    await local.command('EHLO x.test');
    expect(await tryRecipient(local, 'x@outside.test', 'alice@a.test')).toMatch(/^250 /);
    await local.quit();
  });

  it('authentication: false: AUTH is offered nowhere and nobody relays', async () => {
    await applied(withSmtp('authentication: false'));
    for (const port of ['smtp', 'submission', 'smtps'] as const) {
      const client = await secured(sandbox(), { port });
      expect((await client.command('EHLO x.test')).text).not.toContain('AUTH');
      expect((await client.authPlain('alice@a.test', PASSWORD)).code).toBeGreaterThanOrEqual(500);
      expect(await tryRecipient(client, 'x@outside.test', 'alice@a.test')).toMatch(/^(MAIL: )?5\d\d 5\.7\.1 /);
      await client.quit();
    }
    expect(await answerTo('alice@a.test')).toMatch(/^250 /);
    expect(await imapLogin(sandbox(), 'alice@a.test')).toBe(true);
  });

  it('and back', async () => {
    await applied(STATE);
    await (await loggedIn(sandbox(), 'alice@a.test')).quit();
  });

  it('another mailname: greeting, certificate and local addresses follow', async () => {
    await applied(STATE.replace('mx.example.test', 'post.example.test'));
    const client = await secured(sandbox());
    expect(client.greeting.text).toBe('post.example.test ESMTP');
    expect(client.tlsSocket?.getPeerCertificate().subject.CN).toBe('post.example.test');
    await client.quit();
    await imaps(sandbox(), 'alice@a.test', async () => undefined);
    expect(await answerTo('postmaster@post.example.test')).toMatch(/^250 /);
    expect(await answerTo('postmaster@mx.example.test')).toMatch(/^554 /);
    // Programs on the machine send from it, and what is for its postmaster goes to root.
    const input = 'Subject: from a program\n\nHello.\n';
    const config = `${sandbox().root}/etc/postfix`;
    await exec('sendmail', ['-C', config, 'alice@a.test', 'postmaster'], { input });
    await drain(sandbox());
    const found = (await mailOf(sandbox(), 'alice@a.test')).filter((text) => subjectOf(text) === 'from a program');
    expect(found.map((text) => headerOf(text, 'Return-Path'))).toEqual(['<root@post.example.test>']);
    expect(found.map((text) => headerOf(text, 'From'))).toEqual(['root <root@post.example.test>']);
    expect(await readFile(`${sandbox().root}/var/mail/root`, 'utf8')).toContain('Subject: from a program');
    await applied(STATE);
  });
});

describe('files that others changed', () => {
  it('a file edited by hand stops apply with exit 7, --adopt replaces it and keeps the copy', async () => {
    const mainCf = `${sandbox().root}/etc/postfix/main.cf`;
    const original = await readFile(mainCf, 'utf8');
    const edited = original.replace(/^smtpd_banner = .*$/m, 'smtpd_banner = $myhostname by hand');
    await writeFile(mainCf, edited);
    const plan = await sandbox().ok(['plan']);
    expect(plan.stdout).toContain('edited by hand');
    const before = await reloads(sandbox().root);
    for (const options of [[], ['--yes']]) {
      const refused = await sandbox().run(['apply', ...options]);
      expect(refused.code).toBe(7);
      expect(refused.stderr).toContain(mainCf);
      expect(refused.stderr).toContain('--adopt');
    }
    expect(await readFile(mainCf, 'utf8')).toBe(edited);
    expect((await sandbox().run(['user', 'set', 'alice@a.test', '--quota', '1 GB', '--apply'])).code).toBe(7);
    expect(await reloads(sandbox().root)).toEqual(before);
    await sandbox().ok(['apply', '--adopt']);
    expect(await readFile(mainCf, 'utf8')).toBe(original);
    const backup = `${sandbox().root}/var/lib/eboxmail/backup/etc/postfix/main.cf`;
    expect(await readFile(backup, 'utf8')).toBe(edited);
    expect(await readFile(`${sandbox().root}/etc/dovecot/eboxmail/users`, 'utf8')).toContain('1073741824');
  });

  it('so do an edited table and account file', async () => {
    for (const path of ['etc/postfix/eboxmail/aliases', 'etc/dovecot/eboxmail/users', 'etc/mailname']) {
      await appendFile(`${sandbox().root}/${path}`, '# by hand\n');
      const refused = await sandbox().run(['apply', '--allow-removals', '1000']);
      expect(refused.code, path).toBe(7);
      expect(refused.stderr).toContain(path);
      expect(refused.stderr).not.toContain('$6$');
      await sandbox().ok(['apply', '--adopt']);
    }
    expect((await lstat(`${sandbox().root}/var/lib/eboxmail/backup/etc/dovecot/eboxmail/users`)).mode & 0o777).toBe(
      0o600,
    );
  });

  it('a removed file, a lost index and a changed mode are put right without questions', async () => {
    const { root } = sandbox();
    const { chmod, rm } = await import('node:fs/promises');
    await rm(`${root}/etc/postfix/master.cf`);
    await rm(`${root}/etc/postfix/eboxmail/aliases.cdb`, { force: true });
    await rm(`${root}/etc/postfix/eboxmail/aliases.db`, { force: true });
    await chmod(`${root}/etc/dovecot/eboxmail/users`, 0o644);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    expect((await lstat(`${root}/etc/dovecot/eboxmail/users`)).mode & 0o777).toBe(0o640);
    expect(await answerTo('al@a-alias.test')).toMatch(/^250 /);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('so is an index that Postfix has missed already', async () => {
    const { root } = sandbox();
    const { rm } = await import('node:fs/promises');
    for (const index of ['mailboxes.cdb', 'recipients.cdb'])
      await rm(`${root}/etc/postfix/eboxmail/${index}`, { force: true });
    expect(await answerTo('alice@a.test')).toMatch(/^4/);
    await sandbox().ok(['apply']);
    expect(await answerTo('alice@a.test')).toMatch(/^250 /);
  });

  it('so is the mode of an index, and nothing else then', async () => {
    const { root } = sandbox();
    const { chmod } = await import('node:fs/promises');
    for (const source of [`${root}/etc/aliases`, `${root}/etc/postfix/eboxmail/mailboxes`]) {
      const index = `${source}.cdb`;
      const { mode } = await lstat(index);
      expect(mode & 0o022).toBe(0);
      await chmod(index, 0o666);
      const plan = JSON.parse((await sandbox().ok(['plan', '--json'])).stdout) as {
        files: { path: string; change: string }[];
      };
      expect(plan.files.map(({ path, change }) => `${root}/${path}: ${change}`)).toEqual([`${source}: index`]);
      await sandbox().ok(['apply']);
      expect((await lstat(index)).mode).toBe(mode);
      expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    }
  });

  it('lines added to etc/aliases survive and work', async () => {
    const path = `${sandbox().root}/etc/aliases`;
    await appendFile(path, '# mine\nhostmaster: alice@a.test\n');
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    expect(await readFile(path, 'utf8')).toContain('# mine\nhostmaster: alice@a.test\n');
    const token = await sendAsStranger(sandbox(), 'hostmaster@mx.example.test');
    expect(await copies(sandbox(), token, ['alice@a.test'])).toEqual({ 'alice@a.test': 1 });
    await sandbox().writeState(STATE.replace('server:\n', 'server:\n  postmaster: alice@a.test\n'));
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    expect(await readFile(path, 'utf8')).toContain('# mine\nhostmaster: alice@a.test\n');
    for (const address of ['postmaster@mx.example.test', 'abuse@mx.example.test', 'abuse@a-alias.test']) {
      const second = await sendAsStranger(sandbox(), address);
      expect(await copies(sandbox(), second, ['alice@a.test']), address).toEqual({ 'alice@a.test': 1 });
    }
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('a symbolic link in the place of a file is not written through', async () => {
    const { rm, symlink } = await import('node:fs/promises');
    const { root } = sandbox();
    const outside = `${root}/elsewhere`;
    await writeFile(outside, 'mine\n');
    await rm(`${root}/etc/mailname`);
    await symlink(outside, `${root}/etc/mailname`);
    expect((await sandbox().run(['apply', '--adopt'])).code).toBe(1);
    expect(await readFile(outside, 'utf8')).toBe('mine\n');
    await rm(`${root}/etc/mailname`);
    await sandbox().ok(['apply', '--allow-removals', '1000']);
  });
});

/** How many messages with this text lie in the archive. */
async function archived(text: string): Promise<number> {
  const archive = `${sandbox().root}/var/vmail/.archive`;
  let count = 0;
  for (const entry of await readdir(archive, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile() || entry.name.startsWith('dovecot')) continue;
    if ((await readFile(join(entry.parentPath, entry.name), 'utf8')).includes(text)) count += 1;
  }
  return count;
}
