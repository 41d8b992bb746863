import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { copies, imapLogin, PASSWORD_HASH, sendAs, stranger } from '../support/mail.ts';
import { reloads, useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

const state = (overrides = ''): string => `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
aliases:
  info@a.test: alice@a.test
${overrides === '' ? '' : `overrides: ${overrides}\n`}`;

const passdb = (...lines: readonly string[]): string =>
  `{dovecot: "${['passdb {', ...lines.map((line) => `  ${line}`), '}', ''].join('\\n')}"}`;

const sandbox = useSandbox({
  state: state(),
  tolerate: [/smtpd\[\d+\]: warning: .*(tcp:127\.0\.0\.1:1|TCP map 127\.0\.0\.1:1|table lookup problem)/],
});

beforeEach(async () => {
  await sandbox().writeState(state());
  await sandbox().ok(['apply', '--adopt']);
});

/** That nothing has become of the proofs, and that mail arrives once. */
async function expectWorking(box = sandbox()): Promise<void> {
  const { stdout } = await run('find', [
    ...['incoming', 'active', 'deferred', 'hold', 'corrupt'].map((name) => `${box.root}/var/spool/postfix/${name}`),
    ...['-type', 'f'],
  ]);
  expect(stdout).toBe('');
  const token = await sendAs(box, 'alice@a.test', 'info@a.test');
  expect(await copies(box, token, ['alice@a.test'])).toEqual({ 'alice@a.test': 1 });
  const client = await stranger(box);
  await client.command('MAIL FROM:<s@elsewhere.test>');
  expect((await client.command('RCPT TO:<out@elsewhere.test>')).text).toMatch(/^5\.7\.1 /);
  await client.quit();
  expect(await imapLogin(box, 'alice@a.test', 'wrong')).toBe(false);
}

async function expectBack(said: RegExp, box = sandbox()): Promise<void> {
  const failed = await box.run(['apply']);
  expect(failed.code, failed.stderr).toBe(8);
  expect(failed.stderr).toMatch(said);
  expect(failed.stderr).toContain('previous configuration is back in force');
  await expectWorking(box);
}

describe('raw settings that let everybody in', { timeout: 120_000 }, () => {
  const letsIn = /everybody can log in: Dovecot takes a wrong password/;

  it('are found by the proof, which tries wrong passwords', async () => {
    const program = `${sandbox().root}/let-in`;
    await writeFile(program, '#!/bin/sh\ncat <&3 >/dev/null\nexec "$@"\n');
    await chmod(program, 0o755);
    await sandbox().writeState(state(passdb('driver = checkpassword', `args = ${program}`)));
    await expectBack(letsIn);
  });

  it('also where only some accounts are so', async () => {
    const file = `${sandbox().root}/more-users`;
    await writeFile(file, 'alice@a.test:{PLAIN}::::::nopassword=y\n');
    await chmod(file, 0o644);
    await sandbox().writeState(state(passdb('driver = passwd-file', `args = username_format=%u ${file}`)));
    await expectBack(letsIn);
  });

  it('also where one protocol only is so', async () => {
    const file = `${sandbox().root}/more-users`;
    await writeFile(file, 'alice@a.test:{PLAIN}::::::nopassword=y\n');
    const block = `protocol imap {\\n  passdb {\\n    driver = passwd-file\\n    args = username_format=%u ${file}\\n  }\\n}\\n`;
    await sandbox().writeState(state(`{dovecot: "${block}"}`));
    await expectBack(letsIn);
  });

  it('are refused where they say that no password is wanted', async () => {
    const before = await reloads(sandbox().root);
    await sandbox().writeState(state(passdb('driver = static', 'args = nopassword=y')));
    const { code, stderr } = await sandbox().run(['apply']);
    expect([code, stderr]).toEqual([3, expect.stringContaining('nopassword lets everybody in')]);
    expect(await reloads(sandbox().root)).toEqual(before);
  });

  it('another passdb that asks for passwords is taken', async () => {
    const file = `${sandbox().root}/more-users`;
    await writeFile(file, `alice@a.test:${PASSWORD_HASH}\n`);
    await sandbox().writeState(state(passdb('driver = passwd-file', `args = username_format=%u ${file}`)));
    await sandbox().ok(['apply']);
    await expectWorking();
  });

  it('by the word of the client that it is another are found by the proof, when they are in a file', async () => {
    const file = `${sandbox().root}/proxies`;
    await writeFile(file, '0.0.0.0/0\n');
    await sandbox().writeState(state(`{postfix: {smtpd_authorized_xclient_hosts: "${file}"}}`));
    await expectBack(/strangers may pose as somebody else/);
    await writeFile(file, '192.0.2.0/28\n');
    await sandbox().ok(['apply']);
    await expectWorking();
  });
});

describe('a passdb that Dovecot cannot ask', { timeout: 120_000 }, () => {
  const alone = useSandbox({
    state: state(),
    tolerate: [
      // It ends Dovecot's auth, and that the programs of Postfix.
      /auth: Fatal: (sql |master: service\(auth\): child \d+ returned error 89)|service\(auth\): command startup failed/,
      /quota-status.*(Disconnected unexpectedly|Internal error)/,
      /fatal: no SASL authentication mechanisms|smtpd pid \d+ exit status 1|smtpd: bad command startup/,
    ],
  });

  it('leaves Postfix at work, also when it is tried twice', async () => {
    for (let time = 0; time < 2; time += 1) {
      await alone().writeState(state(passdb('driver = sql', 'args = /nonexistent')));
      await expectBack(/./, alone());
    }
  });
});

describe('raw settings that stop mail', { timeout: 120_000 }, () => {
  it.each([
    ['smtpd_data_restrictions', 'reject_unauth_pipelining, bogus', /smtpd_data_restrictions names the condition bogus/],
    ['smtpd_end_of_data_restrictions', 'bogus', /smtpd_end_of_data_restrictions names the condition bogus/],
    ['smtpd_end_of_data_restrictions', 'permit_mynetworks, reject', /_restrictions refuses every message that comes/],
    ['smtpd_relay_restrictions', 'permit_mynetworks', /smtpd_relay_restrictions leaves nothing that refuses relaying/],
  ])('%s: %s is refused with its line, and nothing is changed', async (name, value, said) => {
    const before = await reloads(sandbox().root);
    await sandbox().writeState(state(`{postfix: {${name}: "${value}"}}`));
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(said);
    expect(stderr).toMatch(new RegExp(`state\\.yaml:\\d+:\\d+: error: overrides\\.postfix\\.${name}`));
    expect(await reloads(sandbox().root)).toEqual(before);
  });

  it.each([
    ['what is refused at DATA', 'smtpd_data_restrictions: reject', /refused when it is about to follow[\s\S]*5\d\d /],
    [
      'a table that does not answer at DATA',
      'smtpd_data_restrictions: "check_client_access tcp:127.0.0.1:1"',
      /refused when it is about to follow[\s\S]*451 4\.3\./,
    ],
    [
      'all the domains of the world as our own',
      'mydestination: "!a.test, static:all"',
      /domains elsewhere, as that of .*, are taken for domains of this server/,
    ],
  ])('%s is found by the proof', async (_, settings, said) => {
    await sandbox().writeState(state(`{postfix: {${settings}}}`));
    await expectBack(said);
  });

  it.each([
    ['smtpd_sasl_exceptions_networks', '127.0.0.0/8', /logging in is not offered/],
    [
      'smtpd_recipient_restrictions',
      'permit_mynetworks, reject_unauth_destination, reject_unlisted_recipient',
      /who has logged in cannot send to addresses elsewhere[\s\S]*Relay access denied/,
    ],
  ])('that keep users from sending by %s: %s are found by the proof', async (name, value, said) => {
    await sandbox().writeState(state(`{postfix: {${name}: "${value}"}}`));
    await expectBack(said);
  });

  it.each([
    [
      "Postfix's own",
      'smtpd_relay_restrictions',
      'permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination',
    ],
    ['common ones of names', 'smtpd_helo_restrictions', 'reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname'],
    [
      'own names refused',
      'smtpd_helo_restrictions',
      'check_helo_access inline:{localhost.localdomain=REJECT, localhost=REJECT, mx.example.test=REJECT}',
    ],
    ['only for the log', 'smtpd_end_of_data_restrictions', 'warn_if_reject reject'],
  ])('conditions that stop nobody are taken: %s', async (_, name, value) => {
    await sandbox().writeState(state(`{postfix: {${name}: "${value}"}}`));
    await sandbox().ok(['apply']);
  });

  it('a sender of our own that may relay without a password is found by the proof', async () => {
    const conditions = 'check_sender_access inline:{a.test=OK}, permit_sasl_authenticated, reject_unauth_destination';
    await sandbox().writeState(state(`{postfix: {smtpd_relay_restrictions: "${conditions}"}}`));
    await expectBack(/strangers may relay when they say that they are alice@a\.test/);
  });

  it('conditions that there are are taken, also of classes and tables of somebody', async () => {
    const settings = [
      'smtpd_restriction_classes: own',
      'own: "permit_mynetworks, reject_unauth_destination"',
      'smtpd_end_of_data_restrictions: "check_client_access inline:{127.0.0.250=REJECT}, own, permit"',
      'smtpd_data_restrictions: "reject_unauth_pipelining, reject_multi_recipient_bounce"',
      'smtpd_helo_restrictions: "Permit_mynetworks, sleep 1, reject_rhsbl_helo nobody, permit"',
    ];
    await sandbox().writeState(state(`{postfix: {${settings.join(', ')}}}`));
    await sandbox().ok(['apply']);
    await expectWorking();
  });

  it('the proof leaves nothing in the queue and nothing in the log that somebody would look into', async () => {
    await sandbox().writeState(state('{postfix: {queue_run_delay: 4m}}'));
    await sandbox().ok(['apply']);
    await expectWorking();
    expect(await readFile(`${sandbox().root}/var/log/mail.log`, 'utf8')).toMatch(
      /lost connection after DATA \(0 bytes\)/,
    );
  });
});
