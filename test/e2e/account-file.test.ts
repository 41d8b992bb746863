import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isKnownUser } from '../../src/system/dovecot-auth.ts';
import { whileDovecotIsAsked } from '../support/dovecot-asked.ts';
import { copies, imapLogin, PASSWORD_HASH, send, stranger, tryRecipient } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

/** Dovecot looks at its account file once in a second at most, and then not at its content first (db-passwd-file.c). */

const sandbox = useSandbox({
  state: `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: }
users:
  alice@a.test: {password: "${PASSWORD_HASH}", quota: 100 MB}
`,
});

const dovecotRun = (): string => `${sandbox().root}/run/dovecot`;

const add = (address: string): string[] => ['user', 'add', address, '--password-hash', PASSWORD_HASH, '--apply'];

/** Sends a message as soon as the address is taken; returns its subject. */
async function sendWhenTaken(address: string): Promise<string> {
  const end = performance.now() + 20_000;
  for (;;) {
    const client = await stranger(sandbox());
    try {
      // Postfix slows down who is refused more often in one session.
      for (let n = 0; n < 8; n++) {
        const reply = await tryRecipient(client, address);
        if (reply.startsWith('250')) return (await send(client, 'x@elsewhere.test', address)).token;
        if (performance.now() > end) throw new Error(`${address} is never taken: ${reply}`);
        await sleep(10);
      }
    } finally {
      await client.quit();
    }
  }
}

describe('accounts that come while Dovecot is asked all the time', () => {
  it('get every message that Postfix takes for them', async () => {
    await whileDovecotIsAsked(sandbox().root, 'alice@a.test', async () => {
      for (const name of [1, 2, 3, 4, 5].map((n) => `new${n}@a.test`)) {
        const [token] = await Promise.all([sendWhenTaken(name), sandbox().ok(add(name))]);
        expect(await copies(sandbox(), token, [name]), name).toEqual({ [name]: 1 });
      }
    });
  });
});

it('a file of the same size in the same second is noticed', async () => {
  for (let n = 0; n < 4; n++) {
    const [one, other] = [`same${n}@a.test`, `size${n}@a.test`];
    await sandbox().ok(add(one));
    // Both within what is left of the second, as often as not.
    const input = `user remove ${one}\nuser add ${other} --password-hash '${PASSWORD_HASH}'\n`;
    await sandbox().ok(['batch', '--apply'], { input });
    expect(await imapLogin(sandbox(), other), other).toBe(true);
    expect(await imapLogin(sandbox(), one), one).toBe(false);
  }
});

it('nor do two files with further names of mailboxes have the same second', async () => {
  const seconds: number[] = [];
  const names = `${sandbox().root}/etc/dovecot/eboxmail/quota-aliases`;
  for (const name of ['one', 'two', 'six']) {
    await sandbox().ok(['alias', 'add', `${name}@a.test`, 'alice@a.test', '--apply']);
    seconds.push(Math.floor((await stat(names)).mtimeMs / 1000));
  }
  expect(new Set(seconds).size).toBe(3);
});

it('nothing is waited for when Dovecot was not asked lately, and whoever was removed is out at once', async () => {
  await sleep(1100);
  await sandbox().ok(add('quick@a.test'));
  expect(await isKnownUser('quick@a.test', dovecotRun())).toBe(true);
  await sleep(1100);
  await sandbox().ok(['user', 'remove', 'quick@a.test', '--apply']);
  expect(await isKnownUser('quick@a.test', dovecotRun())).toBe(false);
});
