import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, rename, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { daysLater } from '../support/clock.ts';
import { drain, imaps, loggedIn, mailOf, PASSWORD_HASH, stranger } from '../support/mail.ts';
import { eventually, processesOf, useSandbox } from '../support/sandbox.ts';
import { putScript } from '../support/sieve.ts';
import type { SmtpClient } from '../support/smtp-client.ts';

const run = promisify(execFile);

/** For what the daemons write down a little after they have answered. */
const WAIT = { timeout: 20_000 };

const STATE = `
version: 1
server: {mailname: mx.example.test, expiry: {trash: 10 d, spam: 10 d}}
domains: {a.test: {}}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
networks:
  office: {members: {lan: 127.0.1.0/24}}
  guests: {members: {guest: 127.0.1.66}}
relay: {networks: {office: allow, guests: deny}}
filter:
  mode: builtin
  builtin:
    senders: {"@good.test": allow}
    greylisting: {enabled: true, delay: 10 min, score: 0.05}
    learning: {enabled: true, messages: 4}
`;

const sandbox = useSandbox({
  state: STATE,
  // While the learner is broken.
  tolerate: [/imap\(alice@a\.test\).*learn-(mail|spam)/, / learn-mail: Error: /, /Warning: .*SIGTERM/],
});
const at = (path: string): string => `${sandbox().root}/${path}`;

interface Attempt {
  readonly from?: string;
  readonly to?: string;
  readonly source?: string;
  readonly subject?: string;
  readonly body?: string;
  readonly client?: SmtpClient;
}

/** The answer to a message; the same attempt again is the same message. */
async function attempt({ from = 'x@far.test', to = 'alice@a.test', ...given }: Attempt): Promise<string> {
  const client = given.client ?? (await stranger(sandbox(), { localAddress: given.source ?? '127.0.0.9' }));
  const { subject = 'Hello', body = 'Hello.' } = given;
  try {
    await client.command(`MAIL FROM:<${from}>`);
    await client.command(`RCPT TO:<${to}>`);
    const head = [`From: <${from}>`, `To: <${to}>`, `Subject: ${subject}`];
    const id = `Message-ID: <${subject.replaceAll(' ', '.')}@far.test>`;
    // That there is nothing but HTML makes it doubtful, also where Postfix adds what is missing.
    const html = ['MIME-Version: 1.0', 'Content-Type: text/html'];
    const reply = await client.data([...head, id, ...html, '', `<html><body>${body}</body></html>`].join('\n'));
    return reply.lines.join(' / ');
  } finally {
    if (given.client === undefined) await client.quit();
  }
}

const LATER = '451 4.7.1 greylisted, try again later';

describe('greylisting', () => {
  it('has mail from outside come again, and takes it then', async () => {
    const first = { from: 'new@far.test', subject: 'first' };
    expect(await attempt(first)).toBe(LATER);
    expect(await attempt(first)).toBe(LATER);
    await expect
      .poll(async () => (await sandbox().run(['log', 'trace', 'first@far.test'])).stdout, WAIT)
      .toMatch(/rspamd says: soft reject[^]*refused: greylisted: the sending server has to try again later/);
    await sandbox().ok(['filter', 'set', 'builtin', '--greylisting-delay', '1 s', '--apply']);
    await eventually('it is taken', async () => (await attempt(first)).startsWith('250'));
    // Whoever has come again is known.
    expect(await attempt({ from: 'new@far.test', subject: 'second', body: 'More.' })).toMatch(/^250/);
    expect(await attempt({ from: 'new@far.test', to: 'bob@a.test', subject: 'third', body: 'Other.' })).toBe(LATER);
  });

  it('is not for users, clients that may relay and allowed senders', async () => {
    const client = await loggedIn(sandbox(), 'alice@a.test');
    expect(await attempt({ client, from: 'alice@a.test', to: 'bob@a.test', body: 'From a user.' })).toMatch(/^250/);
    await client.quit();
    expect(await attempt({ source: '127.0.1.7', from: 'printer@far.test', body: 'From the office.' })).toMatch(/^250/);
    expect(await attempt({ source: '127.0.1.66', from: 'guest@far.test', body: 'From a guest.' })).toBe(LATER);
    expect(await attempt({ from: 'shop@good.test', body: 'From an allowed sender.' })).toMatch(/^250/);
    // Not even when the same text was asked to come again just now.
    expect(await attempt({ from: 'a@far.test', body: 'The same.' })).toBe(LATER);
    expect(await attempt({ from: 'shop@good.test', body: 'The same.' })).toMatch(/^250/);
    // What users have sent on comes from the machine itself.
    await putScript(sandbox(), 'bob@a.test', 'redirect "alice@a.test";');
    const passedOn = { source: '127.0.1.7', from: 'copier@far.test', to: 'bob@a.test' };
    await attempt({ ...passedOn, subject: 'sent on', body: 'For bob.' });
    await drain(sandbox());
    expect((await folder()).filter((subject) => subject === 'sent on')).toHaveLength(1);
  });

  it('is for doubtful mail only', async () => {
    await sandbox().ok(['filter', 'set', 'builtin', '--greylisting-score', '4', '--apply']);
    expect(await attempt({ from: 'fine@far.test', body: 'Nothing doubtful.' })).toMatch(/^250/);
  });
});

