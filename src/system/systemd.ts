import { existsSync } from 'node:fs';
import type { DaemonAction } from '../core/daemons.ts';
import { failed } from '../core/errors.ts';
import { exec } from './exec.ts';
import { readIfPresent } from './files.ts';
import { masterProcesses } from './master-processes.ts';
import { directServices, type Services } from './services.ts';

/** Whether systemd has the services of a root: the wish of host.yaml, or whether it is the machine's init (sd_booted(3)). */
export function usesSystemd(root: string, wish: 'systemd' | 'direct' | undefined): boolean {
  return wish === undefined ? root === '' && existsSync('/run/systemd/system') : wish === 'systemd';
}

/** @throws failed with what systemd says */
export async function systemctl(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await exec('systemctl', args);
  const look = args.length > 1 ? `systemctl status ${args.at(-1)}` : 'systemctl --failed';
  if (code !== 0) throw failed(`systemctl ${args.join(' ')} failed: ${stderr.trim()}`, `look at: ${look}`);
}

export function systemdServices(root: string): Services {
  const direct = directServices(root);
  // A reload is a signal to the master, and reaches also one that somebody started by hand, of which the unit knows nothing.
  const ofPackage =
    (name: 'dovecot' | 'postfix', units: readonly string[]): Services['dovecot'] =>
    async (action) => {
      if (action === 'reload') return direct[name](action);
      const master = masterProcesses(root)[name];
      if (action !== 'start' && master !== undefined && !isOfUnit(master, units)) await direct[name]('stop');
      await controlUnit(units, action);
    };
  return {
    // Debian 12's postfix.service does nothing itself: it has the instance started, which may fail.
    postfix: ofPackage('postfix', ['postfix', 'postfix@-']),
    dovecot: ofPackage('dovecot', ['dovecot']),
    fetchmail: (action) => controlOwnUnit('eboxmail-fetch', action),
    redis: (action) => controlOwnUnit('eboxmail-redis', action),
    // systemd would not wait until the processes that work by the former settings have ended.
    rspamd: (action) => (action === 'reload' ? direct.rspamd(action) : controlOwnUnit('eboxmail-rspamd', action)),
  };
}

/** Whether systemd started a process for one of these units (proc(5), cgroup). */
function isOfUnit(pid: number, units: readonly string[]): boolean {
  const groups = readIfPresent(`/proc/${pid}/cgroup`)?.split(/[/\n]/) ?? [];
  return units.some((unit) => groups.includes(`${unit}.service`));
}

/** @param units the one that is told, and those that are behind it */
async function controlUnit(units: readonly string[], action: DaemonAction): Promise<void> {
  if (action === 'nothing') return;
  // One that was started five times in ten seconds, or failed, is not started again otherwise (systemd.unit(5)).
  if (action === 'start' || action === 'restart') await exec('systemctl', ['reset-failed', ...units]);
  await systemctl(action, units[0] ?? '');
}

/**
 * A unit whose file is ours: systemd has to read it again, but only after it has stopped one whose file is gone. One that
 * runs for systemd, and not as we want it, is started anew.
 */
async function controlOwnUnit(unit: string, action: DaemonAction): Promise<void> {
  if (action === 'nothing') return;
  if (action === 'stop') await controlUnit([unit], action);
  await systemctl('daemon-reload');
  if (action !== 'stop') await controlUnit([unit], action === 'start' ? 'restart' : action);
}
