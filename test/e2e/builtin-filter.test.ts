import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  copies,
  drain,
  headerOf,
  loggedIn,
  mailOf,
  PASSWORD_HASH,
  sendAsStranger,
  stranger,
  subjectOf,
  tryRecipient,
} from '../support/mail.ts';
import { eventually, processesOf, useSandbox } from '../support/sandbox.ts';
import { tempDir } from '../support/temp.ts';
import type { SmtpClient } from '../support/smtp-client.ts';

const STATE = `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {catch_all: {copy_to: archive@a.test}}
  b.test: {aliases: [b2.test]}
  c.test: {}
  d.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  archive@a.test: {password: "${PASSWORD_HASH}"}
  bob@b.test: {password: "${PASSWORD_HASH}"}
  carl@c.test: {password: "${PASSWORD_HASH}"}
  dora@d.test: {password: "${PASSWORD_HASH}"}
filter:
  mode: builtin
  builtin:
    subject_tag: "[Späm]"
    senders: {bad@far.test: block, "@good.test": allow, "@a.test": block}
    banned: {extensions: [exe], types: [application/x-forbidden]}
    domains:
      b.test: {reject: never, threshold: 0.2, senders: {only@far.test: block, bad@far.test: allow}}
      c.test: {threshold: 0.3}
      d.test: {threshold: 0.1, reject: 0.2}
`;

/** The standard test for spam filters: rspamd refuses it whatever the settings are. */
const GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';
/** An archive with papers/setup.exe in it. */
const ZIP =
  'UEsDBBQAAAAAAAAAIVyGphA2BQAAAAUAAAAQAAAAcGFwZXJzL3NldHVwLmV4ZWhlbGxvUEsBAhQDFAAAAAAAAAAhXIamEDYFAAAABQAAABAAAAAAAAAAAAAAAIABAAAAAHBhcGVycy9zZXR1cC5leGVQSwUGAAAAAAEAAQA+AAAAMwAAAAAA';
/** The beginning of a program for Windows: two signatures and the place of the second. */
const PROGRAM = Buffer.concat([
  Buffer.from('MZ'),
  Buffer.alloc(0x3a),
  Buffer.from([0x80, 0, 0, 0]),
  Buffer.alloc(0x40),
  Buffer.from('PE\0\0L\u0001'),
  Buffer.alloc(200),
]).toString('base64');
const MAIL_OWNER = 5000;

// While rspamd is stopped.
const tolerate = [/warning: (connect to Milter service|milter) unix:.*milter\.sock: /];
const sandbox = useSandbox({ state: STATE, tolerate });

interface Attempt {
  readonly from?: string;
  readonly to?: readonly string[];
  readonly body?: string;
  readonly headers?: readonly string[];
  readonly client?: SmtpClient;
}

let count = 0;

/** Sends a message and gives its subject and the answer to it; the first answer that is a refusal, if one is. */
async function attempt(given: Attempt): Promise<{ token: string; answer: string }> {
  const { from = 'x@far.test', to = ['alice@a.test'], body = 'Hello.', headers = [] } = given;
  const client = given.client ?? (await stranger(sandbox()));
  const token = `message ${(count += 1)}`;
  try {
    for (const line of [`MAIL FROM:<${from}>`, ...to.map((address) => `RCPT TO:<${address}>`)]) {
      const reply = await client.command(line);
      if (reply.code !== 250) return { token, answer: reply.lines.join(' / ') };
    }
    const head = [`From: <${from}>`, `To: <${to[0] ?? ''}>`, `Subject: ${token}`, ...headers];
    const reply = await client.data([...head, '', body].join('\n'));
    return { token, answer: reply.lines.join(' / ') };
  } finally {
    if (given.client === undefined) await client.quit();
  }
}

/** A message with a file in it. */
function attachment(type: string, name: string, content: string): Pick<Attempt, 'body' | 'headers'> {
  return {
    headers: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=xx'],
    body: [
      '--xx\nContent-Type: text/plain\n\nHello.',
      `--xx\nContent-Type: ${type}\nContent-Disposition: attachment; filename="${name}"`,
      `Content-Transfer-Encoding: base64\n\n${content}\n--xx--`,
    ].join('\n'),
  };
}

