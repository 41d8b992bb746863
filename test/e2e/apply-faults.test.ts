import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runWithFault } from '../support/faults.ts';
import { copies, PASSWORD_HASH, sendAsStranger, stranger, tryLogin, tryRecipient } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

/** Each differs from the one before in users, domains, tables and the settings of both daemons. */
function state(n: number): string {
  return `
version: 1
server:
  mailname: mx.example.test
  limits: {message: ${10 + (n % 90)} MB, mailbox: ${100 + (n % 90)} MB}
domains:
  a.test: {}
  d${n}.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  u${n}@d${n}.test: {password: "${PASSWORD_HASH}"}
`;
}

const sandbox = useSandbox({
  state: state(0),
  tolerate: [
    /warning: \S+: SASL PLAIN authentication failed/,
    /warning: .*probe/,
    // The daemons' check outlives an apply that is killed, and finds that the next one has cleared its place.
    /postlog\[\d+\]: fatal: open \S+\/staging\/postfix\/main\.cf: No such file/,
    /postfix-script\[\d+\]: fatal: unable to create missing queue directories/,
  ],
});

const applyWith = (fault: string): ReturnType<typeof runWithFault> =>
  runWithFault(['--root', sandbox().root, 'apply'], fault, `${sandbox().root}/../calls`);

/** What the daemons read. */
async function configuration(): Promise<string> {
  const script = `cd ${sandbox().root}/etc && find postfix dovecot aliases* mailname -type f | sort | xargs sha256sum`;
  return (await run('sh', ['-c', script])).stdout;
}

async function answer(recipient: string): Promise<string> {
  const client = await stranger(sandbox());
  const reply = await tryRecipient(client, recipient);
  await client.quit();
  return reply;
}

/** Every eighth by default; FAULTS=all goes through all of them, which takes half an hour. */
const [FIRST, STRIDE, PATIENCE] = process.env['FAULTS'] === 'all' ? [1, 1, 3_600_000] : [3, 8, 600_000];

