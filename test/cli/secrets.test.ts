import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HASH, inTurns, OTHER_HASH, scene, STATE, type Scene } from '../support/scene.ts';

const SECRETS = [HASH, OTHER_HASH].flatMap((hash) => [hash, hash.replace(/^.*SECRET/, 'SECRET')]);

async function outputs(there: Scene, commands: readonly string[], hidden: readonly string[]): Promise<void> {
  const ways = ['', ' --json --debug -v'];
  const lines = commands.flatMap((command) => ways.map((way) => command + way));
  await inTurns(lines, 2, async (line) => {
    const { stdout, stderr } = await there.run(line.split(' '));
    for (const secret of hidden) expect(stdout + stderr, line).not.toContain(secret);
    expect(stdout + stderr).toMatch(/\S/);
  });
}

it('a secret file that is missing is told of with the places where it may be', async () => {
  const there = await scene();
  const elsewhere = join(dirname(there.root), 'own.yaml');
  await writeFile(elsewhere, `${STATE}relay: {smarthost: {host: h, username: u, password: {file: secrets/isp}}}\n`);
  const { code, stderr } = await there.run(['--state', elsewhere, 'plan']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(`the secret file ${there.root}/etc/eboxmail/secrets/isp does not exist
  the state refers to it as a password; it may also be ${dirname(there.root)}/secrets/isp, beside the state
`),
  ]);
});

describe('hashes', () => {
  it('are in no output', async () => {
    const there = await scene(STATE);
    // An older account file, so that the diff has both sides.
    const accounts = join(there.root, 'etc/dovecot/eboxmail/users');
    await mkdir(dirname(accounts), { recursive: true });
    await writeFile(accounts, `alice@example.com:${OTHER_HASH}::::::\nolder@example.com:${HASH}::::::\n`);
    await outputs(
      there,
      [
        'validate',
        'plan',
        'apply --dry-run',
        'apply',
        'domain list',
        'domain show example.com',
        'user list',
        'user show alice@example.com',
        'user show bob@example.com',
        'alias list',
        'user restore alice@example.com',
        'user rename alice@example.com bob@example.com',
        'client alice@example.com',
        'user set bob@example.com --quota 3x',
        'user add bob@example.com',
        `user add bob@example.com --password-hash ${HASH}`,
        `user add x@nowhere.test --password-hash ${HASH}`,
        `user passwd alice@example.com --password-hash ${HASH}:x`,
        `user passwd alice@example.com --password-hash ${HASH} --generate-password`,
        'user remove alice@example.com',
        'domain remove example.com --cascade',
        'alias remove al@example.com',
      ],
      SECRETS,
    );
    await outputs(there, [`user passwd bob@example.com --password-hash ${HASH}`], SECRETS);
  });

  /** What people may write where the hash should be, each with a secret in it. */
  const WRITTEN = [
    'password: {PLAIN}hunter2',
    'password: "{PLAIN}hunter2',
    "password: '{PLAIN}hunter2",
    'password: hunter2',
    'password: [hunter2]',
    'password: {hunter2: x}',
    'password: {file: x, hunter2: y}',
    'password: *hunter2',
    'password: !hunter2 x',
    'password: &a "hunter2',
    'password: @hunter2',
    'password: %hunter2',
    'password: `hunter2',
    'password: "\\hunter2"',
    'password: a: hunter2',
    'password:\n      - hunter2',
    'password: |\n      {PLAIN}hunter2\n      b',
    'password: "{PLAIN}hunter2"',
    'password: "{SHA512-CRYPT}$6$hunter2: "',
    'passwrod: "{PLAIN}hunter2"',
    'pass: hunter2',
    'password: "{PLAIN}x"\n    password: "{PLAIN}hunter2"',
    'password: {file: hunter2\n',
  ];

  it('are in no complaint about a state either', async () => {
    for (const written of WRITTEN) {
      const there = await scene(
        `version: 1\nserver: {mailname: mx.test.example}\ndomains:\n  example.com:\nusers:\n  alice@example.com:\n    ${written}\n`,
      );
      const result = await there.run(['validate', '--json', '--debug']);
      const other = await there.run(['user', 'set', 'alice@example.com', '--name', 'x', '--debug']);
      const text = result.stdout + result.stderr + other.stdout + other.stderr;
      expect(text, written).not.toContain('hunter2');
      expect(text, written).not.toContain('this is a bug');
    }
  });
});
