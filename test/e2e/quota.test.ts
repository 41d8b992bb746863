import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { exec } from '../../src/system/exec.ts';
import {
  copies,
  drain,
  headerOf,
  loggedIn,
  mailOf,
  outbound,
  PASSWORD_HASH,
  sendAsStranger,
  stranger,
  subjectOf,
  tryRecipient,
} from '../support/mail.ts';
import { eventually, reloads, useSandbox } from '../support/sandbox.ts';
import { putScript } from '../support/sieve.ts';

const STATE = `
version: 1
server: {mailname: mx.example.test, postmaster: full@a.test, limits: {mailbox: 1 MB}}
domains:
  a.test: {aliases: [a2.test], catch_all: {copy_to: archive@a.test}}
  b.test: {catch_all: {unknown_to: full@a.test}}
users:
  full@a.test: {password: "${PASSWORD_HASH}", quota: 20 kB}
  room@a.test: {password: "${PASSWORD_HASH}", quota: unlimited}
  archive@a.test: {quota: 60 kB}
  warned@b.test: {password: "${PASSWORD_HASH}", quota: 100 kB}
  away@b.test: {password: "${PASSWORD_HASH}", account: true}
  person@b.test: {account: false}
groups:
  solo: {members: [full@a.test, person@b.test]}
  duo: {members: [full@a.test, room@a.test]}
aliases:
  one@a.test: full@a.test
  chain@b.test: one@a.test
  both@a.test: [full@a.test, room@a.test]
  out@a.test: [full@a.test, friend@outside.test]
  solo@a.test: solo
  duo@a.test: duo
  room-too@a.test: room@a.test
  archived@a.test: archive@a.test
`;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [
    /warning: (connect to )?private\/quota-status/,
    /warning: problem talking to server private\/quota-status/,
  ],
});

/** Lines of 64 bytes. */
function body(bytes: number): string {
  return `${'x'.repeat(62)}\n`.repeat(Math.ceil(bytes / 64));
}

/** What is said to each recipient when a message of this size is announced. */
async function answers(recipients: readonly string[], size: number): Promise<Record<string, string>> {
  // A session of its own for each: Postfix slows down who makes many mistakes.
  const ask = async (recipient: string): Promise<readonly [string, string]> => {
    const client = await stranger(sandbox());
    await client.command(`MAIL FROM:<x@elsewhere.test> SIZE=${size}`);
    const answer = (await client.command(`RCPT TO:<${recipient}>`)).lines.join(' / ');
    await client.quit();
    return [recipient, answer];
  };
  return Object.fromEntries(await Promise.all(recipients.map(ask)));
}

const ONLY_FULL = [
  'full@a.test',
  'full@a2.test',
  'FULL@A.TEST',
  'full+detail@a.test',
  'one@a.test',
  'one+detail@a2.test',
  'chain@b.test',
  'solo@a.test',
  'solo@a2.test',
  'postmaster@a2.test',
  'abuse@b.test',
];
const OTHERS = ['both@a.test', 'duo@a2.test', 'out@a.test', 'room@a.test', 'room-too@a2.test', 'nobody@b.test'];

