import { runningQueue } from '../../app/queue/queue-of.ts';
import { placeOf } from '../../app/state/place.ts';
import { parseQueueLine } from '../../core/queue/message.ts';
import { listLines } from '../../system/postfix-queue.ts';

/** More than these nobody reads, and a long queue takes long to read. */
const MOST = 200;

/** The ids of the first messages in the queue. */
export async function queueIds(root: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const lines of listLines(runningQueue(placeOf(root, undefined)))) {
    ids.push(...lines.flatMap((line) => parseQueueLine(line)?.queue_id ?? []));
    if (ids.length >= MOST) break;
  }
  return ids.slice(0, MOST);
}
