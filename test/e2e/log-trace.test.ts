import { execFile } from 'node:child_process';
import { appendFile, chown, mkdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gone } from '../../src/system/processes.ts';
import {
  drain,
  loggedIn,
  PASSWORD_HASH,
  send,
  sendAs,
  sendAsStranger,
  stranger,
  tryLogin,
  tryRecipient,
} from '../support/mail.ts';
import { eventually, useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

const STATE = `
version: 1
server:
  mailname: mx.example.test
  limits: {message: 1 MB}
domains:
  a.test: {aliases: [a2.test]}
  c.test: {catch_all: {copy_to: archive@c.test}}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
  small@a.test: {password: "${PASSWORD_HASH}", quota: 100 kB}
  eve@c.test: {password: "${PASSWORD_HASH}"}
  archive@c.test: {password: "${PASSWORD_HASH}"}
aliases:
  info@a.test: alice@a.test
`;

const SCRIPT = `require ["fileinto", "copy"];
if header :contains "X-Do" "file" { fileinto "Spam"; }
elsif header :contains "X-Do" "redirect" { redirect "friend@far.test"; }
elsif header :contains "X-Do" "discard" { discard; }
`;

const MAIL_OWNER = 5000;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [
    /warning: mail_stream_cleanup: close error/,
    /warning: \S+ queue file size limit exceeded/,
    /SASL PLAIN authentication failed/,
    // Dovecot is stopped for a while, and with it what Postfix asks about full mailboxes.
    /warning: .*private\/quota-status/,
  ],
});

interface Recipient {
  readonly address: string | null;
  readonly original: string | null;
  readonly outcome: string;
  readonly cause: string | null;
  readonly attempts: number;
  readonly copy_way: boolean;
  readonly filed: readonly { action: string; detail: string }[];
  readonly onward: readonly Recipient[];
}

interface Traced {
  readonly messages: readonly {
    readonly message_id: string | null;
    readonly from: string | null;
    readonly passages: readonly { id: string; service: string; login: string | null; state: string }[];
    readonly recipients: readonly Recipient[];
    readonly notices: readonly string[];
    readonly about: readonly string[];
  }[];
  readonly refusals: readonly {
    kind: string;
    cause: string;
    rule: string | null;
    from: string | null;
    to: string | null;
    login: string | null;
  }[];
}

async function trace(what: string, ...options: readonly string[]): Promise<Traced> {
  const { stdout } = await sandbox().ok(['log', 'trace', what, ...options, '--json']);
  return JSON.parse(stdout) as Traced;
}

/** The way of the recipients of all that was found, in short. */
function ends({ messages }: Traced): readonly string[] {
  const one = ({ address, original, outcome, cause, filed, copy_way: copyWay, onward }: Recipient): string =>
    [
      address ?? '',
      original === null ? '' : `for ${original}`,
      outcome,
      cause ?? '',
      ...filed
        .filter(({ action }) => action !== 'saved' && action !== 'failed')
        .map((act) => `${act.action} ${act.detail}`.trim()),
      copyWay ? 'copy' : '',
      ...onward.map((next) => `(${one(next)})`),
    ]
      .filter((part) => part !== '')
      .join(' ');
  return messages.flatMap(({ recipients }) => recipients.map(one)).sort();
}

/** Sends a message with a Message-ID of its own and gives that. */
async function mail(
  to: string | readonly string[],
  name: string,
  headers: readonly string[] = [],
  body?: string,
): Promise<string> {
  const id = `${name}@elsewhere.test`;
  await sendAsStranger(sandbox(), to, 'sender@elsewhere.test', {
    headers: [`Message-ID: <${id}>`, ...headers],
    ...(body === undefined ? {} : { body }),
  });
  return id;
}

