import { formatAge } from '../core/duration.ts';
import type { ReadMessage } from '../core/queue/read-message.ts';
import { shownSender } from '../core/queue/message.ts';
import { shortSize } from './queue-rows.ts';
import { visibleField, visibleText } from '../core/visible.ts';

/** A message for people: envelope, the headers that matter, attachments, and the text. */
export function messageText({ envelope, delivered, content }: ReadMessage, now: number): string {
  const { queue_id, queue_name, message_size, arrival_time, recipients } = envelope;
  const arrived = `${new Date(arrival_time * 1000).toISOString().replace('.000', '')} (${formatAge(now - arrival_time)} ago)`;
  const fields: (readonly [string, string])[] = [
    ['Id', `${queue_id} (${queue_name}, ${shortSize(message_size)})`],
    ['Arrived', arrived],
    ['Sender', shownSender(envelope)],
    ...recipients.map(({ address, delay_reason }): [string, string] => [
      'Recipient',
      delay_reason === undefined ? address : `${address} (${delay_reason})`,
    ]),
    ...delivered.map((address): [string, string] => ['Done', address]),
  ];
  const headers = (['from', 'to', 'cc', 'date', 'subject'] as const).flatMap((name): [string, string][] => {
    const value = content[name];
    return value === undefined ? [] : [[`${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`, value]];
  });
  const attachments = content.attachments.map(({ filename, type, size }): [string, string] => [
    'Attachment',
    `${filename ?? 'without a name'} (${type}, ${shortSize(size)})`,
  ]);
  const text = content.text ?? '(no text)';
  return `${lines(fields)}\n${lines([...headers, ...attachments])}\n${visibleText(text).trimEnd()}\n`;
}

function lines(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${`${name}:`.padEnd(12)}${visibleField(value)}\n`).join('');
}
