import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { tempDir } from '../support/temp.ts';

/** What Dovecot 2.4 is told in other words than 2.3: accounts, limits, ports, folders, Sieve, expiry, learning. */
const TESTS = ['main-job', 'account-file', 'quota', 'retrieval', 'sieve', 'vacation', 'expire', 'filter-memory'];

it('works on Debian 13, with Dovecot 2.4 and the Node that is there', async () => {
  const script = fileURLToPath(new URL('../support/debian-13.sh', import.meta.url));
  const checkout = fileURLToPath(new URL('../..', import.meta.url));
  const args = [script, await tempDir(), checkout, ...TESTS.map((name) => `test/e2e/${name}.test.ts`)];
  const { stdout, stderr } = await promisify(execFile)('sh', args, { maxBuffer: 1e9 }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  expect(stripVTControlCharacters(stderr)).toBe('');
  expect(stripVTControlCharacters(stdout)).toMatch(new RegExp(`Test Files +${TESTS.length} passed`));
}, 900_000);