/** Where a message is: the folders of an account in which one has this in its subject. */
async function folders(address: string, token: string): Promise<string[]> {
  await drain(sandbox());
  const found: string[] = [];
  for (const folder of [undefined, 'Spam']) {
    const messages = await mailOf(sandbox(), address, folder);
    const named = messages.filter((text) => subjectOf(text)?.endsWith(token) === true);
    found.push(...named.map(() => folder ?? 'INBOX'));
  }
  return found;
}

describe('the built-in filter', () => {
  it('lets mail through that is none, once, and refuses spam', async () => {
    const ham = await sendAsStranger(sandbox(), 'alice@a.test');
    expect(await copies(sandbox(), ham, ['alice@a.test', 'archive@a.test'])).toEqual({
      'alice@a.test': 1,
      'archive@a.test': 1,
    });
    expect((await attempt({ body: GTUBE })).answer).toBe('554 5.7.1 Gtube pattern');
    expect((await attempt({ to: ['dora@d.test'] })).answer).toBe('554 5.7.1 this message looks like spam');
    const client = await stranger(sandbox());
    expect(await tryRecipient(client, 'nobody@a.test')).toMatch(/^550 5\.1\.1/);
    await client.quit();
  });

  it('puts spam into the folder Spam, tagged, before rules of the user', async () => {
    const home = `${sandbox().root}/var/vmail/b.test/bob`;
    await mkdir(home, { recursive: true });
    await writeFile(`${home}/.dovecot.sieve`, 'require "fileinto"; fileinto "Drafts";\n');
    for (const path of [home, `${home}/.dovecot.sieve`, `${sandbox().root}/var/vmail/b.test`]) {
      await chown(path, MAIL_OWNER, MAIL_OWNER);
    }
    const { token, answer } = await attempt({ to: ['bob@b2.test'] });
    expect(answer).toMatch(/^250/);
    expect(await folders('bob@b.test', token)).toEqual(['Spam']);
    const [spam = ''] = await mailOf(sandbox(), 'bob@b.test', 'Spam');
    expect(headerOf(spam, 'X-Spam')).toBe('Yes');
    // rspamd 3.4 encodes the word, 3.12 the letter.
    expect(headerOf(spam, 'Subject')).toMatch(/^(=\?UTF-8\?Q\?=5BSp=C3=A4m=5D\?=|\[Sp=\?UTF-8\?Q\?=C3=A4\?=m\]) /);
    expect(headerOf(spam, 'Subject')).toContain(` ${token}`);
    const plain = await attempt({ from: 'bad@far.test', to: ['bob@b.test'] });
    await drain(sandbox());
    const drafts = await mailOf(sandbox(), 'bob@b.test', 'Drafts');
    expect(drafts.map(subjectOf)).toEqual([plain.token]);
  });

  it('knows the threshold of each domain, and of several the most lenient', async () => {
    const strict = await attempt({ to: ['carl@c.test'] });
    expect(await folders('carl@c.test', strict.token)).toEqual(['Spam']);
    const both = await attempt({ to: ['carl@c.test', 'alice@a.test'] });
    expect(await folders('carl@c.test', both.token)).toEqual(['INBOX']);
    expect(await folders('alice@a.test', both.token)).toEqual(['INBOX']);
    const third = await attempt({ to: ['dora@d.test', 'carl@c.test'] });
    expect(third.answer).toMatch(/^250/);
    expect(await folders('dora@d.test', third.token)).toEqual(['Spam']);
  });

  it('blocks and allows senders, everywhere or in a domain', async () => {
    const blocked = /^554 5\.7\.1 the sender is blocked$/;
    expect((await attempt({ from: 'Bad@far.test' })).answer).toMatch(blocked);
    expect((await attempt({ from: 'bad@far.test', to: ['bob@b.test'] })).answer).toMatch(/^250/);
    expect((await attempt({ from: 'only@far.test', to: ['bob@b2.test'] })).answer).toMatch(blocked);
    expect((await attempt({ from: 'only@far.test' })).answer).toMatch(/^250/);
    expect((await attempt({ from: 'only@far.test', to: ['bob@b.test', 'alice@a.test'] })).answer).toMatch(/^250/);
    const allowed = await attempt({ from: 'x@good.test', to: ['dora@d.test'] });
    expect(allowed.answer).toMatch(/^250/);
    expect(await folders('dora@d.test', allowed.token)).toEqual(['INBOX']);
  });

  it('asks no list about users who have logged in', async () => {
    expect((await attempt({ from: 'alice@a.test' })).answer).toMatch(/^554/);
    const client = await loggedIn(sandbox(), 'alice@a.test');
    expect((await attempt({ client, from: 'alice@a.test', to: ['x@far.test'] })).answer).toMatch(/^250/);
    expect((await attempt({ client, from: 'alice@a.test', to: ['x@far.test'], body: GTUBE })).answer).toMatch(/^554/);
    await client.quit();
  });

  it('refuses banned files, by name, in archives and by type, also from allowed senders', async () => {
    const content = Buffer.from('hello').toString('base64');
    const file = 'application/octet-stream';
    const exe = '554 5.7.1 files of the kind .exe are not accepted';
    expect((await attempt(attachment(file, 'Setup.pdf.EXE', content))).answer).toBe(exe);
    expect((await attempt({ from: 'x@good.test', ...attachment(file, 'a.exe. ', content) })).answer).toBe(exe);
    expect((await attempt(attachment('application/zip', 'papers.zip', ZIP))).answer).toMatch(/archives with .*\.exe/);
    expect((await attempt(attachment('Application/X-Forbidden', 'a.bin', content))).answer).toMatch(/x-forbidden/);
    expect((await attempt(attachment(file, 'exe.pdf', content))).answer).toMatch(/^250/);
    // Mail programs go by either name, by part of one, or by none.
    expect((await attempt(attachment(`${file}; name="a.exe"`, 'a.pdf', content))).answer).toBe(exe);
    expect((await attempt(attachment(`${file}; name==?utf-8?Q?a=2Eexe?=`, 'a.pdf', content))).answer).toBe(exe);
    expect((await attempt(attachment(file, 'a.pdf"; filename*=UTF-8\'\'a.exe%00; x="', content))).answer).toBe(exe);
    expect((await attempt(attachment(file, 'a.exe\u00a0', content))).answer).toBe(exe);
    expect((await attempt(attachment(file, 'renamed.pdf', PROGRAM))).answer).toBe(exe);
    await sandbox().ok(['filter', 'unban', 'exe']);
    await sandbox().ok(['filter', 'ban', 'application/x-msdownload', '--apply']);
    expect((await attempt(attachment(file, 'a.exe', content))).answer).toMatch(/^250/);
    expect((await attempt(attachment(file, 'renamed.pdf', PROGRAM))).answer).toMatch(/type application\/x-msdownload/);
    await sandbox().ok(['filter', 'ban', 'exe']);
    await sandbox().ok(['filter', 'unban', 'application/x-msdownload', '--apply']);
  });

  it('does not believe a message that calls itself spam', async () => {
    const { token } = await attempt({ from: 'x@good.test', headers: ['X-Spam: Yes'] });
    expect(await folders('alice@a.test', token)).toEqual(['INBOX']);
  });

  it('is explained, and a second apply has nothing to do', async () => {
    const { stdout } = await sandbox().ok(['explain', 'alice@a.test']);
    expect(stdout).toContain('the built-in filter looks at the mail first');
    const plan = JSON.parse((await sandbox().ok(['plan', '--json'])).stdout) as { files: unknown[] };
    expect(plan.files).toEqual([]);
    await sandbox().ok(['plan', '--exit-code']);
  });
});

