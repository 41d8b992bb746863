import { EboxmailError } from '../../core/errors.ts';
import { parseQueueLine, type QueueMessage } from '../../core/queue/message.ts';
import { listLines, type PostfixQueue } from '../../system/postfix-queue.ts';
import type { Place } from '../place.ts';
import { requeue } from './act.ts';
import { runningQueue } from './queue-of.ts';
import type { SelectedMessage } from './select.ts';

/**
 * How many messages of the queue have one of these recipients; Postfix accepted them, and would return them when the
 * address is gone.
 * @returns undefined when the queue cannot be listed: the mail system may be down
 */
export function messagesWaitingFor(place: Place, addresses: readonly string[]): Promise<number | undefined> {
  return countIn(place, addresses, async (queue) => {
    let count = 0;
    for await (const _ of messagesTo(queue, addresses)) count += 1;
    return count;
  });
}

/**
 * Deferred messages with one of these recipients go through aliases again: Postfix looks these up only when it accepts a
 * message.
 * @returns how many; undefined when the queue cannot be listed: the mail system may be down
 */
export function requeueFor(place: Place, addresses: readonly string[]): Promise<number | undefined> {
  return countIn(place, addresses, async (queue) => {
    const messages: SelectedMessage[] = [];
    for await (const { queue_id: id, queue_name: name, message_size: size } of messagesTo(queue, addresses)) {
      if (name === 'deferred') messages.push({ id, queue: name, size });
    }
    return messages.length === 0 ? 0 : (await requeue(queue, messages)).done;
  });
}

async function countIn(
  place: Place,
  addresses: readonly string[],
  count: (queue: PostfixQueue) => Promise<number>,
): Promise<number | undefined> {
  if (addresses.length === 0) return 0;
  try {
    return await count(runningQueue(place));
  } catch (error) {
    if (error instanceof EboxmailError) return undefined;
    throw error;
  }
}

async function* messagesTo(queue: PostfixQueue, addresses: readonly string[]): AsyncGenerator<QueueMessage, void> {
  const wanted = new Set(addresses);
  for await (const lines of listLines(queue)) {
    for (const line of lines) {
      const message = parseQueueLine(line);
      if (message?.recipients.some(({ address }) => wanted.has(address.toLowerCase())) === true) yield message;
    }
  }
}
