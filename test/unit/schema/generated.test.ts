import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('src/core/generated is what scripts/generate.mjs writes', { timeout: 30_000 }, async () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const { stdout, stderr } = await promisify(execFile)('node', ['scripts/generate.mjs', '--check'], { cwd: root });
  expect(stdout + stderr).toBe('');
});
