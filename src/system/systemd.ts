import { existsSync } from 'node:fs';
import type { DaemonAction } from '../core/daemons.ts';
import { failed } from '../core/errors.ts';
import { PATHS } from '../core/render/paths.ts';
import { makeSocketDirectories } from './dovecot.ts';
import { exec } from './exec.ts';
import { reloadRspamd, rspamdProcess } from './rspamd.ts';
import type { Services } from './services.ts';

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

export function systemdServices(): Services {
  return {
    postfix: (action) => controlUnit(POSTFIX, action),
    dovecot: (action) => {
      if (action === 'reload') makeSocketDirectories(`/${PATHS.dovecotRun}`);
      return controlUnit('dovecot', action);
    },
    fetchmail: (action) => controlOwnUnit('eboxmail-fetch', action),
    redis: (action) => controlOwnUnit('eboxmail-redis', action),
    rspamd: async (action) => {
      // systemd would not wait until the processes that work by the former settings have ended.
      if (action === 'reload' && rspamdProcess(`/${PATHS.rspamdRun}`) !== undefined) await reloadRspamd('');
      else await controlOwnUnit('eboxmail-rspamd', action);
    },
  };
}

const POSTFIX = 'postfix';

/** Debian 12's postfix.service does nothing itself: it has this instance of postfix@.service started, which may fail. */
const POSTFIX_INSTANCE = 'postfix@-';

async function controlUnit(unit: string, action: DaemonAction): Promise<void> {
  if (action === 'nothing') return;
  if (action === 'start' || action === 'restart') {
    // One that was started five times in ten seconds, or failed, is not started again otherwise (systemd.unit(5)).
    await exec('systemctl', ['reset-failed', unit, ...(unit === POSTFIX ? [POSTFIX_INSTANCE] : [])]);
  }
  await systemctl(action, unit);
}

/**
 * A unit whose file is ours: systemd has to read it again, but only after it has stopped one whose file is gone. One that
 * runs for systemd, and not as we want it, is started anew.
 */
async function controlOwnUnit(unit: string, action: DaemonAction): Promise<void> {
  if (action === 'nothing') return;
  if (action === 'stop') await controlUnit(unit, action);
  await systemctl('daemon-reload');
  if (action !== 'stop') await controlUnit(unit, action === 'start' ? 'restart' : action);
}
