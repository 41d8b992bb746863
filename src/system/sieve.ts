import { chmodSync } from 'node:fs';
import { failed } from '../core/errors.ts';
import { exec } from './exec.ts';

/** What the scripts may do that are not from users: hand on what was moved. */
const OURS = ['-P', 'sieve_imapsieve', '-P', 'sieve_extprograms', '-x', '+vnd.dovecot.pipe'];

/**
 * Compiles a Sieve script, so that those who get mail can run it without compiling it (sievec(1)).
 * @param config dovecot.conf; Dovecot 2.4 compiles nothing without one
 */
export async function compileSieve(config: string, source: string, target: string): Promise<void> {
  const { code, stderr } = await exec('sievec', ['-c', config, ...OURS, source, target]);
  if (code !== 0) throw failed(`sievec refuses ${source}: ${stderr.trim()}`);
  chmodSync(target, 0o644);
}
