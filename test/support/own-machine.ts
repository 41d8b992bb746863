import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tempDir } from './temp.ts';

const support = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

/**
 * Runs a script as root of a machine of its own.
 * @param how own-machine.sh or own-systemd.sh
 * @returns what it says
 */
export async function onOwnMachine(how: string, name: string): Promise<string> {
  const directory = await tempDir();
  const script = `${directory}/script.sh`;
  const values = { CHECKOUT: fileURLToPath(new URL('../..', import.meta.url)), NODE: process.execPath };
  const exports = Object.entries(values).map(([key, value]) => `export ${key}='${value.replaceAll("'", "'\\''")}'`);
  await writeFile(script, [...exports, await readFile(support(name), 'utf8')].join('\n'));
  const result = await promisify(execFile)('sh', [support(how), directory, script], { timeout: 200_000 }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  // A service has no terminal of ours to write to.
  const log = await readFile(`${directory}/out/log`, 'utf8').catch(() => '');
  return `${result.stdout}\n${result.stderr}\n${log}`;
}
