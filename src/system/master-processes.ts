import { DAEMONS, type DaemonName } from '../core/daemons.ts';
import { PATHS } from '../core/render/paths.ts';
import { dovecotProcess } from './dovecot.ts';
import { fetchmailProcess } from './fetchmail.ts';
import { postfixProcess } from './postfix.ts';
import { redisProcess } from './redis.ts';
import { rspamdProcess } from './rspamd.ts';

/** The process id of each daemon's master under a root; undefined where none runs. */
export function masterProcesses(root: string): Readonly<Record<DaemonName, number | undefined>> {
  return {
    dovecot: dovecotProcess(`${root}/${PATHS.dovecotRun}`),
    redis: redisProcess(root),
    rspamd: rspamdProcess(`${root}/${PATHS.rspamdRun}`),
    postfix: postfixProcess(`${root}/${PATHS.queue}`),
    fetchmail: fetchmailProcess(`${root}/${PATHS.fetchState}`),
  };
}

export function runningDaemons(root: string): readonly DaemonName[] {
  const masters = masterProcesses(root);
  return DAEMONS.filter((name) => masters[name] !== undefined);
}
