import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PASSWORD_HASH, stranger, tryRecipient } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

/** Something else in the place of a file of ours: nothing waits for a FIFO, and nothing changes. */

const sandbox = useSandbox({
  state: `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: }
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
`,
  // Postfix looks at its tables for every client.
  tolerate: [/(error|warning|fatal): .*(Is a directory|open (database|file) |table lookup|aliases)/],
});

const MAKE: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  'a FIFO': (path) => run('mkfifo', [path]),
  'a directory': (path) => mkdir(path),
  'a socket': async (path) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    // Closing it would remove it.
    server.unref();
  },
};

const PATHS = [
  'etc/mailname',
  'etc/aliases',
  'etc/postfix/main.cf',
  'etc/postfix/eboxmail/aliases',
  'etc/postfix/eboxmail/aliases.cdb',
  'etc/dovecot/dovecot.conf',
  'etc/dovecot/eboxmail/users',
];

it.each(PATHS)('in the place of %s', { timeout: 60_000 }, async (name) => {
  const path = `${sandbox().root}/${name}`;
  for (const [what, make] of Object.entries(MAKE)) {
    await rename(path, `${path}.kept`);
    await make(path);
    try {
      for (const args of [['plan'], ['apply', '--adopt'], ['uninstall', '--yes']]) {
        const { code, stderr } = await sandbox().run(args);
        expect(code, `${args.join(' ')}: ${stderr}`).toBe(1);
        expect(stderr).toContain(`${path} is ${what}, where a file belongs`);
        expect(stderr).toContain('move it away and run the command again');
        expect(stderr).not.toMatch(/putting|stop dovecot/);
      }
      const status = await sandbox().run(['status']);
      expect(status.code, status.stderr).toBe(1);
      expect(status.stdout + status.stderr).toContain(`${path} is ${what}, where a file belongs`);
    } finally {
      await rm(path, { recursive: true });
      await rename(`${path}.kept`, path);
    }
  }
  expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  const client = await stranger(sandbox());
  expect(await tryRecipient(client, 'alice@a.test')).toMatch(/^250/);
  await client.quit();
});
