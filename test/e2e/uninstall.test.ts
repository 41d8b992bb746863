import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { imaps, PASSWORD_HASH, stranger, tryRecipient } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

/** What an uninstall cannot do is found before it begins, and what one leaves that was killed is no trouble. */

const sandbox = useSandbox({
  state: `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: }
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
`,
});

async function answer(): Promise<string> {
  const client = await stranger(sandbox());
  const reply = await tryRecipient(client, 'alice@a.test');
  await client.quit();
  return reply;
}

it.each(['var/lib/eboxmail', 'etc/postfix'])('takes nothing away when %s cannot be written', async (path) => {
  const directory = `${sandbox().root}/${path}`;
  await run('mount', ['--bind', directory, directory]);
  try {
    await run('mount', ['-o', 'remount,bind,ro', directory]);
    const refused = await sandbox().run(['uninstall', '--yes']);
    expect(refused.code, refused.stderr).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(`cannot write in ${directory}\\S*: EROFS`));
    expect(refused.stderr).toContain('nothing was taken away; put that right and run "eboxmail');
    expect(refused.stderr).not.toMatch(/stop (dovecot|postfix)/);
  } finally {
    await run('umount', [directory]);
  }
  expect(await answer()).toMatch(/^250/);
  expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  expect(existsSync(`${sandbox().root}/var/lib/eboxmail/applied.json`)).toBe(true);
});

it('one that was killed while Dovecot was about to end: the apply that comes at once starts it again', async () => {
  const { root } = sandbox();
  await sandbox().ok(['user', 'add', 'bob@a.test', '--password-hash', PASSWORD_HASH]);
  const master = Number(await readFile(`${root}/run/dovecot/master.pid`, 'utf8'));
  await imaps(sandbox(), 'alice@a.test', async () => {
    await run('postfix', ['-c', `${root}/etc/postfix`, 'stop']);
    process.kill(master, 'SIGTERM');
    const { stderr } = await sandbox().ok(['apply']);
    expect(stderr).toContain('start postfix');
    expect(existsSync(`/proc/${master}`)).toBe(false);
  }).catch((error: unknown) => {
    // The session ends with the Dovecot that it belongs to.
    if (!/connection|closed|logout/i.test(String(error))) throw error;
  });
  expect((await sandbox().run(['status'])).code).toBe(0);
  expect(await answer()).toMatch(/^250/);
});
