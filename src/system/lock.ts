import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { EboxmailError, EXIT, failed, refused } from '../core/errors.ts';
import { environment } from './exec.ts';

/** Seconds to wait for another eboxmail; EBOXMAIL_LOCK_WAIT in the environment changes it. */
const DEFAULT_WAIT = 60;

/** Room for any process id. */
const HOLDER_LENGTH = 60;

/** Exit status that flock(1) is told to give when the time is over. */
const TIMED_OUT = 75;

/**
 * Runs `work` while holding the lock on `path`. It is a flock(2) on an open file of this process, so the kernel lets go of
 * it when the process ends in whatever way; the file itself stays and means nothing.
 * Node has no flock: flock(1) takes it on the descriptor that it inherits, and the lock belongs to the open file, which
 * this process goes on holding.
 * @param wait seconds
 * @throws EboxmailError exit 6 when another process still has it after the waiting time
 */
export async function withLock<T>(path: string, work: () => Promise<T>, wait = waitingTime()): Promise<T> {
  return withSilentLock(
    path,
    (describe) => {
      describe();
      return work();
    },
    wait,
  );
}

/** The same, but nothing is written, who has the lock included, until `work` calls what it is given. */
export async function withSilentLock<T>(
  path: string,
  work: (describe: () => void) => Promise<T>,
  wait = waitingTime(),
): Promise<T> {
  const descriptor = openLockFile(path);
  try {
    await acquire(descriptor, path, wait);
    return await work(() => describeHolder(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function openLockFile(path: string): number {
  try {
    const descriptor = openToLock(path);
    if (fstatSync(descriptor).isFile()) return descriptor;
    closeSync(descriptor);
  } catch (error) {
    throw refused(`cannot open the lock file ${path}`, error);
  }
  throw failed(`${path} is no regular file`, 'remove it; eboxmail locks with it');
}

/** One that is there can be locked on a file system that cannot be written, too. */
function openToLock(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EROFS') throw error;
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  }
}

async function acquire(descriptor: number, path: string, wait: number): Promise<void> {
  const code = await new Promise<number>((resolve, reject) => {
    const args = ['--exclusive', '--wait', String(wait), '--conflict-exit-code', String(TIMED_OUT), '3'];
    const child = spawn('flock', args, { stdio: ['ignore', 'ignore', 'ignore', descriptor], env: environment() });
    child.on('error', () => reject(failed('flock is not installed', 'install it: apt-get install util-linux')));
    child.on('close', (status) => resolve(status ?? 1));
  });
  if (code === 0) return;
  if (code !== TIMED_OUT) throw failed(`cannot lock ${path} (flock ended with status ${code})`);
  const holder = holderIn(readFileSync(path, 'utf8'));
  throw new EboxmailError(
    EXIT.locked,
    `another eboxmail is at work${holder === '' ? '' : ` (${holder})`}, and did not end within ${wait} s`,
    'try again when it is done; EBOXMAIL_LOCK_WAIT sets how many seconds to wait',
  );
}

/** Who has the lock; empty when it is somebody who did not say so: the one who did is no more. */
function holderIn(text: string): string {
  const pid = Number(/^process (\d+),/.exec(text)?.[1] ?? 0);
  try {
    // To 0 it would be the own group.
    if (pid > 0) process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return '';
  }
  return text.trim();
}

function waitingTime(): number {
  const wish = process.env['EBOXMAIL_LOCK_WAIT'] ?? '';
  return /^\d{1,6}(\.\d{1,3})?$/.test(wish) ? Number(wish) : DEFAULT_WAIT;
}

/** For the message to who waits; on a full disk it is not worth a failure. */
function describeHolder(descriptor: number): void {
  try {
    // Always as long, and written over what was there: file systems flush what follows a truncation.
    writeSync(descriptor, `process ${process.pid}, since ${new Date().toISOString()}`.padEnd(HOLDER_LENGTH) + '\n', 0);
  } catch {
    // The lock holds without it.
  }
}
