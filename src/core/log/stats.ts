import { isProbe } from '../probe.ts';
import { hopDomain, HOP_KINDS } from '../copies.ts';
import type { LogEvent, TimedEvent } from './event.ts';

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
  const known = (id: string): InQueue | undefined => queue.get(id);
  const enqueue = (id: string, entry: InQueue): void => {
    queue.delete(id);
    queue.set(id, entry);
    if (queue.size <= MOST_MESSAGES) return;
    const oldest = queue.keys().next().value;
    if (oldest !== undefined) queue.delete(oldest);
  };
  const delivered = (time: number, event: Extract<LogEvent, { kind: 'delivery' }>): void => {
    const message = known(event.id);
    const from = message?.from === undefined || message.from === '' ? undefined : domainOf(message.from);
    const to = domainOf(event.to) ?? domainOf(event.originalTo ?? '');
    // On the hop, the recipient is still to come.
    if (HOPS.some((hop) => event.to.toLowerCase().endsWith(hop)) && event.status === 'sent') return;
    if (event.status === 'deferred') {
      const waiting = message?.waiting ?? new Set<string>();
      if (waiting.has(event.to)) return;
      if (waiting.size < MOST_WAITING) waiting.add(event.to);
      enqueue(event.id, { from: message?.from, again: message?.again ?? false, waiting });
      for (const domain of new Set([from, to])) count(time, domain, 'deferred');
    } else if (event.status === 'bounced') {
      for (const domain of new Set([from, to])) count(time, domain, 'bounced');
    } else if (event.status === 'sent') {
      if (message?.again !== true) count(time, from, 'sent');
      count(time, to, 'received');
    }
  };
  return {
    add: ({ time, event }) => {
      switch (event.kind) {
        case 'client':
          enqueue(event.id, { from: undefined, again: event.originalId !== undefined, waiting: undefined });
          break;
        case 'active': {
          const before = known(event.id);
          enqueue(event.id, { from: event.from, again: before?.again ?? false, waiting: before?.waiting });
          break;
        }
        case 'queue':
          if (event.change === 'finished' || event.change === 'deleted') queue.delete(event.id);
          break;
        case 'delivery':
          delivered(time, event);
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