/** How many messages rspamd has learned. */
async function learned(): Promise<{ spam: number; ham: number }> {
  const ask = ['-s', at('run/redis-eboxmail/redis.sock'), '--json', 'hmget', 'RS', 'learns_spam', 'learns_ham'];
  const [spam, ham] = JSON.parse((await run('redis-cli', ask)).stdout) as (string | null)[];
  return { spam: Number(spam ?? 0), ham: Number(ham ?? 0) };
}

const SPAM =
  'cheap pills casino lottery winner claim your prize money transfer urgent offer discount buy now limited deal';
const HAM =
  'meeting agenda project minutes colleagues lunch tomorrow budget review schedule office report quarterly numbers';

/** Puts messages into a user's INBOX and gives their subjects. */
async function receive(name: string, text: string, count: number, to = 'alice@a.test'): Promise<string[]> {
  const subjects = Array.from({ length: count }, (_, index) => `${name} ${index}`);
  for (const subject of subjects) {
    // No two are alike, or they would be learned once.
    const body = `${text} ${subject} ${Buffer.from(subject).toString('hex')}`;
    expect(await attempt({ from: 'shop@good.test', to, subject, body })).toMatch(/^250/);
  }
  await drain(sandbox());
  return subjects;
}

/** Moves or copies messages, as a mail client does. */
async function carry(how: 'move' | 'copy', subject: string, from: string, to: string): Promise<void> {
  await imaps(
    sandbox(),
    'alice@a.test',
    async ({ client }) => {
      const uids = (await client.search({ subject }, { uid: true })) || [];
      expect(uids.length, subject).toBeGreaterThan(0);
      const done =
        how === 'move'
          ? await client.messageMove(uids, to, { uid: true })
          : await client.messageCopy(uids, to, { uid: true });
      expect(done).not.toBe(false);
    },
    { folder: from },
  );
}

async function folder(name?: string): Promise<string[]> {
  return (await mailOf(sandbox(), 'alice@a.test', name)).map((text) => /^Subject: (.*)$/m.exec(text)?.[1] ?? '').sort();
}

