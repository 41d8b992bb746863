import { basename } from 'node:path';
import { exec } from './exec.ts';
import { systemctl } from './systemd.ts';

/** systemd's timers of the machine, by the paths of their unit files. */

const UNITS = 'etc/systemd/system/';

export function isUnit(path: string): boolean {
  return path.startsWith(UNITS);
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

/** Whether a timer waits for its time; otherwise systemd's word for what it does. */
export async function timerState(path: string): Promise<string> {
  const { stdout } = await exec('systemctl', ['is-active', basename(path)]);
  return stdout.trim();
}
