import { EboxmailError } from '../../core/errors.ts';
import { parseQueueLine } from '../../core/queue/message.ts';
import { listLines } from '../../system/postfix-queue.ts';
import type { Place } from '../place.ts';
import { runningQueue } from './queue-of.ts';

/**
 * How many messages of the queue have one of these recipients; Postfix accepted them, and would return them when the
 * address is gone.
 * @returns undefined when the queue cannot be listed: the mail system may be down
 */
export async function messagesWaitingFor(place: Place, addresses: readonly string[]): Promise<number | undefined> {
  if (addresses.length === 0) return 0;
  const wanted = new Set(addresses);
  let count = 0;
  try {
    for await (const lines of listLines(runningQueue(place))) {
      for (const line of lines) {
        const recipients = parseQueueLine(line)?.recipients ?? [];
        if (recipients.some(({ address }) => wanted.has(address.toLowerCase()))) count += 1;
      }
    }
    return count;
  } catch (error) {
    if (error instanceof EboxmailError) return undefined;
    throw error;
  }
}
