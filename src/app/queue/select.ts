import { notFound } from '../../core/errors.ts';
import type { QueueFilter } from '../../core/queue/filter.ts';
import { parseQueueLine, type QueueMessage } from '../../core/queue/message.ts';
import { lstat } from '../../system/files.ts';
import { listLines, queueFiles, type PostfixQueue } from '../../system/postfix-queue.ts';

/** Which messages a command is about. */
export type Selection = { readonly ids: readonly string[] } | { readonly filter: QueueFilter };

/** What is remembered of each: there may be a hundred thousand. */
export interface SelectedMessage {
  readonly id: string;
  readonly queue: string;
  /** Bytes. */
  readonly size: number;
}

export interface Selected {
  readonly messages: readonly SelectedMessage[];
  /** The first few, in full. */
  readonly sample: readonly QueueMessage[];
  /** How many have recipients besides those that the filter names. */
  readonly withOthers: number;
  /** How many of those that `counts` holds for. */
  readonly counted: number;
}

const SAMPLE = 5;

/**
 * Finds messages in one pass over the queue.
 * @throws not found (exit 4) when one of the ids is in no queue
 */
export async function select(
  queue: PostfixQueue,
  selection: Selection,
  counts: (message: QueueMessage) => boolean = () => false,
): Promise<Selected> {
  const wanted = 'ids' in selection ? new Set(selection.ids) : undefined;
  const accepts =
    'ids' in selection ? ({ queue_id }: QueueMessage) => wanted?.delete(queue_id) : selection.filter.accepts;
  const messages: SelectedMessage[] = [];
  const sample: QueueMessage[] = [];
  let [withOthers, counted] = [0, 0];
  for await (const lines of listLines(queue)) {
    for (const line of lines) {
      const message = parseQueueLine(line);
      if (message === undefined || accepts(message) !== true) continue;
      messages.push({ id: message.queue_id, queue: message.queue_name, size: message.message_size });
      if (sample.length < SAMPLE) sample.push(message);
      if ('filter' in selection && !message.recipients.every(selection.filter.acceptsRecipient)) withOthers += 1;
      if (counts(message)) counted += 1;
    }
    if (wanted?.size === 0) break;
  }
  if (wanted !== undefined && wanted.size > 0) messages.push(...overlooked(queue, [...wanted]));
  return { messages: unique(messages), sample, withOthers, counted };
}

/** A message that goes from one queue to another while they are listed may not be in the list. */
function overlooked(queue: PostfixQueue, ids: readonly string[]): readonly SelectedMessage[] {
  const files = queueFiles(queue);
  const unknown = ids.filter((id) => !files.has(id));
  if (unknown.length === 0)
    return ids.map((id) => ({
      id,
      queue: files.get(id)?.queue ?? '',
      size: lstat(files.get(id)?.path ?? '')?.size ?? 0,
    }));
  const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : '';
  const names = `${unknown.slice(0, 3).join(', ')}${more}`;
  throw notFound(
    `${unknown.length === 1 ? `the message ${names} is` : `the messages ${names} are`} not in the queue`,
    'it may have been delivered meanwhile; what is there: eboxmail queue list; nothing was changed',
  );
}

/** For the same reason one may be there twice. */
function unique(messages: readonly SelectedMessage[]): readonly SelectedMessage[] {
  return [...new Map(messages.map((message) => [message.id, message])).values()];
}
