import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listed, look, lookUntil, makeAuthority, servicePid, type Authority } from '../support/fetch.ts';
import { portIsOpen } from '../support/line-client.ts';
import { drain, headerOf, mailOf, maildir, PASSWORD_HASH, sendAsStranger, subjectOf } from '../support/mail.ts';
import { eventually, finishSandbox, startSandbox, type Sandbox } from '../support/sandbox.ts';
import { makeTempDir, type TempDirectory } from '../support/temp.ts';

/** Two servers: the one that mail is fetched to, and the provider that has it. */

const ODD = `p"w\\ 'x:#%ñ$f0`;
const ODD_HASH = `'{PLAIN}${ODD.replaceAll("'", "''")}'`;

/** Accounts at the provider, each fetched by another way. */
const WAYS = { p3: 'pop3', p3s: 'pop3s', im: 'imap', ims: 'imaps' } as const;
const KEPT = { k3: 'pop3s', ki: 'imaps' } as const;

let directory: TempDirectory;
let authority: Authority;
let isp: Sandbox;
let home: Sandbox;
/** The directories of those that have to be stopped in the end. */
const started: string[] = [];

const at = (name: string): string => `${name}@isp.test`;

beforeAll(async () => {
  directory = await makeTempDir();
  authority = await makeAuthority(directory.path);
  const names = [...Object.keys(WAYS), ...Object.keys(KEPT), 'wrong', 'late'];
  const ispState = `${directory.path}/isp.yaml`;
  await writeFile(
    ispState,
    `version: 1
server:
  mailname: mx.isp.test
  tls: {certificate: ${authority.certificate}, key: ${authority.key}}
  retrieval: {pop3: true, pop3s: true}
domains: {isp.test: }
users:
${names.map((name) => `  ${at(name)}: {password: ${ODD_HASH}}`).join('\n')}
`,
    { mode: 0o600 },
  );
  isp = await startSandbox(`${directory.path}/isp`, { state: ispState });
  started.push(isp.root);
  const port = (name: string): number => isp.ports[name as 'pop3'];
  await mkdir(`${directory.path}/secrets`);
  await writeFile(`${directory.path}/secrets/odd`, `${ODD}\n`, { mode: 0o600 });
  await writeFile(`${directory.path}/secrets/wrong`, 'wrong', { mode: 0o600 });
  const entry = (name: string, protocol: string, more = ''): string =>
    `      - {address: ${at(name)}, server: localhost, protocol: ${protocol}, port: ${port(protocol)}, password: {file: secrets/${name === 'wrong' ? 'wrong' : 'odd'}}${more}}`;
  const homeState = `${directory.path}/home.yaml`;
  await writeFile(
    homeState,
    `version: 1
server: {mailname: mx.home.test, limits: {message: 1 MB}, fetch: {enabled: true}}
domains:
  home.test: {catch_all: {copy_to: archive@home.test}}
users:
  archive@home.test: {password: "${PASSWORD_HASH}"}
  alice@home.test:
    password: "${PASSWORD_HASH}"
    fetch:
${Object.entries(WAYS)
  .map(([name, protocol]) => entry(name, protocol))
  .join('\n')}
${entry('wrong', 'imaps')}
  kim@home.test:
    password: "${PASSWORD_HASH}"
    fetch:
${Object.entries(KEPT)
  .map(([name, protocol]) => entry(name, protocol, ', keep: true'))
  .join('\n')}
      - {address: far@isp.example, server: isp.example, protocol: imaps, password: {file: secrets/odd}}
`,
    { mode: 0o600 },
  );
  home = await startSandbox(`${directory.path}/home`, { state: homeState });
  started.push(home.root);
});

afterAll(async () => {
  try {
    for (const root of started.reverse()) await finishSandbox(root, []);
  } finally {
    await directory.remove();
  }
});

/** Subjects of the mail of a user, sorted. */
async function subjects(server: Sandbox, address: string, folder?: string): Promise<readonly (string | undefined)[]> {
  await drain(server);
  return (await mailOf(server, address, folder)).map(subjectOf).sort();
}

const sent: Record<string, string[]> = {};

async function give(name: string, body?: string): Promise<string> {
  const token = await sendAsStranger(isp, at(name), 'stranger@elsewhere.test', body === undefined ? {} : { body });
  (sent[name] ??= []).push(token);
  await drain(isp);
  return token;
}

