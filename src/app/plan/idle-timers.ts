import { basename } from 'node:path';
import type { HostFacts } from '../../core/host-facts.ts';
import type { IdleTimer } from '../../core/plan/plan.ts';
import type { RenderedFile } from '../../core/render/rendered-file.ts';
import type { AppliedRecord } from '../../system/applied-record.ts';
import { isTimer, isTimerAtWork, timerState } from '../../system/timers.ts';

/** Timers that the last apply started and somebody has stopped or disabled since. */
export async function idleTimers(
  { jobs }: HostFacts,
  rendered: readonly RenderedFile[],
  applied: AppliedRecord | undefined,
): Promise<readonly IdleTimer[]> {
  if (jobs.by !== 'systemd') return [];
  const paths = rendered.map(({ path }) => path).filter((path) => isTimer(path) && applied?.files.has(path) === true);
  const found = paths.map(async (path) => ({ name: basename(path), state: await timerState(path) }));
  return (await Promise.all(found)).filter(({ state }) => !isTimerAtWork(state) && !UNKNOWN.has(state));
}

/** What systemctl says where it cannot ask systemd, as in another root. */
const UNKNOWN = new Set(['', 'offline']);