describe('learning', () => {
  beforeAll(async () => {
    await receive('spam', SPAM, 4);
    // A rule puts these into Spam: that is no move.
    await putScript(
      sandbox(),
      'alice@a.test',
      'require "fileinto"; if header :contains "subject" "ham" { fileinto "Spam"; }',
    );
    await receive('ham', HAM, 4);
  });

  it('takes what is moved into Spam for spam, and what is moved out of it for ham', async () => {
    expect(await learned()).toEqual({ spam: 0, ham: 0 });
    await carry('move', 'spam', 'INBOX', 'Spam');
    await expect.poll(learned, WAIT).toEqual({ spam: 4, ham: 0 });
    await carry('move', 'ham', 'Spam', 'INBOX');
    await expect.poll(learned, WAIT).toEqual({ spam: 4, ham: 4 });
    expect(await folder('Spam')).toEqual(['spam 0', 'spam 1', 'spam 2', 'spam 3']);
  });

  it('and judges mail by it', async () => {
    const similar = `Dear friend, ${SPAM} for you.`;
    expect(await attempt({ from: 'y@far.test', subject: 'like spam', body: similar })).toMatch(/^(250|451)/);
    const fine = { from: 'z@far.test', subject: 'like ham', body: `Dear friend, ${HAM} as always.` };
    expect(await attempt(fine)).toMatch(/^250/);
    await drain(sandbox());
    const judged = async (id: string): Promise<string> => {
      const lines = (await readFile(at('var/log/rspamd.log'), 'utf8')).split('\n');
      return lines.find((line) => line.includes(`task_write_log: id: <${id}@far.test>`)) ?? '';
    };
    await expect.poll(() => judged('like.spam'), WAIT).toMatch(/BAYES_SPAM\([1-9]/);
    await expect.poll(() => judged('like.ham'), WAIT).toMatch(/BAYES_HAM\(-/);
  });

  it('does not take what is thrown away, expires or is filed by rules for anything', async () => {
    const before = await learned();
    await putScript(sandbox(), 'bob@a.test', 'require "fileinto"; fileinto "Spam";');
    await receive('filed', SPAM, 1, 'bob@a.test');
    await carry('move', 'spam 0', 'Spam', 'Trash');
    await carry('copy', 'spam 1', 'Spam', 'Spam');
    await imaps(sandbox(), 'alice@a.test', ({ client }) => client.mailboxCreate('Spam/Old'));
    await carry('move', 'spam 2', 'Spam', 'Spam/Old');
    await carry('move', 'ham 3', 'INBOX', 'Drafts');
    const { stdout } = await sandbox().ok(['expire', '--json'], { env: daysLater(20) });
    expect(stdout).toMatch(/"folder":\s*"Spam"/);
    expect(await learned()).toEqual(before);
  });

  it('is not for the scripts of users: they cannot hand mail to programs', async () => {
    await putScript(sandbox(), 'bob@a.test', 'require "vnd.dovecot.pipe"; pipe "learn-mail" ["ham"]; ');
    const before = await learned();
    await receive('piped', SPAM, 1, 'bob@a.test');
    expect(await learned()).toEqual(before);
  });

  it('keeps nobody from moving mail when it fails', async () => {
    const [subject = ''] = await receive('stubborn', SPAM, 1);
    await rename(at('run/rspamd-eboxmail/controller.sock'), at('run/rspamd-eboxmail/gone.sock'));
    try {
      await carry('move', subject, 'INBOX', 'Spam');
      expect(await folder('Spam')).toContain(subject);
      await expect
        .poll(() => readFile(at('var/log/dovecot.log'), 'utf8'), WAIT)
        .toMatch(/imap\(alice@a\.test\).*(learn-spam\.sieve|'learn-spam\/learn-spam') failed/);
    } finally {
      await rename(at('run/rspamd-eboxmail/gone.sock'), at('run/rspamd-eboxmail/controller.sock'));
    }
  });
});

describe('Redis', () => {
  it('has no port, and only rspamd may enter', async () => {
    const listening = new Set(
      (await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => ''))))
        .flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)))
        // 0A: it listens (proc(5)).
        .flatMap((fields) => (fields[3] === '0A' ? [`socket:[${fields[9] ?? ''}]`] : [])),
    );
    const daemons = (await processesOf(sandbox().root)).filter(({ why }) => /(redis|rspamd)-eboxmail/.test(why));
    expect(daemons.length).toBeGreaterThanOrEqual(4);
    for (const { pid } of daemons) {
      for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
        const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
        expect(listening.has(target), `${pid} ${target}`).toBe(false);
      }
    }
    const modes = await Promise.all(
      ['run/redis-eboxmail', 'var/lib/redis-eboxmail', 'run/rspamd-eboxmail/controller.sock'].map((path) =>
        stat(at(path)),
      ),
    );
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o700, 0o600]);
    expect(new Set(modes.map(({ uid }) => uid)).size).toBe(1);
    expect(modes[0]?.uid).not.toBe(0);
  });

  it('keeps what was learned when everything is stopped and started again', async () => {
    const before = await learned();
    await sandbox().ok(['sandbox', 'stop', sandbox().root]);
    await sandbox().ok(['sandbox', 'start', sandbox().root]);
    expect(await learned()).toEqual(before);
    const status = await sandbox().run(['status', '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ filter: { well: true }, daemons: { well: true } });
  });

  it('is started again by apply when it has died, and mail passes meanwhile', async () => {
    const pid = Number(await readFile(at('run/redis-eboxmail/redis.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await eventually('it is gone', async () => !(await processesOf(sandbox().root)).some((one) => one.pid === pid));
    expect(await attempt({ from: 'q@far.test', subject: 'meanwhile', body: 'Hi.' })).toMatch(/^250/);
    expect((await sandbox().run(['status'])).stdout).toMatch(/Redis does not answer at/);
    const before = await sandbox().ok(['apply']);
    expect(before.stderr).toMatch(/start redis/);
    expect((await learned()).spam).toBeGreaterThan(0);
    await sandbox().ok(['plan', '--exit-code']);
  });

  it('is gone when nothing needs it', async () => {
    await sandbox().ok(['filter', 'set', 'builtin', '--learning', 'off', '--greylisting', 'off', '--apply']);
    const left = (await processesOf(sandbox().root)).filter(({ why }) => why.includes('redis'));
    expect(left).toEqual([]);
    await expect(readdir(at('etc/redis-eboxmail'))).rejects.toThrow(/ENOENT/);
    expect((await sandbox().run(['status'])).stdout).not.toMatch(/redis/i);
    expect(await attempt({ from: 'r@far.test', subject: 'plain', body: 'Plain.' })).toMatch(/^250/);
    const { spam } = await sandbox()
      .ok(['filter', 'set', 'builtin', '--learning', 'on', '--apply'])
      .then(() => learned());
    expect(spam).toBeGreaterThan(0);
  });
});
