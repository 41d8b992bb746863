import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { failed, isForbidden } from '../core/errors.ts';
import { readIfPresent } from './files.ts';

/**
 * The process of this name that a pid file tells of and that works in this directory; undefined when it does not run. Who
 * may not read the file (`plan` works without root) goes by the name alone.
 */
export function processOf(pidFile: string, name: string, directory: string): number | undefined {
  try {
    const pid = Number(readIfPresent(pidFile)?.trim());
    return alive(pid, name, directory) ? pid : undefined;
  } catch (error) {
    if (process.getuid?.() === 0 || !isForbidden(error)) throw error;
    return processIds().find((pid) => alive(pid, name, directory));
  }
}

function processIds(): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/**
 * Whether a process runs, has this name and works in this directory: a pid file may be left over and its number in use by
 * something else, even by the same daemon of another root.
 */
function alive(pid: number, name: string, directory: string): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    // The name stands in brackets and the state after them; Z is a process that has ended (proc(5)).
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.includes(`(${name})`) && !/\) Z/.test(stat) && worksIn(pid, directory);
  } catch {
    return false;
  }
}

/** Only root and its owner may see where a process works; for others its name has to do. */
function worksIn(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(directory);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}

/** Whether a process has ended; one that waits for its parent to look at it has. */
export function gone(pid: number): boolean {
  try {
    return /\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/**
 * Processes with this name that a process has started and not seen the end of (proc(5), task/…/children): each by its id and the
 * moment of its start, as ids are given again.
 * @returns undefined when the kernel does not say
 */
export function childrenOf(pid: number, name: string): readonly string[] | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.filter((child) => nameOf(child) === name).map((child) => `${child} ${startOf(child)}`);
  } catch {
    return undefined;
  }
}

/** In ticks since the machine started (proc(5), stat, field 22); the name before may have blanks. */
function startOf(pid: string): string {
  try {
    return (
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? ''
    );
  } catch {
    return '';
  }
}

export function nameOf(pid: number | string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}

/** The arguments of a process, its program first; none when it has ended. */
export function argumentsOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Waits until a condition holds; false when the time is over. */
export async function waitUntil(condition: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Programs of Postfix, Dovecot, rspamd and Redis, wherever a distribution keeps them; Debian's redis-server is a link. */
const DAEMON = /\/(postfix|dovecot)\/[^/]+( \(deleted\))?$|\/(dovecot|rspamd|redis-server|redis-check-rdb)$/;

/** The daemons' processes that work below a directory, also those whose master has died. */
export function daemonsBelow(directory: string): readonly number[] {
  const above = `${realpathSync(directory)}/`;
  return daemonsWorking((place) => place.startsWith(above));
}

/** The daemons' processes that work in a directory itself, also those whose master has died. */
export function daemonsIn(directory: string): readonly number[] {
  const real = realpathSync(directory);
  return daemonsWorking((place) => place === real);
}

function daemonsWorking(there: (directory: string) => boolean): readonly number[] {
  return processIds().filter((pid) => {
    try {
      const program = readlinkSync(`/proc/${pid}/exe`).replace('/postfix/sbin/', '/postfix/');
      return there(readlinkSync(`/proc/${pid}/cwd`)) && DAEMON.test(program);
    } catch {
      return false;
    }
  });
}

/**
 * Waits until processes that were told to end have ended, and kills those that have not.
 * @param find gives them, again and again: daemons start others until they end
 * @param milliseconds how long they may take
 */
export async function endProcesses(find: () => readonly number[], milliseconds: number): Promise<void> {
  const left = (): readonly number[] => [...new Set(find())].filter((pid) => !gone(pid));
  if (await waitUntil(() => left().length === 0, milliseconds)) return;
  signal(left(), 'SIGKILL');
  if (await waitUntil(() => left().length === 0, 5_000)) return;
  throw failed(`these processes do not end: ${left().join(', ')}`, 'end them by hand');
}

/** Those that have ended meanwhile are no error. */
export function signal(processes: readonly number[], name: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void {
  for (const pid of processes) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
