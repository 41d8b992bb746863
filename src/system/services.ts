import { existsSync } from 'node:fs';
import type { DaemonAction, DaemonName } from '../core/daemons.ts';
import { failed } from '../core/errors.ts';
import { reloadDovecot, startDovecot, stopDovecot } from './dovecot.ts';
import { exec } from './exec.ts';
import { reloadPostfix, startPostfix, stopPostfix } from './postfix.ts';

/** How daemons are started and told to read their configuration again. */
export type Services = Readonly<Record<DaemonName, (action: DaemonAction) => Promise<void>>>;

/** Whether systemd is the running init (sd_booted(3)) and so answers for the machine's own services. */
export function systemdRuns(): boolean {
  return existsSync('/run/systemd/system');
}

export function systemdServices(): Services {
  const control = async (unit: string, action: DaemonAction): Promise<void> => {
    if (action === 'nothing') return;
    const { code, stderr } = await exec('systemctl', [action, unit]);
    if (code !== 0)
      throw failed(`systemctl ${action} ${unit} failed: ${stderr.trim()}`, `look at: systemctl status ${unit}`);
  };
  return {
    postfix: (action) => control('postfix', action),
    dovecot: (action) => control('dovecot', action),
  };
}

/** Daemons started by hand, as in a sandbox or a container. */
export function directServices(postfixDirectory: string, dovecotFile: string, dovecotRun: string): Services {
  return {
    postfix: async (action) => {
      if (action === 'reload') return reloadPostfix(postfixDirectory);
      if (action === 'restart' || action === 'stop') await stopPostfix(postfixDirectory);
      if (action === 'restart' || action === 'start') await startPostfix(postfixDirectory);
    },
    dovecot: async (action) => {
      if (action === 'reload') return reloadDovecot(dovecotFile);
      if (action === 'restart' || action === 'stop') await stopDovecot(dovecotFile);
      if (action === 'restart' || action === 'start') await startDovecot(dovecotFile, dovecotRun);
    },
  };
}
