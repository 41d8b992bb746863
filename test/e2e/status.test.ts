import { chown, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeSelfSigned } from '../../src/system/certificate.ts';
import { exec } from '../../src/system/exec.ts';
import { daysLater } from '../support/clock.ts';
import { copies, PASSWORD_HASH, secured, sendAsStranger } from '../support/mail.ts';
import { eventually, reloads, useSandbox } from '../support/sandbox.ts';
import { listing } from '../support/scene.ts';

const state = (server = ''): string => `
version: 1
server:
  mailname: mx.example.test
  retrieval: {imap: true, imaps: true, pop3: true, pop3s: false, managesieve: true}
${server}
domains: {a.test: {}}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
`;

const sandbox = useSandbox({
  state: state(),
  tolerate: [/Warning: Sent SIGTERM|Processes aren't dying/, /lmtp\(alice@a\.test\).*Error: /],
});

interface StatusAnswer {
  readonly well: boolean;
  readonly certificate: {
    readonly path: string;
    readonly file: { fingerprint: string; daysLeft: number; selfSigned: boolean };
    readonly served: readonly { name: string; same: boolean }[];
  };
  readonly pending: { readonly renewedCertificate: string | null; readonly edited: readonly string[] };
}

async function status(env: Record<string, string> = {}): Promise<{ code: number | null; answer: StatusAnswer }> {
  const { code, stdout } = await sandbox().run(['status', '--json'], { env });
  return { code, answer: JSON.parse(stdout) as StatusAnswer };
}

/** The lines of `status` that say that something is not well. */
async function troubles(env: Record<string, string> = {}): Promise<string[]> {
  const { code, stdout } = await sandbox().run(['status', '--quiet'], { env });
  const lines = stdout.split('\n').filter((line) => line !== '');
  expect(code, stdout).toBe(lines.length === 0 ? 0 : 1);
  return lines;
}

async function apply(text: string): Promise<void> {
  await sandbox().writeState(text);
  await sandbox().ok(['apply']);
}

describe('a certificate of one’s own', () => {
  let pair = { certificate: '', key: '' };
  const own = (): string => state(`  tls: {certificate: ${pair.certificate}, key: ${pair.key}}`);
  const make = async (name: string, host: string): Promise<{ certificate: string; key: string }> => {
    const made = { certificate: `${sandbox().root}/../${name}.pem`, key: `${sandbox().root}/../${name}.key` };
    await makeSelfSigned(made, host);
    return made;
  };

  beforeAll(async () => {
    pair = await make('own', 'mx.example.test');
  });

  it('all is well at first, with the self-signed one', async () => {
    const { code, answer } = await status();
    expect([code, answer.well]).toEqual([0, true]);
    expect(answer.certificate.path).toBe(`${sandbox().root}/etc/eboxmail/tls/self-signed.pem`);
    expect(answer.certificate.file).toMatchObject({ daysLeft: 3649, selfSigned: true });
    const names = ['smtp', 'submission', 'smtps', 'imap', 'imaps', 'pop3', 'managesieve'];
    expect(answer.certificate.served.map(({ name }) => name)).toEqual(names);
    expect((await sandbox().ok(['status'])).stdout).toMatch(
      /^ok self-signed certificate, of which clients warn until /m,
    );
  });

  it('every port shows it after apply', async () => {
    await apply(own());
    const { code, answer } = await status();
    expect([code, answer.certificate.path]).toEqual([0, pair.certificate]);
    const client = await secured(sandbox(), { port: 'smtps' });
    expect(client.tlsSocket?.getPeerX509Certificate()?.fingerprint256).toBe(answer.certificate.file.fingerprint);
    await client.quit();
  });

  it('new content of the file is seen, told of, and shown by every port after apply; a second apply does nothing', async () => {
    const renewed = await make('renewed', 'mx.example.test');
    await copyFile(renewed.certificate, pair.certificate);
    await copyFile(renewed.key, pair.key);
    const found = await status();
    expect([found.code, found.answer.pending.renewedCertificate]).toEqual([1, pair.certificate]);
    expect(found.answer.certificate.served.some(({ same }) => !same)).toBe(true);
    expect(await troubles()).toContain(`!! not applied yet: the new certificate in ${pair.certificate}`);
    const plan = await sandbox().run(['plan', '--exit-code']);
    expect([plan.code, plan.stdout]).toEqual([
      10,
      expect.stringContaining(`New certificate:\n  ${pair.certificate}\n`),
    ]);
    const before = await reloads(sandbox().root);
    await sandbox().ok(['apply']);
    expect(await troubles()).toEqual([]);
    const after = await reloads(sandbox().root);
    expect(after).toEqual({ ...before, postfix: before.postfix + 1, dovecot: before.dovecot + 1 });
    expect((await sandbox().ok(['apply'])).stderr).toContain('nothing to do');
    expect(await reloads(sandbox().root)).toEqual(after);
  });

  it('one that is for another name, or soon at its end, is warned of', async () => {
    const other = await make('other', 'else.example.test');
    await copyFile(other.certificate, pair.certificate);
    await copyFile(other.key, pair.key);
    const applied = await sandbox().ok(['apply']);
    expect(applied.stderr).toMatch(/warning: server\.tls: the certificate is not for mx\.example\.test/);
    expect(await troubles()).toEqual(['!! the certificate is not for the mailname']);
    const plan = await sandbox().ok(['plan'], { env: daysLater(3640) });
    expect(plan.stderr).toMatch(/warning: server\.tls: the certificate ends on \d{4}-\d\d-\d\d, in 9 days/);
    expect(await troubles(daysLater(3640))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^!! self-signed certificate.*, 9 days left/)]),
    );
  });

  it('one that has ended is refused before anything is written; one in force does not stop other changes', async () => {
    const expired = { env: daysLater(3700) };
    const ended = await sandbox().ok(['plan'], expired);
    expect(ended.stderr).toMatch(/the certificate ended on .*, and clients refuse it/);
    const fresh = await make('fresh', 'mx.example.test');
    await sandbox().writeState(state(`  tls: {certificate: ${fresh.certificate}, key: ${fresh.key}}`));
    const before = await listing(`${sandbox().root}/etc`);
    for (const args of [['apply'], ['plan']]) {
      const refused = await sandbox().run(args, expired);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`${fresh.certificate} ended on `)]);
    }
    const early = await sandbox().run(['plan'], { env: daysLater(-30) });
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('is not valid before')]);
    expect(await troubles(expired.env)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^!! apply would fail: .*fresh\.pem ended on/)]),
    );
    expect(await listing(`${sandbox().root}/etc`)).toEqual(before);
    await apply(state());
  });

  it('the self-signed pair is made anew before it ends', async () => {
    const path = `${sandbox().root}/etc/eboxmail/tls/self-signed.pem`;
    const old = await readFile(path, 'utf8');
    const env = daysLater(3640);
    expect((await sandbox().run(['plan', '--exit-code'], { env })).code).toBe(10);
    await sandbox().ok(['apply'], { env });
    expect(await readFile(path, 'utf8')).not.toBe(old);
    expect(await troubles()).toEqual([]);
  });
});