async function activate(address: string): Promise<void> {
  const [local = '', domain = ''] = address.split('@');
  const home = `${sandbox().root}/var/vmail/${domain}/${local}`;
  for (const path of [`${sandbox().root}/var/vmail/${domain}`, home, `${home}/sieve`]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, MAIL_OWNER, MAIL_OWNER);
  }
  await writeFile(`${home}/sieve/main.sieve`, SCRIPT);
  await symlink('sieve/main.sieve', `${home}/.dovecot.sieve`);
}

describe('log trace', () => {
  it('follows what was delivered, by id, address and Message-ID, also of an alias in a domain alias', async () => {
    const id = await mail(['info@a2.test', 'bob@a.test'], 'plain');
    await drain(sandbox());
    const expected = ['alice@a.test for info@a2.test delivered', 'bob@a.test delivered'];
    const found = await trace(`<${id}>`);
    expect(ends(found)).toEqual(expected);
    expect(found.messages[0]?.from).toBe('sender@elsewhere.test');
    expect(ends(await trace(id))).toEqual(expected);
    expect(ends(await trace(found.messages[0]?.passages[0]?.id ?? ''))).toEqual(expected);
    expect(ends(await trace('INFO@a2.test'))).toEqual(expected);
    expect(ends(await trace('bob@a.test'))).toEqual(expected);
  });

  it('follows what leaves the machine, with the login', async () => {
    await sendAs(sandbox(), 'alice@a.test', 'friend@far.test');
    await drain(sandbox());
    const found = await trace('friend@far.test');
    expect(ends(found)).toEqual(['friend@far.test captured']);
    expect(found.messages[0]?.passages).toMatchObject([
      { service: 'submission/smtpd', login: 'alice@a.test', state: 'left' },
    ]);
  });

  it('follows copies over their hop, from whichever end', async () => {
    const id = await mail('eve@c.test', 'copied');
    await drain(sandbox());
    const expected = ['archive@c.test delivered copy', 'eve@c.test delivered'];
    expect(ends(await trace(id))).toEqual(expected);
    const byArchive = await trace('archive@c.test');
    expect(ends(byArchive)).toEqual(expected);
    expect(byArchive.messages[0]?.passages.map(({ service }) => service)).toEqual(['smtpd', 'copy-sender-in/smtpd']);
    for (const { id: queueId } of byArchive.messages[0]?.passages ?? []) {
      expect(ends(await trace(queueId))).toEqual(expected);
    }
  });

  it('tells what a Sieve script did, and what became of what it sent on', async () => {
    await activate('bob@a.test');
    const cases = [
      ['file', 'bob@a.test delivered filed Spam'],
      ['redirect', 'bob@a.test forwarded forwarded friend@far.test (friend@far.test captured)'],
      ['discard', 'bob@a.test discarded discarded'],
    ] as const;
    for (const [action] of cases) await mail('bob@a.test', `sieve-${action}`, [`X-Do: ${action}`]);
    await drain(sandbox());
    for (const [action, expected] of cases) {
      expect(ends(await trace(`<sieve-${action}@elsewhere.test>`)), action).toEqual([expected]);
    }
  });

  it('says why a message came back, and which message told the sender', async () => {
    await sendAs(sandbox(), 'alice@a.test', 'small@a.test', { body: `${'x'.repeat(62)}\n`.repeat(3000) });
    await drain(sandbox());
    const found = await trace('small@a.test');
    expect(ends(found)).toEqual(['small@a.test bounced over-quota']);
    const [notice = ''] = found.messages[0]?.notices ?? [];
    const told = await trace(notice);
    expect(ends(told)).toEqual(['alice@a.test delivered']);
    expect(told.messages[0]).toMatchObject({ from: '', about: [found.messages[0]?.passages[0]?.id] });
  });

  it('says by which rule something was refused', async () => {
    const client = await stranger(sandbox());
    await tryRecipient(client, 'nobody@a.test');
    await tryRecipient(client, 'x@relay.test');
    await client.command('MAIL FROM:<big@elsewhere.test> SIZE=9000000');
    await client.quit();
    const own = await loggedIn(sandbox(), 'alice@a.test');
    await tryRecipient(own, 'victim@far.test', 'bob@a.test');
    await own.quit();
    await tryLogin(sandbox(), 'eve@c.test', { password: 'wrong' });
    const refusals = async (what: string): Promise<unknown> =>
      (await trace(what)).refusals.map(({ kind, cause, rule }) => [kind, cause, rule]);
    expect(await refusals('nobody@a.test')).toEqual([['message', 'no-such-account', 'reject_unlisted_recipient']]);
    expect(await refusals('x@relay.test')).toEqual([['message', 'relay-denied', 'reject_unauth_destination']]);
    expect(await refusals('big@elsewhere.test')).toEqual([['message', 'too-large', 'message_size_limit']]);
    expect(await refusals('victim@far.test')).toEqual([
      ['message', 'sender-not-owned', 'reject_sender_login_mismatch'],
    ]);
    expect(await refusals('eve@c.test')).toEqual([['login', 'authentication-failed', null]]);
  });

  it('knows what was too large though its size was not announced', async () => {
    const client = await stranger(sandbox());
    const body = `${'x'.repeat(998)}\n`.repeat(1500);
    const sent = send(client, 'x@elsewhere.test', 'alice@a.test', {
      headers: ['Message-ID: <large@elsewhere.test>'],
      body,
    });
    await expect(sent).rejects.toThrow(/552/);
    await client.quit();
    expect(ends(await trace('<large@elsewhere.test>'))).toEqual(['refused too-large']);
  });

  it('knows what waits, what an administrator holds or removes, and what arrived in the end', async () => {
    const { root } = sandbox();
    const config = ['-c', `${root}/etc/postfix`];
    const dovecot = Number(await readFile(`${root}/run/dovecot/master.pid`, 'utf8'));
    process.kill(dovecot, 'SIGTERM');
    await eventually('Dovecot has ended', () => gone(dovecot));
    const ids = [
      await mail('alice@a.test', 'late'),
      await mail('alice@a2.test', 'removed'),
      await mail('alice@a.test', 'held'),
    ];
    const [late = '', removed = '', held = ''] = ids;
    await eventually('all of them wait', async () => {
      const states = await Promise.all(ids.map(async (id) => ends(await trace(id))[0] ?? ''));
      return states.every((state) => state.includes('deferred mailboxes-down'));
    });
    const queueId = async (id: string): Promise<string> => (await trace(id)).messages[0]?.passages[0]?.id ?? '';
    await run('postsuper', [...config, '-d', await queueId(removed)]);
    await run('postsuper', [...config, '-h', await queueId(held)]);
    expect(ends(await trace(removed))).toEqual(['alice@a.test for alice@a2.test deleted mailboxes-down']);
    expect(ends(await trace(held))).toEqual(['alice@a.test held mailboxes-down']);
    await sandbox().ok(['sandbox', 'start', root]);
    await run('postsuper', [...config, '-H', await queueId(held)]);
    await eventually('it is delivered', async () => {
      await run('postqueue', [...config, '-f']);
      return ends(await trace(late))[0] === 'alice@a.test delivered';
    });
    expect((await trace(late)).messages[0]?.recipients[0]?.attempts).toBeGreaterThan(1);
    await drain(sandbox());
    expect(ends(await trace(held))).toEqual(['alice@a.test delivered']);
  });

  it('speaks plain words, and a terminal obeys nothing in them', async () => {
    const { root } = sandbox();
    const { stdout } = await sandbox().ok(['log', 'trace', '<sieve-file@elsewhere.test>']);
    expect(stdout).toMatch(/bob@a\.test: delivered to the mailbox\n {4}filed by Sieve into the folder "Spam"\n/);
    await writeFile(
      `${root}/evil.log`,
      'Nov 24 10:00:00 mx postfix/smtp[1]: 3F2A1C0B5D: to=<x@evil.test>, relay=none, delay=1, delays=0/0/0/0, dsn=5.0.0, status=bounced (\u001b[2J\u009b31m\u202e\u0007)\n',
    );
    const evil = await sandbox().ok(['log', 'trace', 'x@evil.test', '--file', `${root}/evil.log`, '--color', 'always']);
    expect(evil.stdout.replace(/\u001b\[\d+m/g, '')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('says how far back the log reaches when it finds nothing, and what is wrong', async () => {
    const nothing = await sandbox().run(['log', 'trace', 'who@nowhere.test']);
    expect(nothing).toMatchObject({ code: 4, stdout: '' });
    expect(nothing.stderr).toMatch(
      /nothing about "who@nowhere\.test" was found; the log reaches back to \d{4}-\d\d-\d\d \d\d:/,
    );
    expect(await sandbox().run(['log', 'trace', 'alice@a.test', '--since', '2000-01-01'])).toMatchObject({ code: 0 });
    for (const [args, said] of [
      [['trace', 'ab'], /is no id, address or Message-ID/],
      [['trace', 'alice@a.test', '--since', 'soon'], /--since: "soon" is no time/],
      [['trace', 'alice@a.test', '--limit', '0'], /--limit/],
      [['stats', '--days', '0'], /--days/],
      [['stats', '--days', '2', '--since', '2h'], /not both/],
    ] as const) {
      const { code, stderr } = await sandbox().run(['log', ...args]);
      expect({ code, stderr }, args.join(' ')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(said) as string,
      });
    }
    expect(await sandbox().run(['log', 'trace', 'alice@a.test', '--file', '/nowhere/mail.log'])).toMatchObject({
      code: 4,
    });
    expect(await sandbox().run(['log', 'stats', '--domain', 'b.test'])).toMatchObject({ code: 4 });
  });
});

describe('log stats', () => {
  it('counts what went through, by domain', async () => {
    const { stdout } = await sandbox().ok(['log', 'stats', '--json']);
    const { rows } = JSON.parse(stdout) as {
      rows: { domain: string; received: number; refused: number; deferred: number; bounced: number; sent: number }[];
    };
    const sum = (domain: string, what: 'received' | 'refused' | 'deferred' | 'bounced' | 'sent'): number =>
      rows.filter((row) => row.domain === domain).reduce((all, row) => all + row[what], 0);
    expect(sum('c.test', 'received')).toBe(2);
    expect(sum('a.test', 'refused')).toBe(2);
    expect(sum('a.test', 'deferred')).toBe(3);
    expect(sum('a.test', 'bounced')).toBe(1);
    expect(sum('a.test', 'sent')).toBe(1);
    const one = await sandbox().ok(['log', 'stats', '--domain', 'c.test', '--days', '2']);
    expect(one.stdout).toMatch(/^\d{4}-\d\d-\d\d\tc\.test\t0\t2\t0\t0\t0\n$/m);
  });
});

describe('rotated logs', () => {
  it('are read as one, packed or not, over a message that is in two of them', async () => {
    const { root } = sandbox();
    const log = `${root}/var/log/mail.log`;
    const text = await readFile(log, 'utf8');
    const cut = text.indexOf('\n', text.indexOf('message-id=<copied@elsewhere.test>')) + 1;
    const [old, recent] = [text.slice(0, cut), text.slice(cut)];
    // postlogd(8) has the file open; what it writes meanwhile is of no interest here.
    await rename(log, `${log}.kept`);
    try {
      await writeFile(`${log}.1`, await promisify(gzip)(old));
      await rename(`${log}.1`, `${log}.1.gz`);
      await utimes(`${log}.1.gz`, Date.now() / 1000 - 5, Date.now() / 1000 - 5);
      await writeFile(log, '');
      await appendFile(log, recent);
      expect(ends(await trace('<copied@elsewhere.test>'))).toEqual([
        'archive@c.test delivered copy',
        'eve@c.test delivered',
      ]);
      expect(ends(await trace('<plain@elsewhere.test>'))).toHaveLength(2);
    } finally {
      await rm(`${log}.1.gz`, { force: true });
      await rename(`${log}.kept`, log);
    }
  });
});
