import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { deliverAll, imaps, loggedIn, PASSWORD_HASH, send, sendAsStranger, subjectOf } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

/** SOAK sets how many changes are applied; a hundred is a minute or two. */
const CHANGES = Number(process.env['SOAK'] ?? 30);

const sandbox = useSandbox({
  state: `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: {aliases: [a2.test]}, b.test: }
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@b.test: {password: "${PASSWORD_HASH}"}
groups: {all: {members: [alice@a.test, bob@b.test]}}
aliases: {all@a.test: all}
`,
});

/** The same sequence at each run: a failure can be looked at again. */
function random(seed: number): (below: number) => number {
  let value = seed;
  return (below) => {
    value = (value * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((value / 2_147_483_648) * below);
  };
}

/** Nothing that takes away what the mail of the test is for. */
function change(n: number, pick: (below: number) => number): readonly string[] {
  const changes: readonly (readonly string[])[] = [
    ['user', 'add', `u${n}@a.test`, '--password-hash', PASSWORD_HASH],
    ['user', 'add', `u${n}@b.test`, '--no-account'],
    ['user', 'set', 'alice@a.test', '--name', `Alice ${n}`],
    ['user', 'set', 'bob@b.test', '--quota', `${100 + n} MB`],
    ['alias', 'add', `alias${n}@b.test`, 'alice@a.test', 'bob@b.test'],
    ['domain', 'add', `d${n}.test`],
    ['domain', 'alias', 'add', 'b.test', `b${n}.test`],
    ['domain', 'catch-all', 'b.test', '--unknown-to', n % 2 === 0 ? 'bob@b.test' : 'alice@a.test'],
    ['server', 'set', '--message-size', `${20 + (n % 50)} MB`],
    ['server', 'set', '--mailbox-size', `${500 + n} MB`],
    ['server', 'set', '--pop3', n % 2 === 0 ? 'on' : 'off'],
    ['server', 'set', '--smtp-tls', n % 2 === 0 ? 'off' : 'opportunistic'],
  ];
  return changes[pick(changes.length)] ?? [];
}

it(`${CHANGES} changes while mail flows: everything accepted arrives once, and no session is dropped`, async () => {
  const sent: { token: string; to: readonly string[] }[] = [];
  let working = true;
  const flow = async (): Promise<void> => {
    for (let n = 0; working; n++) {
      const to = [['alice@a.test'], ['bob@b.test', 'alice@a2.test'], ['all@a2.test']][n % 3] ?? [];
      sent.push({ token: await sendAsStranger(sandbox(), to), to });
      await sleep(30);
    }
  };
  // One session that stays open over all reloads, with a message now and then.
  const longSession = async (): Promise<void> => {
    const client = await loggedIn(sandbox(), 'alice@a.test');
    while (working) {
      sent.push({ token: (await send(client, 'alice@a.test', 'bob@b.test')).token, to: ['bob@b.test'] });
      await sleep(500);
    }
    await client.quit();
  };
  const reader = (user: string): Promise<void> =>
    imaps(sandbox(), user, async ({ client }) => {
      let closed = false;
      client.once('close', () => (closed = true));
      while (working) {
        await client.noop();
        await sleep(200);
      }
      expect(closed, `the IMAP session of ${user} was dropped`).toBe(false);
    });
  const pick = random(20_090_601);
  const changes = async (): Promise<void> => {
    try {
      for (let n = 0; n < CHANGES; n++) await sandbox().ok([...change(n, pick), '--apply']);
    } finally {
      working = false;
    }
  };
  await Promise.all([changes(), flow(), longSession(), reader('alice@a.test'), reader('bob@b.test')]);
  // A message that a daemon could not take while it changed is tried again.
  await deliverAll(sandbox(), 60_000);

  const arrived = async (user: string): Promise<ReadonlyMap<string, number>> => {
    const counts = new Map<string, number>();
    for (const text of await imaps(sandbox(), user, (mailbox) => mailbox.fetchAll())) {
      const token = subjectOf(text) ?? '';
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    return counts;
  };
  const [alice, bob] = [await arrived('alice@a.test'), await arrived('bob@b.test')];
  const wrong = sent.flatMap(({ token, to }) => {
    const all = to.includes('all@a2.test');
    const expected = [all || to.some((address) => address.startsWith('alice')), all || to.includes('bob@b.test')];
    const found = [alice.get(token) ?? 0, bob.get(token) ?? 0];
    return found.every((count, index) => count === Number(expected[index]))
      ? []
      : [`${to.join(', ')}: ${found.join(', ')}`];
  });
  expect(sent.length).toBeGreaterThan(CHANGES);
  expect(wrong, `of ${sent.length} messages`).toEqual([]);
});
