import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { imapLogin, PASSWORD_HASH, tryLogin } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

const state = (certificate: string, key: string): string => `
version: 1
server: {mailname: mx.example.test, tls: {certificate: ${certificate}, key: ${key}}}
domains:
  a.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
`;

let place = '';

const sandbox = useSandbox({
  state: '',
  // Writes the state, too, which names files that are made here.
  prepare: async (directory) => {
    place = directory;
    const [key, certificate] = [`${directory}/alone.key`, `${directory}/alone.pem`];
    const files = ['-keyout', key, '-out', certificate];
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=mx.example.test', ...files]);
    await run('sh', ['-c', `cat ${key} ${certificate} > ${directory}/key-first.pem`]);
    await run('sh', ['-c', `cat ${certificate} ${key} > ${directory}/key-last.pem`]);
    await writeFile(`${directory}/given.yaml`, state(`${directory}/key-first.pem`, `${directory}/key-first.pem`));
  },
});

describe('certificate and key', { timeout: 60_000 }, () => {
  it('in one file are served by every port', async () => {
    expect((await tryLogin(sandbox(), 'alice@a.test')).code).toBe(235);
    expect(await imapLogin(sandbox(), 'alice@a.test')).toBe(true);
  });

  it.each([
    ['key-last.pem', 'key-last.pem'],
    ['alone.pem', 'key-first.pem'],
    ['key-first.pem', 'alone.key'],
    ['alone.pem', 'alone.key'],
  ])('certificate %s, key %s', async (certificate, key) => {
    await sandbox().writeState(state(`${place}/${certificate}`, `${place}/${key}`));
    await sandbox().ok(['apply']);
    expect((await tryLogin(sandbox(), 'alice@a.test')).code).toBe(235);
  });
});
