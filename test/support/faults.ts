import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const LOADED_BEFORE = fileURLToPath(new URL('./faults.mjs', import.meta.url));

/**
 * Runs the program so that it fails or is killed at a call that changes something.
 * @param fault and `countFile` as faults.mjs says
 */
export async function runWithFault(
  args: readonly string[],
  fault: string,
  countFile = '',
): Promise<{ code: number | null; signal: string | null; stderr: string }> {
  const all = ['--import', LOADED_BEFORE, 'bin/eboxmail.js', ...args];
  const env = { ...process.env, FAULT: fault, FAULT_COUNT: countFile };
  try {
    return { code: 0, signal: null, stderr: (await promisify(execFile)(process.execPath, all, { env })).stderr };
  } catch (error) {
    const { code, signal, stderr } = error as { code: number | null; signal: string | null; stderr: string };
    return { code, signal, stderr };
  }
}
