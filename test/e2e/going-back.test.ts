import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imapLogin, PASSWORD_HASH } from '../support/mail.ts';
import { runWithFault } from '../support/faults.ts';
import { freePortOffset } from '../support/ports.ts';
import { runCli } from '../support/run-cli.ts';
import { finishSandbox, processesOf, startSandbox, useSandbox } from '../support/sandbox.ts';
import { makeTempDir } from '../support/temp.ts';

const run = promisify(execFile);

const GOOD = `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
`;
/** The daemons are content with it, and nobody can send mail. */
const BAD = `${GOOD}overrides: {postfix: {smtpd_client_restrictions: reject}}\n`;

let directory = '';
let remove: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  ({ path: directory, remove } = await makeTempDir());
  await writeFile(`${directory}/bad.yaml`, BAD, { mode: 0o600 });
  await writeFile(`${directory}/good.yaml`, GOOD, { mode: 0o600 });
});

afterAll(() => remove());

async function configuration(root: string): Promise<string> {
  const script = `cd ${root}/etc && find postfix dovecot aliases* mailname -type f | sort | xargs sha256sum`;
  return (await run('sh', ['-c', script])).stdout;
}

async function expectNothing(root: string): Promise<void> {
  expect(await processesOf(root)).toEqual([]);
  const files = ['etc/postfix/main.cf', 'etc/dovecot/dovecot.conf', 'etc/aliases'];
  const lib = ['var/lib/eboxmail/undo', 'var/lib/eboxmail/applied.json'];
  expect([...files, ...lib].filter((path) => existsSync(`${root}/${path}`))).toEqual([]);
  expect((await run('find', [root, '-name', '*eboxmail-new*'])).stdout).toBe('');
}

describe('a first apply that is not proven', { timeout: 120_000 }, () => {
  it('leaves nothing running and nothing in place, and the next start works', async () => {
    const root = `${directory}/failed`;
    const offset = await freePortOffset();
    const start = ['sandbox', 'start', root, '--port-offset', String(offset)];
    const failed = await runCli({ args: [...start, '--state', `${directory}/bad.yaml`] });
    expect(failed.code, failed.stderr).toBe(8);
    await expectNothing(root);
    await startSandbox(root, { state: `${directory}/good.yaml`, offset });
    await finishSandbox(root, [/./]);
  });

  it('killed while it goes back: status does the rest', async () => {
    const root = `${directory}/killed`;
    const offset = await freePortOffset();
    const args = ['sandbox', 'start', root, '--port-offset', String(offset), '--state', `${directory}/bad.yaml`];
    const killed = await runWithFault(args, `kill:spawn postfix -c ${root}/etc/postfix stop`);
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    expect((await processesOf(root)).length).toBeGreaterThan(0);
    await writeFile(`${root}/etc/eboxmail/state.yaml`, GOOD);
    expect((await runCli({ args: ['--root', root, 'status'] })).stderr).toMatch(/cut off is undone/);
    await expectNothing(root);
  });
});

describe('a file that cannot be replaced', { timeout: 120_000 }, () => {
  const sandbox = useSandbox({ state: GOOD });

  it.each(['etc/postfix/main.cf', 'etc/dovecot/dovecot.conf', 'etc/postfix/eboxmail/mailboxes'])(
    '%s, mounted by itself: exit 8, and nothing is left of the attempt',
    async (path) => {
      const { root } = sandbox();
      const file = `${root}/${path}`;
      const before = await configuration(root);
      await sandbox().writeState(
        `${GOOD.replace('{mailname: mx.example.test}', '{mailname: mx.example.test, limits: {message: 9 MB, mailbox: 99 MB}}')}` +
          `  bob@a.test: {password: "${PASSWORD_HASH}"}\n`,
      );
      await run('mount', ['--bind', file, file]);
      try {
        const failed = await sandbox().run(['apply']);
        expect(failed.code, failed.stderr).toBe(8);
        expect(failed.stderr).toMatch(/EBUSY/);
        expect(failed.stderr).toContain(path);
        expect(existsSync(`${root}/var/lib/eboxmail/undo`)).toBe(false);
        expect(await configuration(root)).toBe(before);
        expect((await sandbox().run(['user', 'list'])).stderr).toBe('');
      } finally {
        await run('umount', [file]);
      }
      await sandbox().ok(['apply']);
      await sandbox().writeState(GOOD);
      await sandbox().ok(['apply']);
    },
  );
});

describe('killed while it puts files back', { timeout: 120_000 }, () => {
  const sandbox = useSandbox({ state: GOOD, tolerate: [/SASL PLAIN authentication failed/] });

  async function killedAt(copy: number): Promise<void> {
    const fault = `kill:renameSync ${sandbox().root}/var/lib/eboxmail/undo/${copy}`;
    expect((await runWithFault(['--root', sandbox().root, 'apply'], fault)).signal).toBe('SIGKILL');
  }

  it.each([0, 1])('before copy %i: the next apply fails and goes back, status does so for another state', async (n) => {
    const before = await configuration(sandbox().root);
    const bad = BAD.replace(
      '{mailname: mx.example.test}',
      `{mailname: mx.example.test, limits: {mailbox: ${n + 5} MB}}`,
    );
    await sandbox().writeState(bad);
    await killedAt(n);
    const failed = await sandbox().run(['apply']);
    expect(failed.code, failed.stderr).toBe(8);
    expect(await configuration(sandbox().root)).toBe(before);
    await killedAt(n);
    await sandbox().writeState(GOOD);
    expect((await sandbox().run(['status'])).stderr).toMatch(/cut off is undone/);
    expect(await configuration(sandbox().root)).toBe(before);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });
});

describe('a Dovecot whose programs cannot start', { timeout: 120_000 }, () => {
  // They have no memory, and the master waits for the one that reads the configuration for it.
  const sandbox = useSandbox({
    state: GOOD,
    tolerate: [
      /master: Error: (service\(\S+\): (child \d+ killed with|command startup failed)|Error reading configuration)/,
      /fatal: no SASL authentication mechanisms|smtpd pid \d+ exit status 1|smtpd: bad command startup/,
    ],
  });

  it('is at work again with what it had before', async () => {
    await sandbox().writeState(`${GOOD}overrides: {dovecot: "default_vsz_limit = 256\\n"}\n`);
    const failed = await sandbox().run(['apply']);
    expect(failed.code, failed.stderr).toBe(8);
    expect(await imapLogin(sandbox(), 'alice@a.test')).toBe(true);
    await sandbox().writeState(GOOD);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    expect((await sandbox().run(['status'])).code).toBe(0);
  });
});
