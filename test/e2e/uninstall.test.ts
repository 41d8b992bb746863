import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, rename, symlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PASSWORD_HASH, stranger, tryRecipient } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

/** What an uninstall cannot do is found before it begins. */

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

it('takes nothing away when etc/aliases, with lines of others, is a symbolic link by now', async () => {
  const aliases = `${sandbox().root}/etc/aliases`;
  await appendFile(aliases, 'webmaster: alice@a.test\n');
  await sandbox().ok(['apply']);
  await rename(aliases, `${aliases}.real`);
  await symlink('aliases.real', aliases);
  const refused = await sandbox().run(['uninstall', '--yes']);
  expect(refused.code, refused.stderr).toBe(1);
  expect(refused.stderr).toMatch(/etc\/aliases is a symbolic link[\s\S]*nothing was taken away/);
  expect(refused.stderr).not.toMatch(/stop (dovecot|postfix)/);
  await rename(`${aliases}.real`, aliases);
  expect(await answer()).toMatch(/^250/);
  expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
});
