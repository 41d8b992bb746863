import { runningQueue } from '../../app/queue/queue-of.ts';
import { EXIT, usageError } from '../../core/errors.ts';
import { hasFilters, type FilterOptions, type QueueFilter } from '../../core/queue/filter.ts';
import { parseQueueLine, type QueueMessage } from '../../core/queue/message.ts';
import { SortedLines, type SortKey } from '../../core/queue/sort.ts';
import { SummaryCount } from '../../core/queue/summary.ts';
import { corruptMessages, listLines, type PostfixQueue } from '../../system/postfix-queue.ts';
import { QUEUE_HEADER, queueFields, queueLines } from '../../ui/queue-rows.ts';
import { summaryText } from '../../ui/queue-summary.ts';
import { paint } from '../../ui/terminal.ts';
import { printJson, type Context } from '../context.ts';
import { filterOf, secondsNow } from '../queue-filters.ts';

export interface ListOptions extends FilterOptions {
  readonly sort?: SortKey;
  readonly reverse?: boolean;
  readonly limit?: string;
  readonly ids?: boolean;
  readonly watch?: boolean;
}

/** A message with the line that it was read from. */
export interface Listed {
  readonly line: string;
  readonly message: QueueMessage;
}

export async function list(context: Context, options: ListOptions): Promise<number> {
  if (options.reverse === true && options.sort === undefined) throw usageError('--reverse needs --sort');
  const limit = limitOf(options.limit);
  if (options.watch === true) return (await import('./watch.ts')).watch(context, options, limit);
  // What is wrong with the command is said before what is wrong with the machine.
  filterOf(options);
  const queue = runningQueue(context.place);
  const show = await writer(context, options);
  let count = 0;
  let open = true;
  if (context.terminal.tables && !context.json && options.ids !== true)
    await context.terminal.pour(`${QUEUE_HEADER}\n`);
  for await (const batch of wanted(queue, options, limit)) {
    count += batch.length;
    open = await context.terminal.pour(batch.map(show).join(''));
    if (!open) break;
  }
  if (open) context.terminal.say(summaryLine(count, limit));
  return EXIT.done;
}

/** The messages that are meant, in batches as they come, or in order where they are sorted. */
export async function* wanted(
  queue: PostfixQueue,
  options: ListOptions,
  limit: number,
): AsyncGenerator<readonly Listed[], void> {
  const { accepts } = filterOf(options);
  if (options.sort !== undefined) return yield* sorted(queue, options, options.sort, accepts, limit);
  let left = limit;
  for await (const lines of listLines(queue)) {
    const fitting = lines.flatMap((line) => listed(line, accepts)).slice(0, left);
    if (fitting.length > 0) yield fitting;
    left -= fitting.length;
    if (left <= 0) return;
  }
}

function listed(line: string, accepts: QueueFilter['accepts']): readonly Listed[] {
  const message = parseQueueLine(line);
  return message !== undefined && accepts(message) ? [{ line, message }] : [];
}

/** Messages that are parsed at a time after sorting. */
const BATCH = 100;

async function* sorted(
  queue: PostfixQueue,
  { reverse }: ListOptions,
  key: SortKey,
  accepts: QueueFilter['accepts'],
  limit: number,
): AsyncGenerator<readonly Listed[], void> {
  const found = new SortedLines(key, reverse === true, limit);
  for await (const lines of listLines(queue)) {
    for (const line of lines) for (const { message } of listed(line, accepts)) found.add(message, line);
  }
  let batch: Listed[] = [];
  for (const line of found.lines()) {
    batch.push(...listed(line, () => true));
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

async function writer({ json, terminal }: Context, { ids }: ListOptions): Promise<(one: Listed) => string> {
  if (ids === true) return ({ message }) => `${json ? JSON.stringify(message.queue_id) : message.queue_id}\n`;
  if (json) return ({ line }) => `${line}\n`;
  if (!terminal.tables) return ({ message }) => `${queueFields(message)}\n`;
  const color = await paint(terminal.colored.stdout);
  const now = secondsNow();
  return ({ message }) => `${queueLines(message, now, color).join('\n')}\n`;
}

function summaryLine(count: number, limit: number): string {
  const what = count === 1 ? '1 message' : `${count} messages`;
  return count === limit ? `${what}, as many as --limit says` : what;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw usageError(`--limit "${text}" is no number of messages`, 'give a whole number from 1 on');
}

export async function summary(context: Context, options: FilterOptions & { limit?: string }): Promise<number> {
  const limit = limitOf(options.limit);
  const queue = runningQueue(context.place);
  const { accepts } = filterOf(options);
  const count = new SummaryCount(secondsNow());
  for await (const lines of listLines(queue)) {
    for (const line of lines) {
      const message = parseQueueLine(line);
      if (message !== undefined && accepts(message)) count.add(message);
    }
  }
  const result = count.result();
  // Only root may look at what Postfix could not read.
  const corrupt = process.getuid?.() === 0 && !hasFilters(options) ? corruptMessages(queue) : undefined;
  if (context.json) printJson(context, { ...result, domains: result.domains.slice(0, limit), corrupt });
  else context.terminal.data(summaryText(result, context.terminal, limit));
  if (corrupt !== undefined && corrupt > 0)
    context.terminal.say(`${corrupt} more cannot be read and lie in ${queue.directory}/corrupt`);
  return EXIT.done;
}