describe('a full mailbox', () => {
  it('is refused at RCPT under each of its names, and no other address is', async () => {
    await sendAsStranger(sandbox(), 'full@a.test', 'x@elsewhere.test', { body: body(15_000) });
    await drain(sandbox());
    const said = await answers([...ONLY_FULL, ...OTHERS], 10_000);
    for (const address of ONLY_FULL) expect(said[address], address).toMatch(/^552 5\.2\.2 .*The mailbox is full/);
    for (const address of OTHERS) expect(said[address], address).toMatch(/^250 /);
    const small = await answers([...ONLY_FULL, ...OTHERS], 1000);
    for (const [address, answer] of Object.entries(small)) expect(answer, address).toMatch(/^250 /);
  });

  it('whoever else an address leads to gets the mail, and the sender hears of the one who did not', async () => {
    for (const to of ['both@a.test', 'duo@a2.test', 'out@a.test']) {
      const token = await sendAsStranger(sandbox(), to, 'x@elsewhere.test', { body: body(10_000) });
      const accounts = ['full@a.test', 'room@a.test'];
      expect(await copies(sandbox(), token, accounts), to).toEqual(to === 'out@a.test' ? {} : { 'room@a.test': 1 });
      const left = (await outbound(sandbox(), token)).map((mail) => mail.to);
      expect(left, to).toEqual(
        to === 'out@a.test' ? ['friend@outside.test', 'x@elsewhere.test'] : ['x@elsewhere.test'],
      );
    }
  });

  it('a full archive keeps nobody from getting mail, and is refused itself', async () => {
    const token = await sendAsStranger(sandbox(), 'room@a.test', 'x@elsewhere.test', { body: body(40_000) });
    expect(await copies(sandbox(), token, ['room@a.test'])).toEqual({ 'room@a.test': 1 });
    const said = await answers(['room@a.test', 'archive@a.test', 'archived@a2.test'], 40_000);
    expect(said['room@a.test']).toMatch(/^250 /);
    expect(said['archive@a.test']).toMatch(/^552 5\.2\.2 /);
    expect(said['archived@a2.test']).toMatch(/^552 5\.2\.2 /);
  });

  it('who logged in is told at once, too', async () => {
    const client = await loggedIn(sandbox(), 'room@a.test');
    await client.command('MAIL FROM:<room@a.test> SIZE=10000');
    expect((await client.command('RCPT TO:<one@a.test>')).lines[0]).toMatch(/^552 5\.2\.2 /);
    await client.quit();
  });

  it('what a Sieve script passes on to it comes back to the first sender', async () => {
    await putScript(sandbox(), 'away@b.test', 'redirect "full@a.test";');
    const token = await sendAsStranger(sandbox(), 'away@b.test', 'x@elsewhere.test', { body: body(10_000) });
    const left = await outbound(sandbox(), token);
    expect(left.map(({ from, to }) => [from, to])).toEqual([['<>', 'x@elsewhere.test']]);
    expect(left[0]?.text).toMatch(/^Status: 5\.2\.2$/m);
  });

  it('a change of the limit of all counts at once, whatever connections to Dovecot were open', async () => {
    const ask = async (): Promise<string | undefined> => (await answers(['away@b.test'], 3_000_000))['away@b.test'];
    for (const [limit, said] of [
      ['1 MB', /^552 5\.2\.2 /],
      ['50 MB', /^250 /],
      ['1 MB', /^552 5\.2\.2 /],
    ] as const) {
      await sandbox().ok(['server', 'set', '--mailbox-size', limit, '--apply']);
      for (let time = 0; time < 3; time += 1) expect(await ask()).toMatch(said);
    }
  });

  it('a change of the limit counts at once for every name, without a reload', async () => {
    const before = await reloads(sandbox().root);
    await sandbox().ok(['user', 'set', 'full@a.test', '--quota', '10 kB', '--apply']);
    const client = await stranger(sandbox());
    for (const to of ['full@a.test', 'chain@b.test']) expect(await tryRecipient(client, to)).toMatch(/^552 5\.2\.2 /);
    await sandbox().ok(['user', 'set', 'full@a.test', '--quota', 'default', '--apply']);
    for (const to of ['full@a.test', 'chain@b.test']) expect(await tryRecipient(client, to)).toMatch(/^250 /);
    await client.quit();
    expect((await answers(['chain@b.test'], 1_100_000))['chain@b.test']).toMatch(/^552 5\.2\.2 /);
    await sandbox().ok(['user', 'set', 'full@a.test', '--quota', 'unlimited', '--apply']);
    expect((await answers(['chain@b.test'], 1_100_000))['chain@b.test']).toMatch(/^250 /);
    expect(await reloads(sandbox().root)).toEqual(before);
  });

  it('the names are known to the quota service and to nothing else', async () => {
    const config = `${sandbox().root}/etc/dovecot/dovecot.conf`;
    const { stdout } = await exec('doveadm', ['-c', config, 'user', '*']);
    expect(stdout.trim().split('\n').sort()).toEqual(
      ['archive@a.test', 'away@b.test', 'full@a.test', 'room@a.test', 'warned@b.test'].sort(),
    );
    expect((await exec('doveadm', ['-c', config, 'user', 'one@a.test'])).code).not.toBe(0);
  });
});

describe('a warning', () => {
  const warnings = async (): Promise<string[]> =>
    (await mailOf(sandbox(), 'warned@b.test')).filter((text) => /^Your mailbox is/.test(subjectOf(text) ?? ''));
  const fill = async (bytes: number): Promise<void> => {
    await sendAsStranger(sandbox(), 'warned@b.test', 'x@elsewhere.test', { body: body(bytes) });
    await drain(sandbox());
  };
  const subjects = async (): Promise<(string | undefined)[]> => (await warnings()).map(subjectOf).sort();
  const [AT_80, AT_95] = ['Your mailbox is 80 % full', 'Your mailbox is 95 % full'];

  it('comes once for each mark that is passed, also when there is hardly any room', async () => {
    await putScript(
      sandbox(),
      'warned@b.test',
      'require "fileinto"; if header "auto-submitted" "auto-generated" { discard; }',
    );
    await fill(70_000);
    await fill(14_000);
    await eventually('the first warning', async () => (await warnings()).length === 1);
    await fill(5000);
    expect(await subjects()).toEqual([AT_80]);
    await fill(9000);
    await eventually('the second warning', async () => (await warnings()).length === 2);
    await fill(1000);
    expect(await subjects()).toEqual([AT_80, AT_95]);
    const text = (await warnings())[0] ?? '';
    expect(headerOf(text, 'From')).toBe('Postmaster <postmaster@mx.example.test>');
    expect(headerOf(text, 'To')).toBe('<warned@b.test>');
    expect(headerOf(text, 'Date')).toMatch(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} [+-]\d{4}$/);
    expect(text).not.toMatch(/^Received: .*local-submission/m);
  });

  it('the script takes nothing but what Dovecot gives it', async () => {
    const script = `${sandbox().root}/etc/dovecot/eboxmail/quota-warning`;
    for (const args of [
      [],
      ['80'],
      ['81', 'room@a.test'],
      ['80', '-d'],
      ['80', 'a$(id)@a.test'],
      ['80', 'a\nb@a.test'],
    ]) {
      expect((await exec(script, args)).code, JSON.stringify(args)).toBe(64);
    }
  });
});

it('without the quota service mail is taken as it would be otherwise', async () => {
  await rm(`${sandbox().root}/var/spool/postfix/private/quota-status`);
  const token = await sendAsStranger(sandbox(), 'room@a2.test');
  expect(await copies(sandbox(), token, ['room@a.test'])).toEqual({ 'room@a.test': 1 });
});
