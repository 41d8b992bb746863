import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scene, STATE } from '../support/scene.ts';

it('uses the name of the certificate, and the standard ports', async () => {
  const there = await scene(STATE);
  const { stdout, stderr } = await there.ok(['client', 'ALICE@Example.com']);
  expect(stdout).toContain('User name:       alice@example.com ');
  expect(stdout).toMatch(/^SMTP +mx\.test\.example +587 +STARTTLS$/m);
  expect(stdout).toMatch(/^SMTP +mx\.test\.example +465 +SSL\/TLS \(implicit\)$/m);
  expect(stdout).toMatch(/^IMAP +mx\.test\.example +993 +SSL\/TLS \(implicit\)$/m);
  expect(stderr).toContain('self-signed');
  expect(stdout + stderr).not.toContain('SECRET');
});

it('uses what host.yaml says of listeners and ports', async () => {
  const there = await scene(STATE);
  const host = join(there.root, 'etc/eboxmail/host.yaml');
  await mkdir(join(there.root, 'etc/eboxmail'), { recursive: true });
  for (const [text, server, port] of [
    ['version: 1\nport_offset: 300\n', 'mx.test.example', '887'],
    ['version: 1\nlisten: [192.0.2.25]\n', 'mx.test.example', '587'],
    ['version: 1\nlisten: ["::1", 127.0.0.1]\n', '::1', '587'],
    ['version: 1\nlisten: [192.0.2.25]\nsandbox: {outbound: out}\n', '192.0.2.25', '587'],
  ] as const) {
    await writeFile(host, text);
    const { stdout } = await there.ok(['client', 'alice@example.com']);
    expect(/^SMTP +(\S+) +(\d+) +STARTTLS$/m.exec(stdout)?.slice(1), text).toEqual([server, port]);
  }
  await writeFile(host, 'version: 1\nlisten: [nonsense]\n');
  await there.refuses(3, ['client', 'alice@example.com']);
});

it('explains why others cannot log in, and names who can', async () => {
  const there = await scene(`${STATE}  away@example.com: friend@partner.example\n`);
  const cases = [
    [
      4,
      'al@example.com',
      'is an alias, and aliases cannot log in',
      'use the account: eboxmail client alice@example.com',
    ],
    [4, 'both@example.com', 'is an alias', 'use one of the accounts: alice@example.com, bob@example.com'],
    [4, 'team@example.com', 'is an alias', 'eboxmail client alice@example.com'],
    [4, 'away@example.com', 'is an alias', 'its mail goes to friend@partner.example'],
    [4, 'alice@example.net', 'is a domain alias of example.com', 'eboxmail client alice@example.com'],
    [4, 'al@example.net', 'is a domain alias of example.com', 'eboxmail client alice@example.com'],
    [4, 'carol@other.example', 'has no mail account', 'eboxmail user set carol@other.example --account'],
    [4, 'staff', 'is a group, and groups cannot log in', 'eboxmail client alice@example.com'],
    [4, 'alcie@example.com', 'there is no user', 'did you mean alice@example.com?'],
    [4, 'x@elsewhere.test', 'there is no user', 'eboxmail user add'],
    [2, 'alice', 'has no "@"', 'eboxmail client alice@example.com'],
    [2, 'nobody', 'has no "@"', 'the full address'],
    [2, 'alice+x@example.com', 'no address', ''],
    [2, 'a b@example.com', 'no address', ''],
    [2, '', 'no address', ''],
  ] as const;
  for (const [code, address, why, what] of cases) {
    const words = await there.refuses(code, ['client', address]);
    expect(words, address).toContain(why);
    expect(words, address).toContain(what);
  }
  await there.refuses(2, ['client', 'alice@example.com', '--format', 'outlook']);
  await there.refuses(2, ['client', 'alice@example.com', '--format', 'apple', '--qr']);
  await there.refuses(2, ['client', 'alice@example.com', '--format', 'thunderbird', '--json']);
  await there.refuses(2, ['client']);
});

it('says that a password is missing', async () => {
  const there = await scene(STATE.replace(/^ {4}password: .*\n/m, '    account: true\n'));
  const result = await there.run(['client', 'alice@example.com']);
  expect(`${result.stdout}${result.stderr}`).toContain('eboxmail user passwd alice@example.com');
});
