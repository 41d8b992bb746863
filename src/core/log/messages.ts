import { plainMessageId, type Filing, type FilterResult, type TimedEvent } from './event.ts';
import { passagesOf, type Passage } from './passages.ts';
import type { Wanted } from './wanted.ts';

/** A message with all its passages through the queue and all that Dovecot did with it. */
export interface Message {
  /** Without brackets; empty when it has none. */
  readonly messageId: string;
  /** Envelope sender; empty for notifications, undefined when the logs do not tell. */
  readonly from: string | undefined;
  /** In the order of time; none when only Dovecot's log tells of it. */
  readonly passages: readonly Passage[];
  readonly filings: readonly TimedFiling[];
  readonly filters: readonly FilterResult[];
  readonly begun: number;
  /** Of which messages it tells their sender that they were not delivered, or were. */
  readonly about: readonly string[];
}

export type TimedFiling = Filing & { readonly time: number };

/** Messages that events tell of, in the order of time; with `wanted`, those to which something in them belongs. */
export function messagesOf(events: readonly TimedEvent[], wanted?: Wanted): readonly Message[] {
  const passages = passagesOf(events);
  const groups = new Groups(passages);
  for (const passage of passages) {
    const messageId = plainMessageId(passage.messageId ?? '');
    if (messageId !== '') groups.name(passage, messageId);
    const linked = [passage.originalId, ...passage.deliveries.map(({ nextId }) => nextId)];
    for (const id of linked) if (id !== undefined) groups.join(passage, nearest(passages, id, passage.begun));
  }
  const dovecot = filingsOf(events);
  const filters = events.map(({ event }) => event).filter((event) => event.kind === 'filter');
  const made = groups.all().map((group) => {
    const ids = new Set(group.map(({ id }) => id));
    const about = passages.filter(({ notices }) => notices.some((id) => ids.has(id))).map(({ id }) => id);
    return { ...messageOf(group, dovecot, filters), about };
  });
  const rest = leftOver(dovecot, made);
  const found = [...made, ...rest].sort((a, b) => a.begun - b.begun);
  return wanted === undefined ? found : found.filter(belongsTo(events, wanted));
}

function filingsOf(events: readonly TimedEvent[]): readonly TimedFiling[] {
  const found: TimedFiling[] = [];
  for (const { time, event } of events) if (event.kind === 'mailbox') found.push({ ...event, time });
  return found;
}

function messageOf(
  passages: readonly Passage[],
  dovecot: readonly TimedFiling[],
  filters: readonly FilterResult[],
): Message {
  const messageId = passages.map((one) => plainMessageId(one.messageId ?? '')).find((id) => id !== '') ?? '';
  const sessions = new Set(passages.flatMap(({ deliveries }) => deliveries.map(({ session }) => session)));
  const filings = dovecot.filter(
    (filing) => sessions.has(filing.session) || (messageId !== '' && plainMessageId(filing.messageId) === messageId),
  );
  const ids = new Set(passages.map(({ id }) => id));
  const results = filters.filter((filter) =>
    filter.id === undefined ? messageId !== '' && plainMessageId(filter.messageId) === messageId : ids.has(filter.id),
  );
  const from = passages.flatMap((one) => [one.from, ...one.verdicts.map((verdict) => verdict.from)]).find(isKnown);
  return { messageId, from, passages, filings, filters: results, begun: passages[0]?.begun ?? 0, about: [] };
}

function isKnown(text: string | undefined): text is string {
  return text !== undefined;
}

/** What only Dovecot's log tells of, by Message-ID or session. */
function leftOver(dovecot: readonly TimedFiling[], made: readonly Message[]): readonly Message[] {
  const used = new Set(made.flatMap(({ filings }) => filings));
  const groups = new Map<string, TimedFiling[]>();
  for (const filing of dovecot) {
    if (used.has(filing) || filing.action === 'script-failed') continue;
    const key = plainMessageId(filing.messageId) || `session ${filing.session}`;
    groups.set(key, [...(groups.get(key) ?? []), filing]);
  }
  return [...groups.values()].map((filings) => ({
    messageId: plainMessageId(filings[0]?.messageId ?? ''),
    from: undefined,
    passages: [],
    filings,
    filters: [],
    begun: filings[0]?.time ?? 0,
    about: [],
  }));
}

/** Whether something that was asked for is in a message; an id that is in use again brings others with it. */
function belongsTo(events: readonly TimedEvent[], wanted: Wanted): (message: Message) => boolean {
  const matching = events.filter(({ event }) => wanted.matches(event));
  return ({ passages, filings, messageId }) =>
    matching.some(({ time, event }) => {
      if (event.kind === 'mailbox') {
        return filings.some((filing) => filing.session === event.session && filing.time === time);
      }
      const id = 'id' in event ? event.id : undefined;
      if (id !== undefined) {
        const asked = event.kind === 'notice' && wanted.text === event.noticeId ? event.noticeId : id;
        return passages.some((one) => one.id === asked && one.begun <= time && time <= one.last);
      }
      return 'messageId' in event && messageId !== '' && plainMessageId(event.messageId) === messageId;
    });
}

/** The passage under an id that began next to a time: ids are used again. */
function nearest(passages: readonly Passage[], id: string, time: number): Passage | undefined {
  return passages.filter((one) => one.id === id).sort((a, b) => Math.abs(a.begun - time) - Math.abs(b.begun - time))[0];
}

/** Sets of passages that belong together. */
class Groups {
  readonly #members: Map<Passage, Passage[]>;
  readonly #named = new Map<string, Passage>();

  constructor(passages: readonly Passage[]) {
    this.#members = new Map(passages.map((passage) => [passage, [passage]]));
  }

  /** Joins it with whatever has the same name. */
  name(passage: Passage, name: string): void {
    const other = this.#named.get(name);
    if (other === undefined) this.#named.set(name, passage);
    else this.join(passage, other);
  }

  join(passage: Passage, other: Passage | undefined): void {
    const ours = this.#members.get(passage);
    const theirs = other === undefined ? undefined : this.#members.get(other);
    if (ours === undefined || theirs === undefined || ours === theirs) return;
    theirs.push(...ours);
    for (const member of ours) this.#members.set(member, theirs);
  }

  /** Each set in the order in which its passages were given. */
  all(): readonly (readonly Passage[])[] {
    const order = new Map([...this.#members.keys()].map((passage, index) => [passage, index]));
    const place = (passage: Passage): number => order.get(passage) ?? 0;
    return [...new Set(this.#members.values())].map((set) => set.sort((a, b) => place(a) - place(b)));
  }
}
