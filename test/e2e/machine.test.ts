import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { tempDir } from '../support/temp.ts';

const run = promisify(execFile);
const support = (name: string): string => fileURLToPath(new URL(`../support/${name}`, import.meta.url));

it('apply on a machine itself: consent, ports below 1024, mail, rollback, and the originals back', async () => {
  const directory = await tempDir();
  const script = `${directory}/script.sh`;
  const values = {
    CHECKOUT: fileURLToPath(new URL('../..', import.meta.url)),
    NODE: process.execPath,
  };
  const exports = Object.entries(values).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`);
  await writeFile(script, [...exports, await readFile(support('on-the-machine.sh'), 'utf8')].join('\n'));
  const result = await run('sh', [support('own-machine.sh'), directory, script], { timeout: 110_000 }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  expect(`${result.stdout}\n${result.stderr}`).toContain('all is well');
});
