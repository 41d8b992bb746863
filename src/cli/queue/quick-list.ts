import { placeOf } from '../../app/place.ts';
import { runningQueue } from '../../app/queue/queue-of.ts';
import { listOnOutput } from '../../system/postfix-queue.ts';

/** The root of a command line that is `queue list --json` and nothing more; undefined for any other. */
export function quickListRoot(args: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const words = [...args];
  const at = words.indexOf('--root');
  const given = at < 0 ? undefined : words.splice(at, 2)[1];
  const json = words.indexOf('--json');
  if (json >= 0) words.splice(json, 1);
  if (words.join(' ') !== 'queue list' || json < 0 || (at >= 0 && !given)) return undefined;
  return given ?? (env['EBOXMAIL_ROOT'] || '/');
}

/** Lists the queue in the words of postqueue, on standard output. */
export function listAsItIs(root: string): Promise<void> {
  return listOnOutput(runningQueue(placeOf(root, undefined)));
}
