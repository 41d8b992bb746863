import { chmodSync } from 'node:fs';
import { failed } from '../core/errors.ts';
import { exec } from './exec.ts';

/** What the scripts may do that are not from users: hand on what was moved. */
const OURS = ['-P', 'sieve_imapsieve', '-P', 'sieve_extprograms', '-x', '+vnd.dovecot.pipe'];

/** Compiles a Sieve script, so that those who get mail can run it without compiling it (sievec(1)). */
export async function compileSieve(source: string, target: string): Promise<void> {
  // The live configuration may not be there yet, or be broken; nothing in it matters here.
  const { code, stderr } = await exec('sievec', ['-c', '/dev/null', ...OURS, source, target]);
  if (code !== 0) throw failed(`sievec refuses ${source}: ${stderr.trim()}`);
  chmodSync(target, 0o644);
}
