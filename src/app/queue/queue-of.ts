import { failed } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { requireRunning, type PostfixQueue } from '../../system/postfix-queue.ts';
import type { Place } from '../state/place.ts';
import { keptDeletions } from './undo-area.ts';

/** @throws failed (exit 1) when the mail system is down */
export function runningQueue({ root }: Pick<Place, 'root'>): PostfixQueue {
  const queue = { config: `${root}/${PATHS.postfix}`, directory: `${root}/${PATHS.queue}` };
  requireRunning(queue);
  return queue;
}

/** The queue for those who change it or look into its messages. Deletions that are too old to be undone are forgotten. */
export function ownQueue(place: Pick<Place, 'root'>, what: string): PostfixQueue {
  if (process.getuid?.() !== 0) throw failed(`${what} must be run as root`, 'use sudo; queue list works without');
  keptDeletions(place.root, Date.now());
  return runningQueue(place);
}
