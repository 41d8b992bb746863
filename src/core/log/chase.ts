import { idOf, MESSAGE_ID_COMPARED, type LogEvent, type TimedEvent } from './event.ts';
import { birthOf } from './queue-id.ts';
import type { Wanted } from './wanted.ts';

/**
 * Finds all lines about some messages in logs that are too large to keep, by reading them a few times: first for what
 * was asked, then for the ids that were found with it, for the Message-IDs of those, and so on until nothing new is
 * found. What is kept is bounded, whatever is in the logs.
 */
export interface Chase {
  /** An event of the first reading, for what was asked; places of lines are ordered as texts. */
  first(this: void, place: string, found: TimedEvent): void;
  /** What to look for in the next reading; undefined when all is known. */
  next(): readonly string[] | undefined;
  /** An event of a line that holds one of them. */
  later(this: void, place: string, found: TimedEvent): void;
  /** No line before this time matters to the next readings (milliseconds since 1970). */
  earliest(): number;
  /** All that belongs to what was asked, in the order of time and, within a second, of their lines. */
  events(): readonly TimedEvent[];
  /** Older messages were asked for too, but are more than may be kept. */
  readonly more: boolean;
}

/** Some messages pass the queue more than once: copies, a filter, Sieve. */
const IDS_PER_MESSAGE = 4;
/** However many others one id or Message-ID leads to: newsletters may come once for each recipient, all with one. */
const MOST_BY_ONE = 100;
const MOST_KEYS_PER_MESSAGE = 50;
const MOST_EVENTS = 200_000;
/** A message, its hop, what a script sends on, and the notice of a failure of that; twice where ids are short. */
const MOST_READINGS = 10;
/** One short needle would let the search look at every other byte: they have a reading of their own. */
const SHORT = 10;

export function chaseOf(wanted: Wanted, limit: number): Chase {
  const keys = new Set<string>();
  const withoutMessageId = new Set<string>();
  const broughtBy = new Map<string, number>();
  const kept = new Map<string, TimedEvent>();
  const candidates = new Map<string, number>();
  const loose = new Map<string, TimedEvent>();
  let pending: string[] = [];
  let readings = 0;
  let more = false;

  const want = (key: string): void => {
    if (keys.has(key) || keys.size >= limit * MOST_KEYS_PER_MESSAGE + MOST_BY_ONE) return;
    keys.add(key);
    pending.push(needleOf(key));
  };
  /** Remembers the latest only. */
  const remember = <T>(map: Map<string, T>, key: string, value: T, most: number): void => {
    map.delete(key);
    map.set(key, value);
    const oldest = map.keys().next().value;
    if (map.size > most && oldest !== undefined) {
      map.delete(oldest);
      more = true;
    }
  };
  const first = (place: string, found: TimedEvent): void => {
    if (!wanted.matches(found.event)) return;
    const own = keysOf(found.event);
    if (own.length === 0) remember(loose, place, found, limit);
    else for (const key of own.slice(0, 1)) remember(candidates, key, beginOf(found), limit * IDS_PER_MESSAGE);
  };
  const later = (place: string, found: TimedEvent): void => {
    const { event } = found;
    const own = [...keysOf(event), ...linksOf(event)];
    const by = own.find((key) => keys.has(key));
    if (by === undefined || kept.size >= MOST_EVENTS) return;
    if (event.kind === 'message-id' && event.messageId.length <= 2) withoutMessageId.add(event.id);
    const unknown = own.filter((key) => !keys.has(key) && isOfUse(key, event));
    const brought = (broughtBy.get(by) ?? 0) + unknown.length;
    if (brought > MOST_BY_ONE && event.kind === 'message-id') return;
    kept.set(place, found);
    if (unknown.length === 0 || brought > MOST_BY_ONE) return;
    broughtBy.set(by, brought);
    for (const key of unknown) want(key);
  };
  /** The session of a delivery is needed only where no Message-ID leads to Dovecot's lines. */
  const isOfUse = (key: string, event: LogEvent): boolean =>
    event.kind !== 'delivery' || key !== sessionKey(event.session) || withoutMessageId.has(event.id);
  return {
    first,
    later,
    next: () => {
      readings += 1;
      if (readings === 1) for (const key of candidates.keys()) want(key);
      if (pending.length === 0 || readings > MOST_READINGS) return undefined;
      const needles = [...new Set(pending)];
      const long = needles.filter(({ length }) => length > SHORT);
      pending = long.length === 0 ? [] : needles.filter(({ length }) => length <= SHORT);
      return long.length === 0 ? needles : long;
    },
    earliest: () => Math.min(...candidates.values()),
    events: () => inOrder([...kept, ...loose]),
    get more() {
      return more;
    },
  };
}

function inOrder(found: readonly (readonly [string, TimedEvent])[]): readonly TimedEvent[] {
  return [...found]
    .sort(([placeA, a], [placeB, b]) => a.time - b.time || (placeA < placeB ? -1 : 1))
    .map(([, event]) => event);
}

/** How long a message may be in the queue before it goes back, and a day (postconf(5), maximal_queue_lifetime). */
const LONGEST_STAY = 6 * 24 * 60 * 60 * 1000;

/** When a message of which a line tells may have come at the earliest. */
function beginOf({ time, event }: TimedEvent): number {
  const birth = birthOf(idOf(event) ?? '');
  const plausible = birth !== undefined && birth <= time + 1000 && birth >= time - LONGEST_STAY * 2;
  // Its sender's message, when this is the notice of a failure, is older.
  return plausible && event.kind !== 'notice' ? birth - 60_000 : time - LONGEST_STAY;
}

/** What identifies the message that an event is about, the best first. */
function keysOf(event: LogEvent): readonly string[] {
  const keys: (string | undefined)[] = [];
  const id = idOf(event);
  if (id !== undefined) keys.push(`queue ${id}`);
  if ('messageId' in event) keys.push(messageKey(event.messageId));
  if (event.kind === 'mailbox') keys.push(sessionKey(event.session));
  return keys.filter((key) => key !== undefined);
}

/** What else belongs to it: where it came from and where it went. */
function linksOf(event: LogEvent): readonly string[] {
  const ids: (string | undefined)[] = [];
  if (event.kind === 'delivery') ids.push(event.nextId);
  if (event.kind === 'notice') ids.push(event.noticeId);
  if (event.kind === 'client' || event.kind === 'pickup') ids.push(event.originalId);
  const links = ids.filter((id) => id !== undefined).map((id) => `queue ${id}`);
  const session = event.kind === 'delivery' ? sessionKey(event.session) : undefined;
  return session === undefined ? links : [...links, session];
}

/** As it is logged, with or without brackets, as far as Dovecot writes it. */
function messageKey(messageId: string): string | undefined {
  return messageId === '' || messageId === '<>' ? undefined : `message ${messageId.slice(0, MESSAGE_ID_COMPARED)}`;
}

function sessionKey(session: string | undefined): string | undefined {
  return session === undefined || session === '' ? undefined : `session ${session}`;
}

/** `message-id=<…` and `msgid=<…` end alike. */
function needleOf(key: string): string {
  const value = key.slice(key.indexOf(' ') + 1);
  return key.startsWith('message ') ? `id=${value}` : value;
}
