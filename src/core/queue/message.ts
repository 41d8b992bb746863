import { isObject, type Json } from '../json.ts';

/** A message as `postqueue -j` prints it, one JSON object a line (postqueue(1), JSON OBJECT FORMAT). */
export interface QueueMessage {
  readonly queue_name: string;
  readonly queue_id: string;
  /** Seconds since 1970. */
  readonly arrival_time: number;
  /** Bytes, without the envelope. */
  readonly message_size: number;
  /** `MAILER-DAEMON` for the null sender. */
  readonly sender: string;
  /** Those that it still has to go to. */
  readonly recipients: readonly QueueRecipient[];
}

export interface QueueRecipient {
  readonly address: string;
  /** Why it was not delivered the last time; absent when it was not tried, and for mail on hold. */
  readonly delay_reason?: string;
}

/** Queues that hold messages, in the order of a message's life (qmgr(8)). */
export const QUEUE_NAMES = ['maildrop', 'incoming', 'active', 'deferred', 'hold'] as const;

export type QueueName = (typeof QUEUE_NAMES)[number];

/** A line of `postqueue -j`; undefined when it is none. */
export function parseQueueLine(line: string): QueueMessage | undefined {
  let data: Json;
  try {
    data = JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
  if (!isObject(data) || typeof data['queue_id'] !== 'string' || !Array.isArray(data['recipients'])) return undefined;
  return data as unknown as QueueMessage;
}

/** The sender as people write it. */
export function shownSender({ sender }: Pick<QueueMessage, 'sender'>): string {
  return isNullSender(sender) ? '<>' : sender;
}

/** Postfix puts this name for the null sender; an address of that name has a domain. */
export function isNullSender(sender: string): boolean {
  return sender === '' || sender === 'MAILER-DAEMON';
}

/**
 * Whether a text has the form of a queue id, short or long (postconf(5), enable_long_queue_ids). What else Postfix's tools
 * act on, such as the word ALL, options and paths, has not.
 */
export function isQueueId(text: string): boolean {
  return /^[0-9A-Za-z]{6,40}$/.test(text);
}
