import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

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

/**
 * Runs the program until it comes to a call that changes something, and stops it there.
 * @returns what lets it go on, and tells how it ended
 */
export async function stoppedAt(
  args: readonly string[],
  at: string,
): Promise<() => Promise<{ code: number | null; stderr: string }>> {
  const env = { ...process.env, FAULT: `stop:${at}` };
  const child = spawn(process.execPath, ['--import', LOADED_BEFORE, 'bin/eboxmail.js', ...args], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
  child.stdout.resume();
  const closed = once(child, 'close');
  const isStopped = (): boolean => / T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8'));
  while (child.exitCode === null && !isStopped()) await sleep(20);
  if (child.exitCode !== null) throw new Error(`it was never at ${at}:\n${stderr}`);
  return async () => {
    child.kill('SIGCONT');
    await closed;
    return { code: child.exitCode, stderr };
  };
}
