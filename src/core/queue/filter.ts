import { domainToASCII } from 'node:url';
import { parseDuration } from '../duration.ts';
import { usageError } from '../errors.ts';
import { domainOf } from '../recipients.ts';
import { quoted } from '../state/schema-words.ts';
import { wordHint } from '../state/unknown-key.ts';
import { parseSize } from '../units.ts';
import { isNullSender, QUEUE_NAMES, type QueueMessage, type QueueRecipient } from './message.ts';

/** Filters as they are typed; all that are given must hold. */
export interface FilterOptions {
  readonly sender?: string;
  readonly recipient?: string;
  readonly domain?: string;
  readonly reason?: string;
  readonly queue?: string;
  readonly olderThan?: string;
  readonly youngerThan?: string;
  readonly largerThan?: string;
}

export interface QueueFilter {
  /** Whether a message is meant. */
  readonly accepts: (message: QueueMessage) => boolean;
  /** Whether one of its recipients is: it has a further one that is not, when this does not hold for all. */
  readonly acceptsRecipient: (recipient: QueueRecipient) => boolean;
}

export const FILTER_NAMES = [
  'sender',
  'recipient',
  'domain',
  'reason',
  'queue',
  'olderThan',
  'youngerThan',
  'largerThan',
] as const satisfies readonly (keyof FilterOptions)[];

export function hasFilters(options: FilterOptions): boolean {
  return FILTER_NAMES.some((name) => options[name] !== undefined);
}

type Test<T> = (value: T) => boolean;

/** Makes the test of a regular expression. */
export type Matching = (expression: RegExp) => Test<string>;

/**
 * What recipients are filtered by has to hold for one and the same recipient.
 * @param now seconds since 1970
 * @param matching says how regular expressions are tried, which may take for ever
 * @throws usage error (exit 2) for a value that cannot be meant
 */
export function makeFilter(options: FilterOptions, now: number, matching: Matching): QueueFilter {
  const message: Test<QueueMessage>[] = [];
  const recipient: Test<QueueRecipient>[] = [];
  const { sender, recipient: to, domain, reason, queue, olderThan, youngerThan, largerThan } = options;
  if (sender !== undefined) {
    const test = sender === '<>' || sender === '' ? isNullSender : glob(sender);
    message.push((one) => test(one.sender));
  }
  if (queue !== undefined) {
    const names = queueNames(queue);
    message.push(({ queue_name }) => names.has(queue_name));
  }
  if (olderThan !== undefined) {
    const before = now - seconds('--older-than', olderThan);
    message.push(({ arrival_time }) => arrival_time < before);
  }
  if (youngerThan !== undefined) {
    const after = now - seconds('--younger-than', youngerThan);
    message.push(({ arrival_time }) => arrival_time > after);
  }
  if (largerThan !== undefined) {
    const size = bytes(largerThan);
    message.push(({ message_size }) => message_size > size);
  }
  if (to !== undefined) {
    const test = glob(to);
    recipient.push(({ address }) => test(address));
  }
  if (domain !== undefined) {
    const test = glob(domain);
    recipient.push(({ address }) => address.includes('@') && test(domainOf(address)));
  }
  if (reason !== undefined) {
    const test = matching(regularExpression(reason));
    recipient.push(({ delay_reason = '' }) => test(delay_reason));
  }
  const acceptsRecipient: Test<QueueRecipient> = (one) => recipient.every((test) => test(one));
  return {
    accepts: (one) =>
      message.every((test) => test(one)) && (recipient.length === 0 || one.recipients.some(acceptsRecipient)),
    acceptsRecipient,
  };
}

/** `*` is any text and `?` any character; case does not count, and a domain may be in U-labels or A-labels. */
function glob(pattern: string): Test<string> {
  if (pattern === '') throw usageError('a pattern is empty', "write '*' for everything");
  const source = plain(pattern)
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 'su');
  return (text) => expression.test(plain(text));
}

function plain(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  const at = text.lastIndexOf('@') + 1;
  const domain = domainToASCII(text.slice(at));
  return `${text.slice(0, at)}${domain === '' ? text.slice(at) : domain}`.toLowerCase();
}

function regularExpression(text: string): RegExp {
  try {
    return new RegExp(text, 'iu');
  } catch (error) {
    const why = (error as Error).message.replace(/^Invalid regular expression: /, '');
    throw usageError(
      `--reason "${text}" is no regular expression: ${why}`,
      'put \\ before . * + ? ( ) [ ] that are meant',
    );
  }
}

function queueNames(text: string): ReadonlySet<string> {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  const wrong = names.find((name) => !(QUEUE_NAMES as readonly string[]).includes(name));
  if (wrong !== undefined) throw usageError(`${quoted(wrong)} is no queue`, wordHint(wrong, QUEUE_NAMES));
  return new Set(names);
}

function seconds(option: string, text: string): number {
  const found = parseDuration(text);
  if (found === undefined) throw usageError(`${option} "${text}" is no time`, 'write e.g. 90 s, 30 min, 2h or 3 d');
  return found;
}

function bytes(text: string): number {
  const found = parseSize(text);
  if (found === undefined || found === null)
    throw usageError(`--larger-than "${text}" is no size`, 'write e.g. 500 kB, 1MB or 2 GB');
  return found;
}
