import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { PASSWORD_HASH, stranger, tryRecipient } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';
import { bash } from '../support/scene.ts';

const ENTRY = `{password: "${PASSWORD_HASH}"}`;

const sandbox = useSandbox({
  state: `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: {}}
users: {alice@a.test: ${ENTRY}}
`,
});

/** Everything below /etc and what eboxmail keeps for itself, with what tells a write. */
async function everything(): Promise<string> {
  const script = `cd ${sandbox().root} && find etc var/lib/eboxmail -printf '%p %i %s %m %T@ %C@\\n' | sort`;
  return (await bash(script)).stdout;
}

async function answer(recipient: string): Promise<string> {
  const client = await stranger(sandbox());
  const reply = await tryRecipient(client, recipient);
  await client.quit();
  return reply;
}

const undo: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const back of undo.splice(0)) await back();
  await sandbox().ok(['apply']);
});

/** Moves a directory away and leaves a link to it. */
async function replaceByLink(path: string): Promise<void> {
  const [there, away] = [`${sandbox().root}/${path}`, `${sandbox().root}/etc/elsewhere`];
  await rename(there, away);
  await symlink(away, there);
  undo.push(async () => {
    await rm(there);
    await rename(away, there);
  });
}

describe('a directory that is a symbolic link', () => {
  it.each(['etc/postfix/eboxmail', 'etc/dovecot/eboxmail'])('%s is ours: nothing is written', async (path) => {
    const address = `${path.split('/')[1] ?? ''}@a.test`;
    await replaceByLink(path);
    await sandbox().ok(['user', 'add', address, '--password-hash', PASSWORD_HASH]);
    const before = await everything();
    expect(before).toContain('etc/elsewhere');
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code).toBe(1);
    expect(stderr).toContain(`${sandbox().root}/${path} is a symbolic link`);
    expect(await everything()).toBe(before);
    expect(await answer(address)).toMatch(/^550 /);
  });

  it.each(['etc/postfix', 'etc/dovecot'])("%s is the machine's: it is kept", async (path) => {
    const address = `linked-${path.split('/')[1] ?? ''}@a.test`;
    await replaceByLink(path);
    await sandbox().ok(['user', 'add', address, '--password-hash', PASSWORD_HASH, '--apply']);
    expect(await readlink(`${sandbox().root}/${path}`)).toContain('elsewhere');
    expect(await answer(address)).toMatch(/^250 /);
  });
});
