import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  drain,
  FAILING,
  maildir,
  mailOf,
  PASSWORD_HASH,
  sendAsStranger,
  stranger,
  subjectOf,
  tryRecipient,
} from '../support/mail.ts';
import { deferred, stopDovecot, tool } from '../support/queue.ts';
import { logLines, useSandbox } from '../support/sandbox.ts';
import { whileMailComes } from '../support/steady-mail.ts';

/** A domain that becomes an alias of another: what Postfix accepted for it before gets to whoever has the address then. */

const USER = `{password: "${PASSWORD_HASH}"}`;

const state = (rest: string): string => `version: 1\nserver: {mailname: mx.example.test}\n${rest}`;

const sandbox = useSandbox({
  state: state('domains: {first.test: }\nusers: {}\n'),
  tolerate: [
    /Error: .*(Permission denied|Failed to access user's personal storage|No such file or directory)/,
    /Error: .*Failed to autocreate mailbox|Warning: Our dotlock file \S+ was deleted/,
    // Dovecot is stopped on purpose.
    /Warning: Shutting down logging for/,
  ],
});

const applyState = async (rest: string): Promise<void> => {
  await sandbox().writeState(state(rest));
  await sandbox().ok(['apply', '--allow-removals', '1000']);
};

/** Everybody from scratch, in the domain old.test. */
beforeEach(async () => {
  await applyState('domains: {first.test: }\nusers: {}\n');
  await applyState(`
domains:
  old.test: {aliases: [other.test]}
  new.test:
users:
  bob@old.test: ${USER}
  carol@old.test: ${USER}
  dave@new.test: ${USER}
`);
});

/** What a company does that has another name now. */
async function renameDomain(): Promise<void> {
  for (const name of ['bob', 'carol']) await sandbox().ok(['user', 'rename', `${name}@old.test`, `${name}@new.test`]);
  await sandbox().ok(['domain', 'alias', 'remove', 'old.test', 'other.test', '--yes']);
  await sandbox().ok(['domain', 'remove', 'old.test', '--cascade', '--yes']);
  for (const name of ['old.test', 'other.test']) await sandbox().ok(['domain', 'alias', 'add', 'new.test', name]);
}

/** The same at one go with a domain that was not there. */
async function moveToNewDomain(): Promise<void> {
  await sandbox().ok(['domain', 'add', 'fresh.test']);
  await sandbox().ok(['user', 'rename', 'bob@old.test', 'bob@fresh.test']);
  await sandbox().ok(['domain', 'remove', 'old.test', '--cascade', '--yes']);
  await sandbox().ok(['domain', 'alias', 'add', 'fresh.test', 'old.test']);
}

async function tokensOf(address: string): Promise<(string | undefined)[]> {
  await tool('postqueue', '-c', `${sandbox().root}/etc/postfix`, '-f');
  await drain(sandbox());
  return (await mailOf(sandbox(), address)).map(subjectOf);
}

/** Each message is there once. */
async function expectIn(address: string, tokens: readonly string[]): Promise<void> {
  const found = await tokensOf(address);
  const counts = tokens.map((token) => [token, found.filter((one) => one === token).length]);
  expect(counts, address).toEqual(tokens.map((token) => [token, 1]));
}

async function expectNoBounce(): Promise<void> {
  const lines = await logLines(sandbox().root, 'mail.log');
  expect(lines.filter((line) => /status=bounced|sender non-delivery/.test(line))).toEqual([]);
}

/** Messages that Postfix accepts and cannot deliver yet. */
async function queue(...addresses: readonly string[]): Promise<string[]> {
  await stopDovecot(sandbox());
  const tokens: string[] = [];
  for (const address of addresses) tokens.push(await sendAsStranger(sandbox(), address));
  await deferred(sandbox(), tokens.length);
  return tokens;
}

describe('what waits in the queue', () => {
  it('goes to the users of the new domain, and plan says so', async () => {
    const tokens = await queue('bob@old.test', 'bob+detail@other.test');
    await renameDomain();
    const { stdout } = await sandbox().ok(['plan']);
    expect(stdout).toContain('What waits in the queue:\n  2 messages go to bob@new.test (accepted for bob@old.test)\n');
    expect(stdout).not.toContain('What stops');
    expect(JSON.parse((await sandbox().ok(['plan', '--json'])).stdout)).toMatchObject({
      removals: { addresses: [], mailboxes: [], queued: 0 },
      queued: [{ address: 'bob@old.test', recipients: ['bob@new.test'], messages: 2 }],
    });
    await sandbox().ok(['apply']);
    await expectIn('bob@new.test', tokens);
    await expectNoBounce();
  });

  it('does so also when the rename was applied before', async () => {
    const [first = ''] = await queue('carol@old.test');
    for (const name of ['bob', 'carol']) await sandbox().ok(['user', 'rename', `${name}@old.test`, `${name}@new.test`]);
    await sandbox().ok(['apply']);
    await tokensOf('carol@new.test');
    const [second = ''] = await queue('carol@new.test');
    await sandbox().ok(['domain', 'alias', 'remove', 'old.test', 'other.test', '--yes']);
    await sandbox().ok(['domain', 'remove', 'old.test', '--cascade', '--yes']);
    await sandbox().ok(['domain', 'alias', 'add', 'new.test', 'old.test']);
    await sandbox().ok(['apply']);
    await expectIn('carol@new.test', [first, second]);
    await expectNoBounce();
  });

  it('finds everybody when a domain and its alias change places in the file', async () => {
    const tokens = await queue('bob@old.test', 'bob@other.test', 'carol@other.test', 'carol+list@old.test');
    await applyState(`
domains:
  other.test: {aliases: [old.test]}
  new.test:
users:
  bob@other.test: ${USER}
  dave@new.test: ${USER}
  erin@new.test: ${USER}
aliases:
  carol@other.test: [dave@new.test, erin@new.test]
`);
    await expectIn('bob@other.test', tokens.slice(0, 2));
    for (const address of ['dave@new.test', 'erin@new.test']) await expectIn(address, tokens.slice(2));
    await expectNoBounce();
  });
});

it('mail that comes in meanwhile arrives once, and nothing bounces', async () => {
  const streams = {
    'bob@old.test': 'bob@new.test',
    'carol@other.test': 'carol@new.test',
    'dave@new.test': 'dave@new.test',
  };
  const accepted = new Map<string, readonly string[]>();
  const run = async ([to, ...others]: readonly string[]): Promise<void> => {
    if (to === undefined) {
      await sleep(300);
      await renameDomain();
      await sandbox().ok(['apply']);
      return;
    }
    accepted.set(to, await whileMailComes(sandbox(), { to, asked: 'dave@new.test' }, () => run(others)));
  };
  await run(Object.keys(streams));
  for (const [to, mailbox] of Object.entries(streams)) {
    const tokens = accepted.get(to) ?? [];
    expect(tokens.length, to).toBeGreaterThan(5);
    await expectIn(mailbox, tokens);
  }
  await expectNoBounce();
});

it('nothing leaves for the outside when the apply makes the new domain as well', async () => {
  await applyState(`domains: {old.test: }\nusers: {bob@old.test: ${USER}}\n`);
  const tokens = await whileMailComes(sandbox(), { to: 'bob@old.test', asked: 'bob@old.test' }, async () => {
    await sleep(300);
    await moveToNewDomain();
    await sandbox().ok(['apply']);
  });
  expect(tokens.length).toBeGreaterThan(5);
  await expectIn('bob@fresh.test', tokens);
  await expectNoBounce();
  expect(await maildir(sandbox().outbound)).toEqual([]);
});

it('nothing leaves for the outside when the apply fails that makes the new domain', async () => {
  await applyState(`domains: {old.test: }\nusers: {bob@old.test: ${USER}}\n`);
  const before = await sandbox().readState();
  const tokens = await whileMailComes(sandbox(), { to: 'bob@old.test', asked: 'bob@old.test' }, async () => {
    await sleep(300);
    await moveToNewDomain();
    await appendFile(`${sandbox().root}/etc/eboxmail/state.yaml`, FAILING);
    expect((await sandbox().run(['apply'])).code).toBe(8);
    await sandbox().writeState(before);
    await sandbox().ok(['apply']);
  });
  expect(tokens.length).toBeGreaterThan(5);
  const found = await tokensOf('bob@old.test');
  expect(tokens.filter((token) => !found.includes(token))).toEqual([]);
  await expectNoBounce();
  expect(await maildir(sandbox().outbound)).toEqual([]);
});

it('domain aliases take what their domain takes, and nothing else', async () => {
  const client = await stranger(sandbox());
  try {
    expect(await tryRecipient(client, 'bob+x@other.test')).toMatch(/^250 /);
    for (const address of ['nobody@other.test', 'dave@other.test', 'nobody@old.test'])
      expect(await tryRecipient(client, address), address).toMatch(/^550 5\.1\.1 /);
  } finally {
    await client.quit();
  }
});
