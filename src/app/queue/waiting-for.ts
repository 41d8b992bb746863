import { EboxmailError } from '../../core/errors.ts';
import { parseQueueLine, type QueueMessage } from '../../core/queue/message.ts';
import { withoutDetail } from '../../core/recipients.ts';
import { listLines, type PostfixQueue } from '../../system/postfix-queue.ts';
import type { Place } from '../state/place.ts';
import { requeue, retry } from './act.ts';
import { runningQueue } from './queue-of.ts';
import type { SelectedMessage } from './select.ts';

/**
 * How many messages of the queue wait for each of these addresses, with whatever detail; Postfix accepted them, and goes by
 * aliases no more. One for several of them counts for the first.
 * @returns undefined when the queue cannot be listed: the mail system may be down
 */
export function messagesWaitingFor(
  place: Place,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, number> | undefined> {
  return inQueue(place, addresses, new Map(), async (queue) => {
    const counts = new Map<string, number>();
    for await (const { address } of messagesTo(queue, addresses)) counts.set(address, (counts.get(address) ?? 0) + 1);
    return counts;
  });
}

/**
 * Deferred messages with one of these recipients go through aliases again: Postfix looks these up only when it accepts a
 * message. Those on hold stay there, and go through them when they are released.
 * @returns how many; undefined when the queue cannot be listed: the mail system may be down
 */
export function requeueFor(place: Place, addresses: readonly string[]): Promise<number | undefined> {
  return inQueue(place, addresses, 0, async (queue) => {
    const messages = await selectTo(queue, addresses, (name) => name === 'deferred');
    return messages.length === 0 ? 0 : (await requeue(queue, messages)).done;
  });
}

/**
 * Deferred messages with one of these recipients are tried now.
 * @returns how many there are that are not on hold; undefined when the queue cannot be listed
 */
export function retryFor(place: Pick<Place, 'root'>, addresses: readonly string[]): Promise<number | undefined> {
  return inQueue(place, addresses, 0, async (queue) => {
    const messages = await selectTo(queue, addresses, (name) => name !== 'hold');
    await retry(queue, messages);
    return messages.length;
  });
}

/** Those in queues of which this holds. */
async function selectTo(
  queue: PostfixQueue,
  addresses: readonly string[],
  isWanted: (name: QueueMessage['queue_name']) => boolean,
): Promise<readonly SelectedMessage[]> {
  const messages: SelectedMessage[] = [];
  for await (const { message } of messagesTo(queue, addresses)) {
    const { queue_id: id, queue_name: name, message_size: size } = message;
    if (isWanted(name)) messages.push({ id, queue: name, size });
  }
  return messages;
}

/** @param nothing is the answer for no address at all */
async function inQueue<Answer>(
  place: Pick<Place, 'root'>,
  addresses: readonly string[],
  nothing: Answer,
  ask: (queue: PostfixQueue) => Promise<Answer>,
): Promise<Answer | undefined> {
  if (addresses.length === 0) return nothing;
  try {
    return await ask(runningQueue(place));
  } catch (error) {
    if (error instanceof EboxmailError) return undefined;
    throw error;
  }
}

async function* messagesTo(
  queue: PostfixQueue,
  addresses: readonly string[],
): AsyncGenerator<{ readonly message: QueueMessage; readonly address: string }, void> {
  const wanted = new Set(addresses);
  for await (const lines of listLines(queue)) {
    for (const line of lines) {
      const message = parseQueueLine(line);
      const names = message?.recipients.map((one) => withoutDetail(one.address.toLowerCase())) ?? [];
      const address = names.find((name) => wanted.has(name));
      if (message !== undefined && address !== undefined) yield { message, address };
    }
  }
}
