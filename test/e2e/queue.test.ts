import { chown, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { QueueMessage } from '../../src/core/queue/message.ts';
import { daysLater } from '../support/clock.ts';
import { copies, drain, mailOf, PASSWORD_HASH, send, sendAsStranger, stranger } from '../support/mail.ts';
import { deferred, forge, postqueue, stopDovecot, tool } from '../support/queue.ts';
import { eventually, useSandbox } from '../support/sandbox.ts';
import { bash } from '../support/scene.ts';
import { CTRL_C, ENTER, onTerminal } from '../support/terminal.ts';

const sandbox = useSandbox({
  state: `version: 1
server: {mailname: mx.test.example}
domains:
  example.com: {aliases: [example.net], catch_all: {copy_to: archive@example.com}}
  other.example: {}
users:
  alice@example.com: {password: "${PASSWORD_HASH}"}
  bob@other.example: {password: "${PASSWORD_HASH}"}
  carol@other.example: {password: "${PASSWORD_HASH}"}
  archive@example.com: {password: "${PASSWORD_HASH}"}
`,
  tolerate: [
    /private\/quota-status: Connection refused/,
    /postqueue\[\d+\]: fatal: output write error: No space left/,
    /hold\/3zzzzz0000z00002: unexpected EOF/,
  ],
});

const REASON = 'Connection refused';
const MIME = ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', 'X-Odd: =?utf-8?Q?J=C3=B6rg?='];
const BODY = `--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe,=1B[31m rot

--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="=?utf-8?Q?=C3=9Cbersicht.pdf?="
Content-Transfer-Encoding: base64

AAECAwQF
--b--`;

/** Six odd messages to a next hop that is down; tests go on from what those before them left. */
async function fill(): Promise<void> {
  await stopDovecot(sandbox());
  const client = await stranger(sandbox());
  await send(client, 'x@elsewhere.test', ['bob@other.example', 'carol@other.example'], { headers: MIME, body: BODY });
  await send(client, '', 'bob@other.example');
  await send(client, 'news@list.example', 'carol@other.example', { body: 'x'.repeat(70).concat('\n').repeat(3000) });
  for (const line of ['MAIL FROM:<jörg@müller.example> SMTPUTF8', 'RCPT TO:<carol@other.example>'])
    expect(await client.command(line)).toMatchObject({ code: 250 });
  await client.data('Subject: grüße\n\nhtml');
  await send(client, 'x@elsewhere.test', 'carol@other.example', {
    headers: ['Content-Type: text/html'],
    body: '<p>Dear &eacute;<br>friend<script>alert(1)</script></p>',
  });
  await client.quit();
  await deferred(sandbox(), 5);
}

const json = async (...args: string[]): Promise<QueueMessage[]> => {
  const { stdout } = await sandbox().ok(['queue', 'list', '--json', ...args]);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as QueueMessage]));
};
const ids = async (...args: string[]): Promise<string[]> =>
  (await sandbox().ok(['queue', 'list', '--ids', ...args])).stdout.split('\n').filter((line) => line !== '');
const act = async (...args: string[]): Promise<unknown> =>
  JSON.parse((await sandbox().ok(['queue', ...args, '--yes', '--json'])).stdout) as unknown;
const idOf = async (...args: string[]): Promise<string> => (await ids(...args, '--limit', '1'))[0] ?? '';
const byId = (a: QueueMessage, b: QueueMessage): number => (a.queue_id < b.queue_id ? -1 : 1);