describe('antivirus', () => {
  const EICAR = 'X5O!P%@AP[4\\\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*';
  let clamd: ChildProcess | undefined;

  /** A ClamAV daemon that knows one signature. */
  async function startClamd(): Promise<string> {
    const directory = await tempDir();
    await chmod(directory, 0o755);
    const socket = `${directory}/clamd.ctl`;
    const signature = Buffer.from('EICAR-STANDARD-ANTIVIRUS-TEST-FILE').toString('hex');
    await writeFile(`${directory}/test.ndb`, `Eicar-Test:0:*:${signature}\n`);
    const settings = [
      `DatabaseDirectory ${directory}`,
      `LocalSocket ${socket}`,
      'LocalSocketMode 666',
      'Foreground yes',
    ];
    await writeFile(`${directory}/clamd.conf`, `${settings.join('\n')}\n`);
    clamd = spawn('/usr/sbin/clamd', ['-c', `${directory}/clamd.conf`], { stdio: 'ignore' });
    await eventually('clamd listens', () => existsSync(socket));
    return socket;
  }

  it('refuses viruses, also from allowed senders, and has mail come again while ClamAV is down', async () => {
    const socket = await startClamd();
    const harmless = attachment('application/octet-stream', 'a.bin', Buffer.from('hello').toString('base64'));
    try {
      const { stderr } = await sandbox().ok(['filter', 'set', 'builtin', '--antivirus', socket, '--apply']);
      expect(stderr).not.toContain('does not answer');
      const virus = attachment('application/octet-stream', 'a.com', Buffer.from(EICAR).toString('base64'));
      expect((await attempt(virus)).answer).toBe('554 5.7.1 a virus was found in it');
      expect((await attempt({ from: 'x@good.test', ...virus })).answer).toMatch(/^554 .*virus/);
      expect((await attempt(harmless)).answer).toMatch(/^250/);
    } finally {
      clamd?.kill('SIGKILL');
    }
    expect((await attempt({})).answer).toMatch(/^250/);
    expect((await attempt(harmless)).answer).toMatch(/^451 4\.7\.1 the virus scanner does not answer/);
    const { stderr } = await sandbox().ok(['filter', 'set', 'builtin', '--antivirus', `${socket}.gone`, '--apply']);
    expect(stderr).toContain(`ClamAV at ${socket}.gone does not answer: mails with attachments have to come again`);
    await sandbox().ok(['filter', 'set', 'builtin', '--antivirus', 'default', '--apply']);
    expect((await attempt(harmless)).answer).toMatch(/^250/);
  });
});

