import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * A copy of the built program that every user can run: a checkout may lie where only root can read.
 * @param directory that everybody can enter
 * @returns the path of its bin/eboxmail.js
 */
export async function programForAll(directory: string): Promise<string> {
  const program = join(directory, 'program');
  await mkdir(program, { mode: 0o755 });
  for (const part of ['bin', 'dist', 'package.json']) {
    await cp(join(CHECKOUT, part), join(program, part), { recursive: true });
  }
  return join(program, 'bin/eboxmail.js');
}