describe('an apply that fails or is killed at every call that changes something', { timeout: PATIENCE }, () => {
  let n = 1;
  let calls: readonly string[] = [];

  it('counts them', async () => {
    await sandbox().writeState(state(n));
    expect(await applyWith('count')).toMatchObject({ code: 0 });
    calls = (await readFile(`${sandbox().root}/../calls`, 'utf8')).trim().split('\n');
    expect(calls.filter((call) => call.startsWith('renameSync')).length).toBeGreaterThan(15);
    expect(calls.filter((call) => /reload/.test(call))).toHaveLength(2);
  });

  it('killed: the service goes on, and the next apply finishes', async () => {
    for (let at = FIRST; at <= calls.length; at += STRIDE) {
      const what = `killed at ${at}: ${calls[at - 1]}`;
      n += 1;
      await sandbox().writeState(state(n));
      expect((await applyWith(`kill:${at}`)).signal, what).toBe('SIGKILL');
      expect(await answer('alice@a.test'), what).toMatch(/^250 /);
      expect(await answer('nobody@a.test'), what).toMatch(/^550 /);
      // What it left is taken up by an apply of something else as well.
      n += 1;
      await sandbox().writeState(state(n));
      const next = await sandbox().run(['apply']);
      expect(next, what).toMatchObject({ code: 0 });
      expect((await sandbox().run(['plan', '--exit-code'])).code, what).toBe(0);
      expect(await answer(`u${n}@d${n}.test`), what).toMatch(/^250 /);
      expect(await answer(`u${n - 1}@d${n - 1}.test`), what).toMatch(/^5/);
    }
    const left = await run('find', [sandbox().root, '-name', '*eboxmail-new*', '-o', '-name', 'undo']);
    expect(left.stdout).toBe('');
    expect((await tryLogin(sandbox(), `u${n}@d${n}.test`)).code).toBe(235);
  });

  it('killed twice in a row: what the first had put in place is known when the second had not begun to', async () => {
    const etc = `${sandbox().root}/etc/postfix`;
    for (const rename of [`${etc}/.main.cf`, `${etc}/eboxmail/.`]) {
      n += 1;
      await sandbox().writeState(state(n));
      expect((await applyWith(`kill:renameSync ${rename}`)).signal, rename).toBe('SIGKILL');
    }
    n += 1;
    await sandbox().writeState(state(n));
    expect(await sandbox().run(['apply'])).toMatchObject({ code: 0 });
  });

  it('killed, and then looked at: status finishes it, or undoes it when the state has changed since', async () => {
    const seen = new Set<string | undefined>();
    for (let at = FIRST; at <= calls.length; at += 2 * STRIDE) {
      const what = `killed at ${at}: ${calls[at - 1]}`;
      for (const changed of [false, true]) {
        const before = await configuration();
        const then = `${what}${changed ? ', and changed since' : ''}`;
        n += 1;
        await sandbox().writeState(state(n));
        const ended = await applyWith(`kill:${at}`);
        // After an undo there is less to clear away, and the last calls of the list are not made.
        if (ended.code === 0) break;
        expect(ended.signal, then).toBe('SIGKILL');
        const begun = existsSync(`${sandbox().root}/var/lib/eboxmail/undo/journal.json`);
        if (changed) await sandbox().writeState(state(n + 1));
        const { stderr } = await sandbox().run(['status', '--json']);
        expect(await answer('alice@a.test'), then).toMatch(/^250 /);
        expect(await answer('nobody@a.test'), then).toMatch(/^550 /);
        if (!begun) continue;
        expect(existsSync(`${sandbox().root}/var/lib/eboxmail/undo`), `${then}\n${stderr}`).toBe(false);
        const repaired = /cut off is (finished|undone)/.exec(stderr)?.[1];
        seen.add(repaired);
        if (repaired === 'undone') expect(await configuration(), then).toBe(before);
        if (repaired === 'finished') expect(await answer(`u${n}@d${n}.test`), then).toMatch(/^250 /);
        if (repaired === 'finished') expect((await sandbox().run(['status'])).code, then).toBe(0);
      }
      n += 1;
      await sandbox().writeState(state(n));
      expect(await sandbox().run(['apply']), what).toMatchObject({ code: 0 });
    }
    expect(seen).toContain('finished');
    expect(seen).toContain('undone');
  });

  it('failed: the old configuration is in force, whole, and exit code and words say so', async () => {
    const codes = new Map<number | null, number>();
    for (let at = FIRST; at <= calls.length; at += STRIDE) {
      const what = `failed at ${at}: ${calls[at - 1]}`;
      const before = await configuration();
      n += 1;
      await sandbox().writeState(state(n));
      const { code, stderr } = await applyWith(`fail:${at}`);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect([0, 1, 8], `${what}\n${stderr}`).toContain(code);
      expect(stderr, what).not.toMatch(/this is a bug|at .*\.js:\d/);
      // After the proof there is no way back: then it says so, and the rest is done by the next one.
      if (code !== 0 && !stderr.includes('the new configuration is in force')) {
        expect(await configuration(), `${what}\n${stderr}`).toBe(before);
        expect(await answer(`u${n}@d${n}.test`), what).toMatch(/^5/);
        expect(await answer(`u${n - 1}@d${n - 1}.test`), what).toMatch(/^250 /);
      }
      expect(await sandbox().run(['apply']), what).toMatchObject({ code: 0 });
      expect(await answer(`u${n}@d${n}.test`), what).toMatch(/^250 /);
    }
    // Before the switch and after it: both kinds were met.
    expect(codes.get(1)).toBeGreaterThan(0);
    expect(codes.get(8)).toBeGreaterThan(0);
    const token = await sendAsStranger(sandbox(), `u${n}@d${n}.test`);
    expect(await copies(sandbox(), token, [`u${n}@d${n}.test`])).toEqual({ [`u${n}@d${n}.test`]: 1 });
  });
});
