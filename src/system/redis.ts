import { existsSync } from 'node:fs';
import { failed } from '../core/errors.ts';
import { PATHS } from '../core/render/paths.ts';
import { REDIS_SOCKET } from '../core/render/redis/redis.ts';
import { RSPAMD_USER } from '../core/render/rspamd/rspamd-file.ts';
import { exec } from './exec.ts';
import { lstat } from './files.ts';
import { requireGroup, requireUser } from './identity.ts';
import { answersAt } from './ports.ts';
import { endProcesses, processOf, signal, waitUntil } from './processes.ts';

/** Redis as Debian's package brings it, run on a file of our own, as rspamd's user. */

export function isRedisInstalled(): boolean {
  return existsSync('/usr/bin/redis-server');
}

export async function startRedis(root: string): Promise<void> {
  const ids = [
    '--reuid',
    String(requireUser(RSPAMD_USER)),
    '--regid',
    String(requireGroup(RSPAMD_USER)),
    '--clear-groups',
  ];
  const redis = ['redis-server', `${root}/${PATHS.redisConf}`, '--daemonize', 'yes'];
  const { code } = await exec('setpriv', [...ids, '--no-new-privs', '--reset-env', ...redis], { detached: true });
  const answers = code === 0 && (await waitUntil(() => answersAt(`${root}/${REDIS_SOCKET}`), 30_000));
  if (!answers) throw failed(`Redis ended with status ${code} or does not answer`, 'its log says why');
}

/** Redis writes down what it knows before it ends. */
export async function stopRedis(root: string): Promise<void> {
  const pid = redisProcess(root);
  if (pid === undefined) return;
  signal([pid], 'SIGTERM');
  await endProcesses(() => [pid], 30_000);
}

/** The process id, from its pid file; undefined when none runs. */
export function redisProcess(root: string): number | undefined {
  const data = `${root}/${PATHS.redisData}`;
  if (lstat(data) === undefined) return undefined;
  return processOf(`${root}/${PATHS.redisRun}/redis.pid`, 'redis-server', data);
}
