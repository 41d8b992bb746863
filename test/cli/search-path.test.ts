import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { scene, STATE } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

const PROGRAMS = ['flock', 'postconf', 'doveconf', 'dovecot', 'doveadm', 'postmap', 'openssl'];

it.each([
  ['that is empty', ''],
  ['that is not set', undefined],
  ['that begins with nothing', ':/usr/bin:/bin'],
  ['that ends with nothing', '/nowhere:'],
  ['with the working directory in it', '/nowhere:.:'],
])('a PATH %s: nothing is run from the working directory', async (_, path) => {
  const there = await scene(STATE);
  const cwd = await tempDir();
  for (const name of PROGRAMS) {
    await writeFile(join(cwd, name), `#!/bin/sh\n/bin/touch "ran-$(/usr/bin/basename "$0")"\n`);
    await chmod(join(cwd, name), 0o755);
  }
  const run = (...args: string[]): ReturnType<typeof runCli> =>
    runCli({ args: ['--root', there.root, ...args], cwd, env: { PATH: path } });
  expect(await run('domain', 'add', 'new.example')).toMatchObject({ code: 0 });
  expect(await run('user', 'add', 'new@new.example', '--generate-password')).toMatchObject({ code: 0 });
  await run('plan');
  expect((await readdir(cwd)).sort()).toEqual([...PROGRAMS].sort());
});