const all = (...names: string[]): string[] => names.flatMap((name) => sent[name] ?? []).sort();

describe('mail from accounts elsewhere', () => {
  it('is not fetched where the certificate cannot be verified, and the status says so', async () => {
    for (const name of [...Object.keys(WAYS), ...Object.keys(KEPT)]) await give(name);
    await look(home);
    const status = await listed(home);
    for (const name of [...Object.keys(WAYS), ...Object.keys(KEPT), 'wrong']) {
      expect(status[at(name)], name).toMatchObject({ state: 'trouble', fetched: 0, lastSuccess: null });
      expect(status[at(name)]?.lastError?.text).toMatch(/^the certificate of the server cannot be verified: /);
    }
    expect(status['far@isp.example']).toMatchObject({ state: 'sandbox', lastRun: null });
    expect(await subjects(home, 'alice@home.test')).toEqual([]);
    expect(await mailOf(isp, at('p3'))).toHaveLength(1);
  });

  it('is fetched with the exception, for the one account that has it', async () => {
    await home.ok(['fetch', 'set', 'alice@home.test', at('p3'), '--insecure', '--apply']);
    await look(home);
    const status = await listed(home);
    expect(status[at('p3')]).toMatchObject({
      insecure: true,
      state: 'ok',
      fetched: 1,
      lastError: { text: expect.any(String) as string },
    });
    expect(status[at('p3s')]).toMatchObject({ state: 'trouble', fetched: 0 });
    expect(await subjects(home, 'alice@home.test')).toEqual(all('p3'));
    const plan = await home.ok(['plan']);
    expect(plan.stderr).toMatch(/fetch\[0\]\.insecure: the certificate of localhost is not verified/);
    expect((await home.ok(['fetch', 'list'])).stdout).toMatch(/p3@isp\.test.*INSECURE: certificate not verified/);
    await home.ok(['fetch', 'set', 'alice@home.test', at('p3'), '--no-insecure']);
  });

  it('is fetched by every protocol once the authority is trusted, through Sieve and with copies, and one failure stops nobody', async () => {
    const host = `${home.root}/etc/eboxmail/host.yaml`;
    await writeFile(host, `${await readFile(host, 'utf8')}paths: {ca_file: ${authority.ca}}\n`);
    const script = `${home.root}/var/vmail/home.test/alice`;
    const filed = await give('ims', 'To the folder.');
    await writeFile(
      `${script}/.dovecot.sieve`,
      `require ["fileinto", "mailbox"];\nif header :is "subject" "${filed}" { fileinto :create "Provider"; }\n`,
    );
    await home.ok(['apply', '--allow-removals', '1000']);
    await look(home);
    const status = await listed(home);
    for (const name of [...Object.keys(WAYS), ...Object.keys(KEPT)])
      expect(status[at(name)], name).toMatchObject({ state: 'ok' });
    expect(status[at('wrong')]).toMatchObject({
      state: 'trouble',
      lastError: { text: 'the server refuses the login' },
    });
    expect(await subjects(home, 'alice@home.test')).toEqual(
      all(...Object.keys(WAYS)).filter((token) => token !== filed),
    );
    expect(await subjects(home, 'alice@home.test', 'Provider')).toEqual([filed]);
    expect(await subjects(home, 'kim@home.test')).toEqual(all(...Object.keys(KEPT)));
    expect(await subjects(home, 'archive@home.test')).toEqual(all(...Object.keys(sent)));
    const [message = ''] = await mailOf(home, 'kim@home.test');
    expect(headerOf(message, 'Return-Path')).toBe('<stranger@elsewhere.test>');
    for (const name of Object.keys(WAYS)) expect(await mailOf(isp, at(name)), name).toEqual([]);
    // The provider keeps who cannot log in waiting.
    await home.ok(['fetch', 'remove', 'alice@home.test', at('wrong'), '--apply']);
    for (const name of Object.keys(KEPT)) expect(await mailOf(isp, at(name)), name).toHaveLength(1);
  });

  it('that is kept there comes once: after an apply, a restart, a time switched off', async () => {
    const before = await servicePid(home);
    await home.ok(['apply', '--allow-removals', '1000']);
    await look(home);
    await home.ok(['sandbox', 'stop', home.root]);
    home = await startSandbox(home.root, { offset: home.offset });
    expect(await servicePid(home)).not.toBe(before);
    await look(home);
    await home.ok(['server', 'set', '--fetch', 'off', '--apply']);
    await expect(readdir(`${home.root}/etc/fetchmail/eboxmail`)).rejects.toThrow(/ENOENT/);
    expect(await portIsOpen(home.offset + 10031)).toBe(false);
    expect(await listed(home)).toMatchObject({ [at('k3')]: { state: 'off' } });
    for (const name of Object.keys(KEPT)) await give(name);
    await home.ok(['server', 'set', '--fetch', 'on', '--fetch-interval', '5 min', '--apply']);
    const running = await servicePid(home);
    const again = await home.ok(['server', 'set', '--fetch-interval', '4 min', '--apply']);
    expect(again.stderr).toMatch(/restart fetchmail/);
    expect(await servicePid(home)).not.toBe(running);
    await look(home);
    expect(await subjects(home, 'kim@home.test')).toEqual(all(...Object.keys(KEPT)));
    expect(await listed(home)).toMatchObject({ [at('k3')]: { fetched: 2 }, [at('ki')]: { fetched: 2 } });
  });

  it('that is too large or meets a full mailbox stays there, nobody is told but the status, and it comes later', async () => {
    const big = await give('p3', `${'x'.repeat(70)}\n`.repeat(20_000));
    const fine = await give('p3');
    await look(home);
    const text = '1 message stays there: larger than server.limits.message';
    expect((await listed(home))[at('p3')]).toMatchObject({ state: 'trouble', lastError: { text } });
    expect(await subjects(home, 'alice@home.test')).toContain(fine);
    expect((await mailOf(isp, at('p3'))).map(subjectOf)).toEqual([big]);
    const status = await home.ok(['status']);
    expect(status.stdout).toMatch(
      /ok mail of 6 accounts elsewhere is fetched, 1 with trouble\nok p3@isp\.test for alice@home\.test: 1 message stays/,
    );
    // The quota first: the apply that raises the limit has the service look at once, and the message would come.
    await home.ok(['user', 'set', 'alice@home.test', '--quota', '100 kB', '--apply']);
    await home.ok(['server', 'set', '--message-size', '10 MB', '--apply']);
    const full = '1 message stays there: this server says 452 4.2.2 ';
    await lookUntil(home, at('p3'), ({ lastError }) => lastError?.text.includes(full) === true);
    expect((await mailOf(isp, at('p3'))).map(subjectOf)).toEqual([big]);
    await home.ok(['user', 'set', 'alice@home.test', '--quota', 'default', '--apply']);
    await lookUntil(home, at('p3'), ({ state }) => state === 'ok');
    expect(await subjects(home, 'alice@home.test')).toContain(big);
    expect(await mailOf(isp, at('p3'))).toEqual([]);
  });

  it('can be tried without fetching, and the step that fails has a name', async () => {
    const before = await mailOf(isp, at('k3'));
    const add = ['fetch', 'add', 'alice@home.test', at('wrong'), '--server', 'localhost', '--protocol', 'imaps'];
    await home.ok([...add, '--port', String(isp.ports.imaps), '--password-stdin'], { input: 'wrong' });
    const outcome = async (address: string): Promise<unknown> =>
      JSON.parse((await home.run(['fetch', 'test', 'alice@home.test', address, '--json'])).stdout);
    const kept = await home.ok(['fetch', 'test', 'kim@home.test', at('k3')]);
    expect(kept.stdout).toBe(`the login as ${at('k3')} at localhost works, 2 messages there\n`);
    for (const name of Object.keys(WAYS))
      expect(await outcome(at(name)), name).toMatchObject({ ok: true, messages: 0, encrypted: true });
    expect(await mailOf(isp, at('k3'))).toEqual(before);
    expect(await outcome(at('wrong'))).toMatchObject({ ok: false, step: 'login' });
    const set = (...args: string[]): Promise<unknown> =>
      home.ok(['fetch', 'set', 'alice@home.test', at('wrong'), ...args]);
    await set('--port', '1');
    expect(await outcome(at('wrong'))).toMatchObject({ ok: false, step: 'connect' });
    await set('--server', 'nowhere.invalid');
    expect(await outcome(at('wrong'))).toMatchObject({ ok: false, step: 'resolve' });
    await set('--server', '127.0.0.1', '--port', String(isp.ports.imaps));
    expect(await outcome(at('wrong'))).toMatchObject({ ok: false, step: 'certificate' });
    await set('--protocol', 'imap', '--port', String(isp.ports.smtp));
    expect(await outcome(at('wrong'))).toMatchObject({ ok: false, step: 'tls' });
    const failed = await home.run(['fetch', 'test', 'alice@home.test', at('wrong')]);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/\(step "tls"\)/);
    await home.ok(['fetch', 'remove', 'alice@home.test', at('wrong')]);
  });

  it('waits while the provider is down', async () => {
    const late = await give('p3s');
    await isp.ok(['sandbox', 'stop', isp.root]);
    await look(home);
    const text = 'cannot connect to the server: Connection refused';
    expect((await listed(home))[at('p3s')]).toMatchObject({ state: 'trouble', lastError: { text } });
    isp = await startSandbox(isp.root, { offset: isp.offset });
    await lookUntil(home, at('p3s'), ({ state }) => state === 'ok');
    expect((await listed(home))[at('p3s')]).toMatchObject({ state: 'ok' });
    expect(await subjects(home, 'alice@home.test')).toContain(late);
  });

  it('takes a password of a file that changed, and tells nobody', async () => {
    const add = ['fetch', 'add', 'alice@home.test', at('late'), '--server', 'localhost', '--protocol', 'imaps'];
    await home.ok([...add, '--port', String(isp.ports.imaps), '--password-stdin', '--apply'], { input: 'not yet\n' });
    await lookUntil(home, at('late'), ({ lastError }) => lastError?.text === 'the server refuses the login');
    const [name = ''] = (await readdir(`${home.root}/etc/eboxmail/secrets`)).filter((one) => one.startsWith('fetch-'));
    const secret = `${home.root}/etc/eboxmail/secrets/${name}`;
    expect((await stat(secret)).mode & 0o777).toBe(0o600);
    await writeFile(secret, `${ODD}\n`);
    const plan = await home.run(['plan', '--exit-code', '-v', '--debug']);
    expect(plan.code).toBe(10);
    expect(plan.stdout).toContain('password <hidden, changed>');
    const applied = await home.ok(['apply', '-v', '--debug', '--json']);
    const token = await give('late');
    await lookUntil(home, at('late'), ({ state }) => state === 'ok');
    await look(home);
    expect(await subjects(home, 'alice@home.test')).toContain(token);
    const log = await readFile(`${home.root}/var/log/fetchmail/fetchmail.log`, 'utf8');
    for (const text of [plan.stdout, plan.stderr, applied.stdout, applied.stderr, log]) {
      for (const part of ['not yet', 'p"w', 'p\\x22w']) expect(text).not.toContain(part);
    }
    const files = `${home.root}/etc/fetchmail/eboxmail`;
    const rc = await stat(`${files}/imap_localhost_${at('late')}.rc`);
    const { uid } = await stat(`${home.root}/var/lib/fetchmail`);
    expect([rc.mode & 0o777, rc.uid]).toEqual([0o600, uid]);
    expect(uid).not.toBe(0);
    await home.ok(['fetch', 'remove', 'alice@home.test', at('late'), '--apply']);
    await expect(stat(secret)).rejects.toThrow(/ENOENT/);
  });

  it('is fetched no more for a user who is gone, and for nobody when nobody is left', async () => {
    const files = async (): Promise<string[]> => (await readdir(`${home.root}/etc/fetchmail/eboxmail`)).sort();
    await home.ok(['user', 'remove', 'alice@home.test', '--yes', '--apply']);
    expect(await files()).toEqual(['fetch-accounts', `imap_localhost_${at('ki')}.rc`, `pop3_localhost_${at('k3')}.rc`]);
    await look(home);
    await home.ok(['user', 'remove', 'kim@home.test', '--yes', '--apply']);
    expect(await files()).toEqual(['fetch-accounts']);
    const pid = await servicePid(home);
    await eventually(
      'the service has ended',
      async () => (await stat(`/proc/${pid}`).catch(() => undefined)) === undefined,
    );
    expect(await maildir(home.outbound)).toEqual([]);
    expect(await maildir(isp.outbound)).toEqual([]);
    expect(await readFile(`${home.root}/var/mail/root`, 'utf8').catch(() => '')).toBe('');
    expect((await home.ok(['plan', '--exit-code'])).stdout).toMatch(/^Nothing to do/);
  });
});
