import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { onTestFinished } from 'vitest';

export interface TempDirectory {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/** For use inside a test: a directory that is gone when the test has finished, whether it passed or not. */
export async function tempDir(): Promise<string> {
  const { path, remove } = await makeTempDir();
  onTestFinished(remove);
  return path;
}

/**
 * A directory that several tests share; a `beforeAll` returns `remove`. Right under /tmp whatever TMPDIR says, because
 * the paths of Unix sockets may have 107 characters, and open to the daemons' users (mkdtemp alone makes it 0700).
 */
export async function makeTempDir(): Promise<TempDirectory> {
  const path = await mkdtemp('/tmp/eboxmail-');
  await chmod(path, 0o755);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 }) };
}