describe('settings', () => {
  it('are in force when apply ends', async () => {
    await sandbox().ok(['filter', 'sender', 'block', '@new.test', '--apply']);
    expect((await attempt({ from: 'x@new.test' })).answer).toMatch(/^554/);
    await sandbox().ok(['filter', 'sender', 'unset', '@new.test']);
    await sandbox().ok(['filter', 'ban', 'pdf', '--apply']);
    expect((await attempt({ from: 'x@new.test' })).answer).toMatch(/^250/);
    expect((await attempt(attachment('application/pdf', 'a.pdf', 'aGVsbG8='))).answer).toMatch(/^554/);
  });

  it('of any text reach rspamd as they are', async () => {
    const tag = 'a"b\\ $DBDIR ${RUNDIR} {{x}} \'#;%s';
    await sandbox().ok(['filter', 'set', 'builtin', '--subject-tag', tag, '--apply']);
    const { token } = await attempt({ to: ['carl@c.test'] });
    await drain(sandbox());
    const spam = (await mailOf(sandbox(), 'carl@c.test', 'Spam')).map(subjectOf);
    expect(spam).toContain(`${tag} ${token}`);
  });
});

describe('without rspamd', () => {
  const stop = async (): Promise<void> => {
    const pid = Number(await readFile(`${sandbox().root}/run/rspamd-eboxmail/rspamd.pid`, 'utf8'));
    process.kill(pid, 'SIGTERM');
    await eventually('rspamd has ended', async () => (await rspamds()) === 0);
  };
  const rspamds = async (): Promise<number> =>
    (await processesOf(sandbox().root)).filter(({ why }) => why.includes('rspamd')).length;

  it('mail has to come again, or is taken, as is set; the next apply starts it', async () => {
    await stop();
    expect((await attempt({})).answer).toMatch(/^451 4\.7\.1/);
    expect((await sandbox().run(['status'])).stdout).toMatch(/rspamd does not answer at .*milter\.sock/);
    await sandbox().ok(['apply']);
    expect((await sandbox().run(['status'])).stdout).toMatch(/rspamd answers at /);
    expect((await attempt({ body: GTUBE })).answer).toMatch(/^554/);
    await sandbox().ok(['filter', 'set', 'builtin', '--on-failure', 'accept', '--apply']);
    await stop();
    expect((await attempt({ body: GTUBE })).answer).toMatch(/^250/);
  });

  it('and without the filter, nothing of it is left', async () => {
    await sandbox().ok(['apply']);
    await sandbox().ok(['filter', 'set', 'none', '--apply']);
    expect(await rspamds()).toBe(0);
    const { token, answer } = await attempt({ body: GTUBE, headers: ['X-Spam: Yes'] });
    expect(answer).toMatch(/^250/);
    expect(await folders('alice@a.test', token)).toEqual(['INBOX']);
    // So that the end of the sandbox is also that of a running rspamd.
    await sandbox().ok(['filter', 'set', 'builtin', '--apply']);
  });
});
