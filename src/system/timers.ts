import { basename } from 'node:path';
import { exec } from './exec.ts';
import { systemctl } from './systemd.ts';

/** systemd's timers of the machine, by the paths of their unit files. */

const UNITS = 'etc/systemd/system/';

export function isUnit(path: string): boolean {
  return path.startsWith(UNITS);
}

export function isTimer(path: string): boolean {
  return isUnit(path) && path.endsWith('.timer');
}

/** Before its file goes: afterwards systemd would not know what to disable. */
export async function stopTimer(path: string): Promise<void> {
  if (path.endsWith('.timer')) await systemctl('disable', '--now', basename(path));
}

/** Has systemd read the unit files, and the timers among them run from now on. */
export async function startTimers(paths: readonly string[]): Promise<void> {
  await systemctl('daemon-reload');
  for (const path of paths) {
    if (!path.endsWith('.timer')) continue;
    await systemctl('enable', basename(path));
    await systemctl('restart', basename(path));
  }
}

/** systemd's word for what a timer does; where it waits for its time, and would not after the next start of the machine, for that. */
export async function timerState(path: string): Promise<string> {
  const ask = async (question: string): Promise<string> =>
    (await exec('systemctl', [question, basename(path)])).stdout.trim();
  const [active, enabled] = await Promise.all([ask('is-active'), ask('is-enabled')]);
  return active === AT_WORK && enabled !== 'enabled' ? enabled : active;
}

const AT_WORK = 'active';

export function isTimerAtWork(state: string): boolean {
  return state === AT_WORK;
}