describe('list', () => {
  it('is empty before there is something, in every form', async () => {
    for (const args of [['--json'], ['--json', '--sort', 'age'], [], ['--ids']])
      expect((await sandbox().ok(['queue', 'list', ...args])).stdout).toBe('');
    expect(await act('delete', '--all')).toMatchObject({ selected: 0, done: 0 });
  });

  it('has all that postqueue says, by whatever way', async () => {
    await fill();
    const expected = [...(await postqueue(sandbox()))].sort(byId);
    expect(expected).toHaveLength(5);
    // The first goes past this program, the second through it.
    expect((await json()).sort(byId)).toEqual(expected);
    expect(await json('--sort', 'id')).toEqual(expected);
    const { stdout } = await sandbox().ok(['queue', 'list', '--sort', 'id']);
    expect(stdout.split('\n').map((line) => line.split('\t').slice(0, 3))).toEqual([
      ...expected.map((one) => [one.queue_id, one.queue_name, String(one.message_size)]),
      [''],
    ]);
    expect(stdout).toMatch(/\t<>\tbob@other\.example \(.*Connection refused\)\n/);
    expect(stdout).toContain('\tjörg@müller.example\t');
    // Postfix lists recipients in the order in which they were deferred, and delivers to several at once.
    expect(stdout).toMatch(
      /(bob|carol)@other\.example \([^;]*refused\); (?!\1)(bob|carol)@other\.example \([^;]*refused\)\n/,
    );
  });

  it('filters, sorts and stops', async () => {
    const senders = async (...args: string[]): Promise<string[]> =>
      (await json(...args)).map((one) => one.sender).sort();
    expect(await senders('--sender', '<>')).toEqual(['MAILER-DAEMON']);
    expect(await senders('--sender', '*@ELSEWHERE.test')).toEqual(['x@elsewhere.test', 'x@elsewhere.test']);
    expect(await senders('--sender', '*@xn--mller-kva.example')).toEqual(['jörg@müller.example']);
    expect(await senders('--recipient', 'bob@*', '--reason', REASON)).toEqual(['MAILER-DAEMON', 'x@elsewhere.test']);
    expect(await senders('--domain', 'example.com')).toEqual([]);
    expect(await senders('--larger-than', '100 kB')).toEqual(['news@list.example']);
    expect(await senders('--older-than', '2 h')).toEqual([]);
    expect(await senders('--younger-than', '2 h', '--queue', 'deferred,active')).toHaveLength(5);
    expect((await json('--sort', 'size', '--limit', '1'))[0]?.sender).toBe('news@list.example');
    expect(await ids('--limit', '2')).toHaveLength(2);
    const endless = await sandbox().run(['queue', 'delete', '--reason', '(.+)+\\1$!', '--yes']);
    expect([endless.code, endless.stderr]).toEqual([2, expect.stringContaining('takes too long')]);
    expect((await sandbox().ok(['queue', 'list', '--ids', '--json', '--sender', '<>'])).stdout).toMatch(/^"\w+"\n$/);
  });

  it('goes on when its reader is slow, and stops when there is none', async () => {
    const env = { EBOXMAIL_ROOT: sandbox().root };
    const slow = await bash('$EBOXMAIL queue list --json | (sleep 1; wc -l); echo ${PIPESTATUS[0]}', env);
    expect(slow.stdout.trim().split(/\s+/)).toEqual(['5', '0']);
    for (const command of ['queue list --json', 'queue list', 'queue list --json --limit 4']) {
      const { stdout, stderr } = await bash(`$EBOXMAIL ${command} | true; echo \${PIPESTATUS[0]}`, env);
      expect({ command, stdout }).toEqual({ command, stdout: '0\n' });
      expect(stderr).not.toMatch(/error|EPIPE|broken/i);
      expect((await bash(`$EBOXMAIL ${command} > /dev/full`, env)).code).toBe(1);
    }
  });

  it('is a live view on a terminal', async () => {
    const args = ['--root', sandbox().root, 'queue', 'list', '--watch', '--sort', 'age'];
    const seen = await onTerminal({
      args,
      steps: [
        ['q ends this', ''],
        [/news@list\.example[\s\S]*q ends this/, 'q'],
      ],
    });
    expect(seen.code, seen.screen).toBe(0);
    expect(seen.screen).toMatch(/5 messages/);
    expect(seen.raw.match(/\u001b\[\?1049h[\s\S]*\u001b\[\?1049l/)).not.toBeNull();
    expect((await onTerminal({ args, steps: [['q ends this', CTRL_C]] })).code).toBe(130);
  });

  it('is counted by domain and age', async () => {
    expect(JSON.parse((await sandbox().ok(['queue', 'summary', '--json'])).stdout)).toMatchObject({
      messages: 5,
      queues: { deferred: 5 },
      domains: [{ domain: 'other.example', messages: 5, ages: [5, 0, 0, 0, 0, 0, 0, 0, 0, 0] }],
      corrupt: 0,
    });
    const corrupt = `${sandbox().root}/var/spool/postfix/corrupt/3zzzzz0000z00001`;
    await writeFile(corrupt, 'rubbish');
    expect((await sandbox().ok(['queue', 'summary'])).stderr).toMatch(/1 more cannot be read/);
    await rm(corrupt);
  });
});

describe('show', () => {
  it('decodes, and lets nothing through that a terminal acts on', async () => {
    const id = await idOf('--sender', 'x@*', '--recipient', 'bob@*');
    const { stdout } = await sandbox().ok(['queue', 'show', id]);
    expect(stdout).toContain('Grüße,\\u{001B}[31m rot');
    expect(stdout).toMatch(/Attachment: Übersicht\.pdf \(application\/pdf, 6 B\)/);
    expect(stdout).toMatch(new RegExp(`Recipient: {2}bob@other\\.example \\(.*${REASON}`));
    const data = JSON.parse((await sandbox().ok(['queue', 'show', id, '--json'])).stdout) as Record<string, unknown>;
    expect(data).toMatchObject({
      queue_id: id,
      sender: 'x@elsewhere.test',
      text: expect.stringContaining('Grüße,\u001b[31m rot') as unknown,
      attachments: [{ filename: 'Übersicht.pdf', type: 'application/pdf', size: 6 }],
    });
    const html = await sandbox().ok([
      'queue',
      'show',
      await idOf('--sender', 'x@*', '--recipient', 'carol@*', '--sort', 'size', '--reverse'),
    ]);
    expect(html.stdout).toMatch(/Dear é\n+friend/);
    expect(html.stdout).not.toMatch(/alert|<p>/);
  });

  it('gives the headers, and every byte', async () => {
    const id = await idOf('--sender', 'news@*');
    const raw = (await sandbox().ok(['queue', 'show', id, '--raw'])).stdout;
    expect(raw).toBe(await tool('postcat', '-c', `${sandbox().root}/etc/postfix`, '-hbq', id));
    expect(raw.length).toBeGreaterThan(200_000);
    const headers = (await sandbox().ok(['queue', 'show', id, '--headers'])).stdout;
    expect(headers).toContain('To: <carol@other.example>\n');
    expect(headers).not.toContain('xxx');
    expect((await sandbox().run(['queue', 'show', 'NOSUCH123456'])).code).toBe(4);
  });
});

describe('hold, release, retry', () => {
  it('do it to what is named, once, and say of what is not there', async () => {
    const id = await idOf('--sender', 'news@*');
    expect(JSON.parse((await sandbox().ok(['queue', 'hold', id, '--json'])).stdout)).toMatchObject({
      done: 1,
      failed: 0,
    });
    expect(await ids('--queue', 'hold')).toEqual([id]);
    expect(await act('hold', '--all')).toMatchObject({ selected: 5, done: 4, unneeded: 1 });
    expect(await act('retry', id)).toMatchObject({ done: 0, unneeded: 1 });
    expect(await act('release', '--sender', '*')).toMatchObject({ selected: 5, done: 5 });
    expect(await ids('--queue', 'hold')).toEqual([]);
    const missing = await sandbox().run(['queue', 'hold', id, 'NOSUCH123456']);
    expect(missing).toMatchObject({ code: 4, stdout: '' });
    expect(missing.stderr).toContain('NOSUCH123456');
    expect(await ids('--queue', 'hold')).toEqual([]);
  });

  it('ask, without a terminal for --yes', async () => {
    for (const action of ['delete', 'requeue', 'hold', 'retry', 'release']) {
      const { code, stderr } = await sandbox().run(['queue', action, '--all']);
      expect({ action, code }).toEqual({ action, code: 2 });
      expect(stderr).toMatch(/5 messages[\s\S]*--yes/);
    }
    const { stderr } = await sandbox().run(['queue', 'delete', '--recipient', 'bob@*']);
    expect(stderr).toContain('1 of them also wait for recipients that the filters do not name');
    const args = ['--root', sandbox().root, 'queue', 'delete', '--all'];
    const seen = await onTerminal({ args, steps: [['Delete 5 messages?', `n${ENTER}`]] });
    expect(seen.code, seen.screen).toBe(130);
    expect(await ids()).toHaveLength(5);
  });
});

describe('delete', () => {
  it('is undone, to where everything was, by its old id', async () => {
    const before = [...(await postqueue(sandbox()))].sort(byId);
    const held = await idOf('--sender', '<>');
    await act('hold', held);
    expect(await act('delete', '--domain', 'other.example')).toMatchObject({
      selected: 5,
      done: 5,
      kept: true,
      failed: 0,
    });
    expect(await postqueue(sandbox())).toEqual([]);
    const undo = `${sandbox().root}/var/spool/postfix/eboxmail-undo`;
    expect(((await stat(undo)).mode & 0o777).toString(8)).toBe('700');
    expect(await act('undo')).toMatchObject({ restored: 5, held: 1 });
    expect(await readdir(undo)).toEqual([]);
    const after = [...(await postqueue(sandbox()))].sort(byId);
    expect(after.map((one) => [one.queue_id, one.sender])).toEqual(before.map((one) => [one.queue_id, one.sender]));
    expect(await ids('--queue', 'hold')).toEqual([held]);
    expect((await sandbox().run(['queue', 'undo'])).code).toBe(4);
    await tool('postfix', '-c', `${sandbox().root}/etc/postfix`, 'check');
  });

  it('of thousands is one pass, and takes what Postfix cannot read by its id', async () => {
    await forge(sandbox(), await idOf('--sender', 'x@*', '--sort', 'size'), 2000);
    expect(await ids()).toHaveLength(2005);
    expect(await act('delete', '--sender', 'x@*')).toMatchObject({ selected: 2002, done: 2002, failed: 0 });
    expect(await act('undo')).toMatchObject({ restored: 2002 });
    expect(await act('delete', '--sender', 'x@*')).toMatchObject({ done: 2002 });
    expect(await ids()).toHaveLength(3);
    const path = `${sandbox().root}/var/spool/postfix/hold/3zzzzz0000z00002`;
    await writeFile(path, 'rubbish', { mode: 0o700 });
    await chown(path, (await stat(`${sandbox().root}/var/spool/postfix/hold`)).uid, 0);
    expect(await act('delete', '3zzzzz0000z00002')).toMatchObject({ done: 1 });
  });

  it('by two at once is done once, and one undo brings all back', async () => {
    const before = (await ids()).length;
    const both = await Promise.all([act('delete', '--all'), act('delete', '--all')]);
    expect((both as { done: number }[]).map(({ done }) => done).sort()).toEqual([0, before]);
    expect((both as { kept: boolean }[]).map(({ kept }) => kept).sort()).toEqual([false, true]);
    expect(await act('undo')).toMatchObject({ restored: before });
    expect(await ids()).toHaveLength(before);
  });

  it('that is interrupted says how all comes back', async () => {
    const held = await ids('--queue', 'hold');
    await forge(sandbox(), await idOf('--queue', 'deferred'), 1000);
    const before = await ids();
    const script = `undo=$EBOXMAIL_ROOT/var/spool/postfix/eboxmail-undo; had=$(ls $undo | wc -l)
      $EBOXMAIL queue delete --all --yes & until [ $(ls $undo | wc -l) -gt $had ]; do :; done; kill -INT $!; wait $!; echo $?`;
    const { stdout, stderr } = await bash(script, { EBOXMAIL_ROOT: sandbox().root });
    if (stdout === '130\n') expect(stderr).toMatch(/interrupted; .*: eboxmail .*queue undo/);
    else expect([stdout, stderr]).toEqual(['0\n', expect.stringContaining('deleted')]);
    // The tool that was running goes on to its end.
    await eventually('all is back', async () => {
      await sandbox().run(['queue', 'undo']);
      return (await ids()).length === before.length && (await ids('--queue', 'hold')).length === held.length;
    });
    await act('delete', ...before.filter((id) => id.startsWith('3zzzzz')));
  });

  it('is forgotten after a day, also when nobody looks into the queue', async () => {
    const undo = `${sandbox().root}/var/spool/postfix/eboxmail-undo`;
    const kept = await readdir(undo);
    expect(kept.length).toBeGreaterThan(0);
    await sandbox().ok(['expire']);
    await sandbox().ok(['expire', '--dry-run'], { env: daysLater(2) });
    expect(await readdir(undo)).toEqual(kept);
    await sandbox().ok(['expire'], { env: daysLater(2) });
    expect(await readdir(undo)).toEqual([]);
    expect((await sandbox().run(['queue', 'undo'])).code).toBe(4);
  });
});

describe('delivery, when the next hop is back', () => {
  it('copies nothing again by retry, and says what requeue does', async () => {
    await act('delete', '--all');
    const token = await sendAsStranger(sandbox(), 'alice@example.com');
    // The copy waits as a message of its own.
    const [first] = (await deferred(sandbox(), 2)).filter(
      ({ recipients }) => recipients[0]?.address === 'alice@example.com',
    );
    const id = first?.queue_id ?? '';
    const asked = await sandbox().run(['queue', 'requeue', '--all']);
    expect(asked.stderr).toContain('1 of them will be copied to the archive of a domain once more');
    expect(await act('requeue', id)).toMatchObject({ selected: 1, done: 1, failed: 0, copied_again: 1 });
    await deferred(sandbox(), 3);
    expect(await ids()).not.toContain(id);
    expect(await act('retry', '--all')).toMatchObject({ selected: 3, done: 3 });
    await deferred(sandbox(), 3);
    await sandbox().ok(['apply']);
    const kept = await ids('--recipient', 'alice@*');
    await act('retry', '--all');
    await eventually('the mail is delivered', async () => (await mailOf(sandbox(), 'alice@example.com')).length === 1);
    await drain(sandbox());
    expect(await copies(sandbox(), token, ['alice@example.com', 'archive@example.com'])).toEqual({
      'alice@example.com': 1,
      'archive@example.com': 2,
    });
    expect((await mailOf(sandbox(), 'alice@example.com'))[0]).toContain(kept[0] ?? 'none');
  });

  it('is tried by flush, of all or of a domain', async () => {
    await stopDovecot(sandbox());
    await sendAsStranger(sandbox(), 'bob@other.example');
    await sendAsStranger(sandbox(), 'carol@other.example');
    await deferred(sandbox(), 2);
    await sandbox().ok(['apply']);
    expect(await act('flush', '--domain', 'nowhere.example')).toMatchObject({ selected: 0 });
    expect(await act('flush', '--domain', 'Other.*')).toMatchObject({ selected: 2, done: 2 });
    await drain(sandbox());
    await sandbox().ok(['queue', 'flush']);
    // One that leaves meanwhile is no error; one that has left is not there.
    expect((await sandbox().run(['queue', 'retry', 'NOSUCH123456'])).code).toBe(4);
  });
});

describe('a mail system that is down', () => {
  it('is no empty queue', async () => {
    await tool('postfix', '-c', `${sandbox().root}/etc/postfix`, 'stop');
    for (const args of [['list'], ['list', '--json'], ['summary'], ['flush'], ['delete', '--all', '--yes'], ['undo']]) {
      const result = await sandbox().run(['queue', ...args]);
      expect({ args, code: result.code, stdout: result.stdout }).toEqual({ args, code: 1, stdout: '' });
      expect(result.stderr).toContain('the mail system is down');
    }
    await sandbox().ok(['apply']);
    expect((await sandbox().ok(['queue', 'list'])).stdout).toBe('');
  });
});
