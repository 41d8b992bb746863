import { EboxmailError } from '../../core/errors.ts';
import { parseQueueLine } from '../../core/queue/message.ts';
import { listLines } from '../../system/postfix-queue.ts';
import type { Place } from '../place.ts';
import { requeue } from './act.ts';
import { runningQueue } from './queue-of.ts';

/**
 * Deferred messages with one of these recipients go through aliases again: Postfix looks these up only when it accepts a
 * message.
 * @returns how many; undefined when the queue cannot be listed: the mail system may be down
 */
export async function requeueFor(place: Place, addresses: readonly string[]): Promise<number | undefined> {
  if (addresses.length === 0) return 0;
  const wanted = new Set(addresses);
  try {
    const queue = runningQueue(place);
    const messages = [];
    for await (const lines of listLines(queue)) {
      for (const line of lines) {
        const message = parseQueueLine(line);
        if (message?.queue_name !== 'deferred') continue;
        if (!message.recipients.some(({ address }) => wanted.has(address.toLowerCase()))) continue;
        messages.push({ id: message.queue_id, queue: message.queue_name, size: message.message_size });
      }
    }
    return messages.length === 0 ? 0 : (await requeue(queue, messages)).done;
  } catch (error) {
    if (error instanceof EboxmailError) return undefined;
    throw error;
  }
}
