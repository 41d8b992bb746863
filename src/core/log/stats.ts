import { isProbe } from '../probe.ts';
import { hopDomain, HOP_KINDS } from '../copies.ts';
import type { TimedEvent } from './event.ts';
import { readQuickly, type QuickTaker } from './quick-line.ts';

/** What is counted: which domains, and which day a time belongs to. */
export interface Counting {
  /** The managed domain that a domain in an address stands for; undefined for all others. */
  readonly managed: (domain: string) => string | undefined;
  /** `2026-11-24`, in the zone of the reader. */
  readonly day: (time: number) => string;
}

/** Recipients, each counted once: a message to three people is three. */
export interface Tally {
  /** Mail of the domain's users that went out, or to somebody else here. */
  sent: number;
  /** Put into mailboxes of the domain, handed to a script or sent on from an alias. */
  received: number;
  /** Not taken at the door, for what reason ever. */
  refused: number;
  /** Had to wait: the first delivery did not succeed for a reason that passes. */
  deferred: number;
  /** Given back to the sender. */
  bounced: number;
}

export interface Row extends Tally {
  readonly day: string;
  readonly domain: string;
}

export interface Counts {
  /** Counts what a line tells whose host's name stands at `begin`; false: the line is for parseLine and `add`. */
  addQuickly(time: number, line: string, begin: number): boolean;
  add(found: TimedEvent): void;
  /** By day, then by domain. */
  rows(): readonly Row[];
}

/** A line that counts holds one of these. */
export const STATS_NEEDLES = [
  'status=sent',
  'status=deferred',
  'status=bounced',
  'reject: ',
  ': from=<',
  ': removed',
  'orig_queue_id=',
] as const;

/** More messages than this are in no queue at once; the oldest are forgotten. */
const MOST_MESSAGES = 100_000;
/** What is remembered of the recipients of one message, lest a waiting one is counted with each attempt. */
const MOST_WAITING = 1000;

interface InQueue {
  from: string | undefined;
  /** It came back from a hop: its sender was counted before it. */
  readonly again: boolean;
  waiting: Set<string> | undefined;
}

const HOPS = HOP_KINDS.map((kind) => `@${hopDomain(kind)}`);

/** Of an hour, in milliseconds. */
const QUARTER = 15 * 60 * 1000;

export function countsOf({ managed, day }: Counting): Counts {
  const queue = new Map<string, InQueue>();
  const tallies = new Map<string, Map<string, Tally>>();

  // Lines of one quarter of an hour are of one day in every zone, and follow each other.
  let quarter = NaN;
  let today = '';
  const dayOf = (time: number): string => {
    const found = Math.floor(time / QUARTER);
    if (found !== quarter) {
      quarter = found;
      today = day(time);
    }
    return today;
  };
  const domainOf = (address: string): string | undefined => managed(address.slice(address.lastIndexOf('@') + 1));
  const count = (time: number, domain: string | undefined, what: keyof Tally): void => {
    if (domain === undefined) return;
    const key = dayOf(time);
    const ofDay = tallies.get(key) ?? new Map<string, Tally>();
    const tally = ofDay.get(domain) ?? { sent: 0, received: 0, refused: 0, deferred: 0, bounced: 0 };
    tally[what] += 1;
    tallies.set(key, ofDay.set(domain, tally));
  };
  const enqueue = (id: string, entry: InQueue): void => {
    queue.delete(id);
    queue.set(id, entry);
    if (queue.size <= MOST_MESSAGES) return;
    const oldest = queue.keys().next().value;
    if (oldest !== undefined) queue.delete(oldest);
  };
  const active = (id: string, from: string): void => {
    const before = queue.get(id);
    // Mail of strangers counts the same whether it is known or not, and most mail is theirs.
    if (before === undefined && domainOf(from) === undefined) return;
    enqueue(id, { from, again: before?.again ?? false, waiting: before?.waiting });
  };
  const finished = (id: string): void => {
    if (queue.size > 0) queue.delete(id);
  };
  const delivery = (time: number, id: string, to: string, originalTo: string | undefined, status: string): void => {
    const message = queue.get(id);
    const fromDomain = message?.from === undefined || message.from === '' ? undefined : domainOf(message.from);
    const toDomain = domainOf(to) ?? domainOf(originalTo ?? '');
    // On the hop, the recipient is still to come.
    if (status === 'sent' && HOPS.some((hop) => to.toLowerCase().endsWith(hop))) return;
    if (status === 'deferred') {
      const waiting = message?.waiting ?? new Set<string>();
      if (waiting.has(to)) return;
      if (waiting.size < MOST_WAITING) waiting.add(to);
      enqueue(id, { from: message?.from, again: message?.again ?? false, waiting });
      for (const domain of new Set([fromDomain, toDomain])) count(time, domain, 'deferred');
    } else if (status === 'bounced') {
      for (const domain of new Set([fromDomain, toDomain])) count(time, domain, 'bounced');
    } else if (status === 'sent') {
      if (message?.again !== true) count(time, fromDomain, 'sent');
      count(time, toDomain, 'received');
    }
  };
  let now = 0;
  const taker: QuickTaker = {
    active,
    finished,
    delivery: (id, to, originalTo, status) => delivery(now, id, to, originalTo, status),
  };
  return {
    addQuickly: (time, line, begin) => {
      now = time;
      return readQuickly(line, begin, taker);
    },
    add: ({ time, event }) => {
      switch (event.kind) {
        case 'client':
          if (event.originalId !== undefined) enqueue(event.id, { from: undefined, again: true, waiting: undefined });
          else finished(event.id);
          break;
        case 'active':
          active(event.id, event.from);
          break;
        case 'queue':
          if (event.change === 'finished' || event.change === 'deleted') finished(event.id);
          break;
        case 'delivery':
          delivery(time, event.id, event.to, event.originalTo, event.status);
          break;
        case 'verdict':
          if (event.action === 'reject' && !isProbe(event.to))
            count(time, domainOf(event.to ?? '') ?? domainOf(event.from ?? ''), 'refused');
          break;
        default:
      }
    },
    rows: () =>
      [...tallies]
        .sort(([a], [b]) => compare(a, b))
        .flatMap(([key, ofDay]) =>
          [...ofDay].sort(([a], [b]) => compare(a, b)).map(([domain, tally]) => ({ day: key, domain, ...tally })),
        ),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