describe('status', () => {
  it('tells of a port that answers though it is off', async () => {
    const server = createServer().listen(sandbox().ports.pop3s, sandbox().listen);
    await eventually('it listens', () => server.listening);
    expect(await troubles()).toEqual([
      `!! pop3s on ${sandbox().listen}:${sandbox().ports.pop3s} answers, though it is off`,
    ]);
    await new Promise((resolve) => server.close(resolve));
    expect(await troubles()).toEqual([]);
  });

  it('tells of changes that are not applied, of files edited by hand, and of a state that is wrong', async () => {
    const mainCf = `${sandbox().root}/etc/postfix/main.cf`;
    const original = await readFile(mainCf, 'utf8');
    await writeFile(mainCf, `${original}# by hand\n`);
    await sandbox().writeState(state('  limits: {message: 7 MB}'));
    expect(await troubles()).toEqual([
      '!! not applied yet: server.limits.message (default) → 7 MB',
      `!! edited by hand: ${mainCf}`,
    ]);
    await sandbox().writeState('version: 1\nnonsense: 1\n');
    expect(await troubles()).toEqual(['!! apply would fail: state.yaml has 1 error']);
    await writeFile(mainCf, original);
    await sandbox().writeState(state());
    expect(await troubles()).toEqual([]);
  });

  it('counts what waits in the queue, and names the directory of a domain in which nobody can make anything', async () => {
    const mail = `${sandbox().root}/var/vmail/a.test`;
    await mkdir(mail, { mode: 0o700 });
    const token = await sendAsStranger(sandbox(), 'alice@a.test');
    await eventually('it waits', async () => {
      const { stdout } = await sandbox().run(['status']);
      return /^ok 1 message waits in the queue \(1 deferred\)$/m.test(stdout);
    });
    expect(await troubles()).toEqual([
      `!! not applied yet: mailboxes: ${mail}: no mail can be delivered there, as it is closed; it is opened again`,
    ]);
    await chown(mail, 5000, 5000);
    await exec('postqueue', ['-c', `${sandbox().root}/etc/postfix`, '-f']);
    expect(await copies(sandbox(), token, ['alice@a.test'])).toEqual({ 'alice@a.test': 1 });
  });

  it.each(['auth', 'dovecot-lmtp', 'quota-status'])('tells that Postfix cannot reach Dovecot by %s', async (name) => {
    const socket = `${sandbox().root}/var/spool/postfix/private/${name}`;
    await rm(socket);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
    expect((await sandbox().ok(['plan'])).stdout).toContain('dovecot: restart\n');
    const told = (await troubles()).find((line) => line.includes('Postfix cannot reach it'));
    expect(told).toContain(`${socket} is not there; it has to be restarted`);
    await sandbox().ok(['apply']);
    expect(await troubles()).toEqual([]);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('tells of a daemon that does not run, and apply starts it again', async () => {
    process.kill(Number(await readFile(`${sandbox().root}/var/spool/postfix/pid/master.pid`, 'utf8')), 'SIGTERM');
    await eventually('it ends', async () =>
      (await troubles()).some((line) => /^!! postfix 3\.\S+ does not run$/.test(line)),
    );
    const lines = await troubles();
    expect(lines).toContain(`!! smtp on ${sandbox().listen}:${sandbox().ports.smtp} does not answer`);
    expect(lines).toContain('!! apply has to start, restart or reload a daemon');
    await sandbox().ok(['apply']);
    expect(await troubles()).toEqual([]);
  });
});
