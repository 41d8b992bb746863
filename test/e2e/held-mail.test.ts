import { beforeAll, expect, it } from 'vitest';
import { copies, PASSWORD_HASH, sendAsStranger } from '../support/mail.ts';
import { deferred, postqueue, stopDovecot } from '../support/queue.ts';
import { logLines, useSandbox } from '../support/sandbox.ts';

/** Messages on hold while what they were accepted for becomes something else. */

const USER = `{password: "${PASSWORD_HASH}"}`;

const sandbox = useSandbox({
  state: `
version: 1
server: {mailname: mx.example.test}
domains:
  h.test:
  rest.test: {catch_all: {unknown_to: both@h.test}}
users:
  a@h.test: ${USER}
  b@h.test: ${USER}
  c@h.test: ${USER}
  moves@h.test: ${USER}
  gone@rest.test: ${USER}
groups:
  hg: {members: [a@h.test, b@h.test]}
aliases:
  both@h.test: [a@h.test, b@h.test]
`,
  // Dovecot is stopped on purpose.
  tolerate: [/Warning: Shutting down logging for/],
});

const ACCOUNTS = ['a@h.test', 'b@h.test', 'moved@h.test'];

const tokens: Record<string, string> = {};

beforeAll(async () => {
  await stopDovecot(sandbox());
  for (const address of ['a@h.test', 'c@h.test', 'c+list@h.test', 'moves@h.test', 'gone@rest.test'])
    tokens[address] = await sendAsStranger(sandbox(), address);
  tokens['several'] = await sendAsStranger(sandbox(), ['a@h.test', 'c@h.test']);
  await deferred(sandbox(), 6);
  await sandbox().ok(['queue', 'hold', '--all', '--yes']);
  const input = [
    'user remove c@h.test --yes',
    'alias add c@h.test hg',
    'user rename moves@h.test moved@h.test',
    'user remove gone@rest.test --yes',
  ].join('\n');
  await sandbox().ok(['batch', '--apply'], { input });
});

it('stay on hold, and get to whoever has the address when they are released', async () => {
  const held = await postqueue(sandbox());
  expect(held.map(({ queue_name }) => queue_name)).toEqual(Array.from({ length: 6 }, () => 'hold'));
  const released = await sandbox().ok(['queue', 'release', '--all', '--yes', '--json']);
  expect(JSON.parse(released.stdout)).toEqual({
    action: 'release',
    selected: 6,
    done: 6,
    unneeded: 0,
    gone: 0,
    failed: 0,
  });
  const both = { 'a@h.test': 1, 'b@h.test': 1 };
  const found = new Map<string, Record<string, number>>();
  for (const [what, token] of Object.entries(tokens)) found.set(what, await copies(sandbox(), token, ACCOUNTS));
  expect(Object.fromEntries(found)).toEqual({
    'a@h.test': { 'a@h.test': 1 },
    'c@h.test': both,
    'c+list@h.test': both,
    'moves@h.test': { 'moved@h.test': 1 },
    'gone@rest.test': both,
    several: both,
  });
  const log = await logLines(sandbox().root, 'mail.log');
  expect(log.filter((line) => /status=bounced|does not know this account/.test(line))).toEqual([]);
});

it('what is not on hold is said to be so', async () => {
  await stopDovecot(sandbox());
  await sendAsStranger(sandbox(), 'a@h.test');
  await deferred(sandbox(), 1);
  const released = await sandbox().ok(['queue', 'release', '--all', '--yes', '--json']);
  expect(JSON.parse(released.stdout)).toMatchObject({ selected: 1, done: 0, unneeded: 1 });
});
