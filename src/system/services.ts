import { dirname } from 'node:path';
import type { DaemonAction, DaemonName } from '../core/daemons.ts';
import { PATHS } from '../core/render/paths.ts';
import { dovecotProcess, makeSocketDirectories, reloadDovecot, startDovecot } from './dovecot.ts';
import { HangingProgram } from './exec.ts';
import { startFetchmail, stopFetchmail, wakeFetchmail } from './fetchmail.ts';
import { postfixProcess, reloadPostfix, startPostfix, stopPostfix } from './postfix.ts';
import { daemonsBelow, endProcesses, signal } from './processes.ts';
import { startRedis, stopRedis } from './redis.ts';
import { reloadRspamd, startRspamd, stopRspamd } from './rspamd.ts';

/** How daemons are started and told to read their configuration again. */
export type Services = Readonly<Record<DaemonName, (action: DaemonAction) => Promise<void>>>;

/** Daemons started by hand, as in a sandbox or a container; `root` is where their files are. */
export function directServices(root: string): Services {
  const dovecotFile = `${root}/${PATHS.dovecotConf}`;
  const dovecotRun = `${root}/${PATHS.dovecotRun}`;
  const fetchState = `${root}/${PATHS.fetchState}`;
  return {
    postfix: (action) => controlPostfix(root, action),
    redis: async (action) => {
      if (action !== 'start' && action !== 'nothing') await stopRedis(root);
      if (action !== 'stop' && action !== 'nothing') await startRedis(root);
    },
    rspamd: async (action) => {
      if (action === 'reload') return reloadRspamd(root);
      if (action === 'restart' || action === 'stop') await stopRspamd(root);
      if (action === 'restart' || action === 'start') await startRspamd(root);
    },
    dovecot: async (action) => {
      if (action === 'reload') {
        makeSocketDirectories(dovecotRun);
        return reloadDovecot(dovecotFile);
      }
      if (action === 'restart' || action === 'stop') await endMaster(dovecotProcess(dovecotRun));
      if (action === 'restart' || action === 'start') await startDovecot(dovecotFile, dovecotRun);
    },
    fetchmail: async (action) => {
      if (action === 'reload') return wakeFetchmail(fetchState);
      if (action === 'restart' || action === 'stop') await stopFetchmail(fetchState);
      if (action === 'restart' || action === 'start') await startFetchmail(`${root}/${PATHS.fetchService}`, fetchState);
    },
  };
}

/**
 * Where Postfix writes its log itself (in a root other than the machine's), the master may wait for ever for its own postlogd: the socket between them is full,
 * and nobody but the master could start a postlogd to empty it (seen with net.unix.max_dgram_qlen at 10, the kernel's
 * default; systemd makes it 512). Then only a new start helps.
 */
async function controlPostfix(root: string, action: DaemonAction): Promise<void> {
  const directory = `${root}/${PATHS.postfix}`;
  if (action === 'nothing') return;
  try {
    if (action === 'reload') return await reloadPostfix(directory);
    if (action === 'restart' || action === 'stop') await stopPostfix(directory);
  } catch (error) {
    const master = postfixProcess(`${root}/${PATHS.queue}`);
    if (action === 'stop' && master !== undefined && !(error instanceof HangingProgram)) return endMaster(master);
    if (root === '' || !(error instanceof HangingProgram)) throw error;
    await endProcesses(() => daemonsBelow(dirname(`${root}/${PATHS.queue}`)), 0);
  }
  if (action !== 'stop') await startPostfix(directory);
}

/**
 * By a signal, which needs no configuration: when a first apply has gone back, the one that a daemon was started on is gone,
 * or what is in its place is about another.
 */
async function endMaster(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  signal([pid], 'SIGTERM');
  await endProcesses(() => [pid], 10_000);
}
