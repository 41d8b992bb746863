import type { Command } from 'commander';
import type { Selection } from '../app/queue/select.ts';
import { usageError } from '../core/errors.ts';
import { hasFilters, makeFilter, type FilterOptions, type QueueFilter } from '../core/queue/filter.ts';
import { isQueueId } from '../core/queue/message.ts';
import { quoted } from '../core/state/schema-words.ts';
import { carefulMatch } from '../system/careful-match.ts';

export function filterOptions(command: Command): Command {
  return command
    .option('--sender <pattern>', "sender; '<>' is the null sender")
    .option('--recipient <pattern>', 'a recipient')
    .option('--domain <pattern>', 'a domain of a recipient')
    .option('--reason <regexp>', 'why a recipient waits, as a regular expression')
    .option('--queue <names>', 'maildrop, incoming, active, deferred or hold, several with commas')
    .option('--older-than <time>', 'arrived longer ago, e.g. 30 min, 2h, 3 d')
    .option('--younger-than <time>', 'arrived since then')
    .option('--larger-than <size>', 'e.g. 500 kB, 1MB');
}

export const FILTER_HELP = `
Filters combine: a message is meant when all hold, those about recipients for one and the same recipient. In patterns
* is any text and ? any character; upper and lower case are the same.
`;

/** Seconds since 1970. */
export function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}

/** @throws usage error (exit 2) for a value that cannot be meant */
export function filterOf(options: FilterOptions): QueueFilter {
  return makeFilter(options, secondsNow(), carefulMatch);
}

export interface SelectionOptions extends FilterOptions {
  readonly all?: boolean;
}

/** @throws usage error (exit 2) when nothing is selected, or in two ways, or by what is no id */
export function selectionOf(ids: readonly string[], options: SelectionOptions): Selection {
  const ways = [ids.length > 0, options.all === true, hasFilters(options)].filter(Boolean).length;
  if (ways === 0) throw usageError('no message is selected', 'give ids, filters, or --all');
  if (ways > 1) throw usageError('ids, --all and filters exclude each other', 'give one of them');
  for (const id of ids) requireQueueId(id);
  return ids.length > 0 ? { ids } : { filter: filterOf(options) };
}

/** @throws usage error (exit 2) */
export function requireQueueId(text: string): void {
  if (isQueueId(text)) return;
  const hint =
    text.toUpperCase() === 'ALL' ? 'for all messages there is --all' : 'it is letters and digits: eboxmail queue list';
  throw usageError(`${quoted(text)} is no queue id`, hint);
}
