import { placeOf } from '../../app/state/place.ts';
import { runningQueue } from '../../app/queue/queue-of.ts';
import { EXIT } from '../../core/errors.ts';
import { listOnOutput } from '../../system/postfix-queue.ts';
import type { ProcessLike } from '../context.ts';
import { report } from '../report.ts';
import { ShownCommands } from '../shown-commands.ts';

/**
 * `queue list --json` is what `postqueue -j` prints, so Postfix writes it where it goes. That is a fifth faster than reading
 * it, and has to be before anything touches standard output (see execOnOutput). What this file needs is bundled with
 * `main` (scripts/build.mjs), so that nothing else is loaded.
 * @returns undefined when the command line says more than that
 */
export async function quickList(process: ProcessLike): Promise<number | undefined> {
  const root = quickListRoot(process.argv.slice(2), process.env);
  if (root === undefined) return undefined;
  try {
    await listOnOutput(runningQueue(placeOf(root, undefined)));
    return EXIT.done;
  } catch (error) {
    const at = process.argv.indexOf('--root');
    return report(process, error, new ShownCommands(at < 0 ? {} : { root: process.argv[at + 1] }));
  }
}

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
