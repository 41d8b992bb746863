import type { Delivery, QueueChange, TimedEvent, Verdict } from './event.ts';

/** One stay of a message in the queue, under one id. */
export interface Passage {
  readonly id: string;
  /** Milliseconds since 1970. */
  begun: number;
  last: number;
  /** The service that took it: `smtpd`, `submission/smtpd`, `pickup`, `copy-sender-in/smtpd`, or `bounce`. */
  service: string;
  client: string | undefined;
  login: string | undefined;
  messageId: string | undefined;
  from: string | undefined;
  size: number | undefined;
  recipients: number | undefined;
  /** The id before this one, when it came back from a hop or was requeued. */
  originalId: string | undefined;
  tooLarge: boolean;
  expired: 'age' | 'forced' | undefined;
  readonly deliveries: TimedDelivery[];
  readonly verdicts: TimedVerdict[];
  readonly changes: { readonly time: number; readonly change: QueueChange }[];
  readonly notices: string[];
}

export type TimedDelivery = Delivery & { readonly time: number; readonly service: string };
export type TimedVerdict = Verdict & { readonly time: number; readonly service: string };

/**
 * The passages that events tell of. An id is used again some time after its message has left the queue; what comes
 * after that under the same id is another passage.
 */
export function passagesOf(events: readonly TimedEvent[]): readonly Passage[] {
  const latest = new Map<string, Passage>();
  const all: Passage[] = [];
  const passage = (id: string, time: number, service: string, begins: boolean): Passage => {
    const known = latest.get(id);
    if (known !== undefined && !(begins && hasBegun(known))) {
      known.last = Math.max(known.last, time);
      return known;
    }
    const made = newPassage(id, time, service);
    latest.set(id, made);
    all.push(made);
    return made;
  };
  for (const { time, event } of events) {
    if (!('id' in event) || event.id === undefined) continue;
    const begins = event.kind === 'client' || event.kind === 'pickup';
    const one = passage(event.id, time, event.service, begins);
    addTo(one, time, event);
  }
  return all;
}

type QueueEvent = Extract<TimedEvent['event'], { readonly id?: string }>;

function addTo(passage: Passage, time: number, event: QueueEvent): void {
  switch (event.kind) {
    case 'client':
      passage.service = event.service;
      passage.client = event.client;
      passage.login = event.login;
      passage.originalId = event.originalId;
      break;
    case 'pickup':
      passage.service = 'pickup';
      passage.from = event.from;
      passage.client = `uid ${event.uid}`;
      passage.originalId = event.originalId;
      break;
    case 'message-id':
      passage.messageId = event.messageId;
      break;
    case 'active':
      passage.from = event.from;
      passage.size = event.size;
      passage.recipients = event.recipients;
      break;
    case 'delivery':
      passage.deliveries.push({ ...event, time });
      break;
    case 'expired':
      passage.expired = event.forced ? 'forced' : 'age';
      break;
    case 'notice':
      passage.notices.push(event.noticeId);
      break;
    case 'queue':
      passage.changes.push({ time, change: event.change });
      break;
    case 'verdict':
      passage.verdicts.push({ ...event, time });
      break;
    case 'too-large':
      passage.tooLarge = true;
      break;
    case 'filter':
      // It goes with the message: filters may not know the id.
      break;
  }
}

function hasBegun({ client }: Passage): boolean {
  return client !== undefined;
}

function newPassage(id: string, time: number, service: string): Passage {
  return {
    id,
    begun: time,
    last: time,
    service,
    client: undefined,
    login: undefined,
    messageId: undefined,
    from: undefined,
    size: undefined,
    recipients: undefined,
    originalId: undefined,
    tooLarge: false,
    expired: undefined,
    deliveries: [],
    verdicts: [],
    changes: [],
    notices: [],
  };
}

/** Where a message is now, as far as the logs tell. */
export type QueueState = 'left' | 'deleted' | 'held' | 'queued' | 'refused' | 'requeued';

export function queueState({ changes, verdicts, tooLarge, deliveries }: Passage): QueueState {
  const change = changes.at(-1)?.change;
  if (change === 'finished') return 'left';
  if (change === 'deleted' || change === 'held' || change === 'requeued') return change;
  if (tooLarge || verdicts.some(({ action }) => action === 'reject')) return 'refused';
  if (verdicts.some(({ action }) => action === 'discard')) return 'left';
  if (change === undefined && deliveries.length === 0 && verdicts.some(({ action }) => action === 'hold'))
    return 'held';
  return 'queued';
}
