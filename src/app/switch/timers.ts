import type { RenderedFile } from '../../core/render/rendered-file.ts';
import { isUnit, startTimers, stopTimer } from '../../system/timers.ts';
import type { Prepared } from '../plan/prepare.ts';

/** Timers whose unit files are about to go are stopped while systemd still knows them. */
export async function stopRemovedTimers({ facts, plan }: Prepared): Promise<void> {
  if (facts.jobs.by !== 'systemd') return;
  for (const { path, change } of plan.files) if (change === 'removed' && isUnit(path)) await stopTimer(path);
}

/**
 * Timers whose files are new or changed begin to run; also those that an apply which did not finish put in place, and those
 * that somebody has stopped.
 */
export async function startTimersDue(
  { facts, plan, applied, rendered }: Prepared,
  progress: (step: string) => void,
): Promise<void> {
  if (facts.jobs.by !== 'systemd') return;
  const touched = [...plan.files.map(({ path }) => path), ...(applied?.unfinished?.files.keys() ?? [])];
  if (!touched.some(isUnit) && plan.timers.length === 0) return;
  for (const { name, state } of plan.timers) progress(`starting ${name}, which is ${state}`);
  await startTimers(rendered.map(({ path }: RenderedFile) => path).filter(isUnit));
}
