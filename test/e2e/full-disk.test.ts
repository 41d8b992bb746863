import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD_HASH, stranger, tryRecipient } from '../support/mail.ts';
import { finishSandbox, startSandbox, type Sandbox } from '../support/sandbox.ts';
import { makeTempDir } from '../support/temp.ts';

const run = promisify(execFile);

/** Postfix takes no mail for which it has no room, so that a full disk lets the proof fail. */
const STATE = `
version: 1
server: {mailname: mx.example.test, limits: {message: 1 MB}}
domains:
  a.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
`;

describe('a machine whose only disk is full', { timeout: 120_000 }, () => {
  let disk = '';
  let remove: () => Promise<void> = async () => undefined;
  let sandbox: Sandbox;

  beforeAll(async () => {
    const directory = await makeTempDir();
    remove = directory.remove;
    disk = `${directory.path}/disk`;
    await writeFile(`${directory.path}/state.yaml`, STATE);
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=40m,mode=755', 'tmpfs', disk]);
    sandbox = await startSandbox(`${disk}/sb`, { state: `${directory.path}/state.yaml` });
  });

  afterAll(async () => {
    try {
      await finishSandbox(sandbox.root, [/./]);
    } finally {
      await run('umount', ['-l', disk]);
      await remove();
    }
  });

  const sums = async (): Promise<string> => {
    const find = `cd ${sandbox.root}/etc && find postfix dovecot aliases* mailname -type f | sort | xargs sha256sum`;
    return (await run('sh', ['-c', find])).stdout;
  };

  async function answer(recipient: string): Promise<string> {
    const client = await stranger(sandbox);
    const reply = await tryRecipient(client, recipient);
    await client.quit();
    return reply;
  }

  it('goes back to what it was, with as little room as an apply can begin with', async () => {
    const codes: (number | null)[] = [];
    for (const spare of [60, 80, 90, 100, 120]) {
      const user = `full${spare}@a.test`;
      await sandbox.ok(['user', 'add', user, '--password-hash', PASSWORD_HASH]);
      await sandbox.ok(['server', 'set', '--message-size', `${1000 + spare} KB`]);
      const before = await sums();
      const filler = `${disk}/filler`;
      await run('sh', ['-c', `cat /dev/zero > ${filler} 2>/dev/null; truncate -s -${spare}K ${filler}`]);
      const { code, stderr } = await sandbox.run(['apply']);
      codes.push(code);
      await rm(filler);
      expect([1, 8], `${spare} kB\n${stderr}`).toContain(code);
      expect(await sums(), stderr).toBe(before);
      expect(existsSync(`${sandbox.root}/var/lib/eboxmail/undo`), stderr).toBe(false);
      expect(await answer('alice@a.test')).toMatch(/^250 /);
      expect(await answer(user)).toMatch(/^550 /);
      await sandbox.ok(['apply']);
      expect(await answer(user)).toMatch(/^250 /);
    }
    expect(codes).toContain(8);
  });
});
