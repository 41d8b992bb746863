import type { ChalkInstance } from 'chalk';
import { formatAge } from '../core/duration.ts';
import { shownSender, type QueueMessage, type QueueRecipient } from '../core/queue/message.ts';
import { visibleField } from '../core/visible.ts';

export const QUEUE_HEADER = row('ID', 'QUEUE', 'SIZE', 'AGE', 'SENDER');

/** A message on a terminal: a line of its own and one for each recipient, with the reason why it still waits. */
export function queueLines(message: QueueMessage, now: number, color: ChalkInstance | undefined): readonly string[] {
  const { queue_id, queue_name, message_size, arrival_time, recipients } = message;
  const sender = visibleField(shownSender(message));
  const first = row(queue_id, queue_name, shortSize(message_size), formatAge(now - arrival_time), sender);
  const others = recipients.map(({ address, delay_reason }) => {
    const reason = delay_reason === undefined ? '' : `  (${visibleField(delay_reason)})`;
    return `    ${visibleField(address)}${color === undefined ? reason : color.dim(reason)}`;
  });
  return [first, ...others];
}

function row(id: string, queue: string, size: string, age: string, sender: string): string {
  return `${id.padEnd(16)}  ${queue.padEnd(8)}  ${size.padStart(8)}  ${age.padStart(6)}  ${sender}`;
}

/** The same for cut and awk: id, queue, bytes, time of arrival, sender, recipients each with its reason; tabs between. */
export function queueFields(message: QueueMessage): string {
  const { queue_id, queue_name, message_size, arrival_time, recipients } = message;
  const fields = [
    queue_id,
    queue_name,
    String(message_size),
    new Date(arrival_time * 1000).toISOString().replace('.000', ''),
    shownSender(message),
    recipients.map(recipientText).join('; '),
  ];
  return fields.map(visibleField).join('\t');
}

/** One message in one line, for a question. */
export function queueSample(message: QueueMessage): string {
  const recipients = message.recipients.map(({ address }) => address);
  const more = recipients.length > 2 ? ` and ${recipients.length - 2} more` : '';
  const to = `${recipients.slice(0, 2).join(', ')}${more}`;
  return visibleField(`${message.queue_id}  ${message.queue_name}  ${shownSender(message)} -> ${to}`);
}

function recipientText({ address, delay_reason }: QueueRecipient): string {
  return delay_reason === undefined ? address : `${address} (${delay_reason})`;
}

/** Bytes with at most one decimal: `375 B`, `1.2 kB`, `34 MB`. */
export function shortSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [size, unit] = [bytes, 0];
  for (; size >= 1024 && unit < units.length - 1; unit += 1) size /= 1024;
  return `${unit === 0 || size >= 10 ? Math.round(size) : size.toFixed(1)} ${units[unit] ?? ''}`;
}
