import { COPY_DOMAIN } from '../copies.ts';
import { causeOf, type Cause } from './cause.ts';
import type { Message, TimedFiling } from './messages.ts';
import { queueState, type Passage, type TimedDelivery } from './passages.ts';
import { verdictCause } from './refusals.ts';

/** What became of a message for a recipient. */
export type Outcome =
  | 'delivered'
  | 'discarded'
  | 'forwarded'
  | 'rejected'
  | 'captured'
  | 'sent'
  | 'passed-on'
  | 'deferred'
  | 'bounced'
  | 'expired'
  | 'refused'
  | 'deleted'
  | 'held'
  | 'in-queue';

export interface RecipientResult {
  readonly address: string;
  /** What was written to, when it is another address. */
  readonly original: string | undefined;
  readonly outcome: Outcome;
  readonly cause: Cause | undefined;
  /** The words of the log: of the other server, of Dovecot, of Postfix. */
  readonly text: string;
  readonly time: number;
  /** Under which id in the queue. */
  readonly id: string;
  readonly relay: string | undefined;
  readonly dsn: string | undefined;
  readonly attempts: number;
  /** What Dovecot did with it. */
  readonly filings: readonly TimedFiling[];
  /** It took the way on which copies of a domain's mail go. */
  readonly copyWay: boolean;
  /** What became of it where a script sent it on to. */
  readonly onward: readonly RecipientResult[];
}

/** Every recipient of a message; hops over loopback are followed to their end. */
export function resultsOf(message: Message): readonly RecipientResult[] {
  const claimed = new Set<Passage>();
  const byId = new Map(message.passages.map((passage) => [passage.id, passage]));
  const passageResults = (passage: Passage): readonly RecipientResult[] => {
    if (claimed.has(passage)) return [];
    claimed.add(passage);
    const next = message.passages.find(({ originalId, service }) => service === 'pickup' && originalId === passage.id);
    if (next !== undefined) return passageResults(next);
    return lastDeliveries(passage).flatMap(({ delivery, attempts }) => {
      const hop = delivery.nextId === undefined ? undefined : byId.get(delivery.nextId);
      if (hop === undefined || hop === passage) return [deliveryResult(message, passage, delivery, attempts)];
      return passageResults(hop).map((result) => atOrigin(result, passage, delivery));
    });
  };
  const roots = message.passages.filter((one) => !comesFromWithin(one, message));
  const direct = roots.flatMap((passage) => withUndelivered(passage, passageResults(passage)));
  // What no hop and no script leads to stands for itself: hops whose beginning is in older logs.
  const others = (): readonly RecipientResult[] =>
    message.passages.filter((one) => !claimed.has(one)).flatMap((one) => withUndelivered(one, passageResults(one)));
  const results = direct.map((result) => withOnward(result, message, claimed, passageResults));
  if (message.passages.length === 0) return dovecotOnly(message.filings);
  return [...results, ...others()];
}

function comesFromWithin(passage: Passage, { passages, filings }: Message): boolean {
  const hop = passages.some((other) => other.deliveries.some(({ nextId }) => nextId === passage.id));
  const requeued = passages.some((other) => other !== passage && other.id === passage.originalId);
  return hop || requeued || filings.some((filing) => filing.action === 'forwarded' && isForward(passage, filing));
}

/** Scripts send on by a listener of their own; on other systems by sendmail(1) or port 25 of loopback. */
function isForward(passage: Passage, filing: TimedFiling): boolean {
  const near = Math.abs(passage.begun - filing.time) <= 10_000;
  const local = passage.service === 'pickup' || /\[(127\.|::1)/.test(passage.client ?? '');
  const target = filing.detail.toLowerCase();
  const reaches = passage.deliveries.some((one) => [one.to, one.originalTo].some((to) => to?.toLowerCase() === target));
  return near && local && reaches;
}

function withOnward(
  result: RecipientResult,
  { passages }: Message,
  claimed: ReadonlySet<Passage>,
  passageResults: (passage: Passage) => readonly RecipientResult[],
): RecipientResult {
  const forwards = result.filings.filter(({ action }) => action === 'forwarded');
  if (forwards.length === 0) return result;
  const onward = forwards.flatMap((filing) => {
    const next = passages.find((one) => !claimed.has(one) && isForward(one, filing));
    return next === undefined ? [] : passageResults(next);
  });
  return { ...result, onward };
}

/** What a hop was told: several recipients may have taken it together. */
function atOrigin(result: RecipientResult, { deliveries }: Passage, { nextId, to }: TimedDelivery): RecipientResult {
  const together = deliveries.filter((one) => one.nextId === nextId);
  const names = [result.address, result.original].map((name) => name?.toLowerCase());
  const own = together.length === 1 ? together[0] : together.find((one) => names.includes(one.to.toLowerCase()));
  const before = own?.originalTo;
  const shown = before === undefined || internal(before) || before.toLowerCase() === names[0] ? undefined : before;
  return { ...result, original: shown, copyWay: result.copyWay || internal(to) };
}

function internal(address: string): boolean {
  return address.toLowerCase().endsWith(COPY_DOMAIN);
}

interface LastDelivery {
  readonly delivery: TimedDelivery;
  readonly attempts: number;
}

function lastDeliveries({ deliveries }: Passage): readonly LastDelivery[] {
  const last = new Map<string, LastDelivery>();
  for (const delivery of deliveries) {
    const key = `${delivery.to} ${delivery.originalTo ?? ''}`;
    last.set(key, { delivery, attempts: (last.get(key)?.attempts ?? 0) + 1 });
  }
  return [...last.values()];
}

const NOT_DELIVERED: ReadonlySet<Outcome> = new Set(['deferred', 'bounced', 'expired', 'held', 'deleted']);

function deliveryResult(message: Message, passage: Passage, one: TimedDelivery, attempts: number): RecipientResult {
  const filings = filingsFor(message, one);
  const outcome = outcomeOf(passage, one, filings);
  const failed = NOT_DELIVERED.has(outcome);
  return {
    address: one.to,
    original: one.originalTo !== undefined && !internal(one.originalTo) ? one.originalTo : undefined,
    outcome,
    cause: failed ? causeOf(one.reason, one.dsn) : FILTER_DISCARDS.test(one.reason) ? 'filtered' : undefined,
    text: one.reason,
    time: one.time,
    id: passage.id,
    relay: one.relay === 'none' ? undefined : one.relay,
    dsn: one.dsn,
    attempts,
    filings,
    copyWay: internal(one.to) || internal(one.originalTo ?? ''),
    onward: [],
  };
}

function filingsFor({ filings }: Message, { to, session }: TimedDelivery): readonly TimedFiling[] {
  if (session !== undefined) return filings.filter((filing) => filing.session === session);
  return filings.filter((one) => one.action === 'failed' && one.user.toLowerCase() === to.toLowerCase());
}

/** What amavis answers for what it throws away. */
const FILTER_DISCARDS = /^250 2\.7\.\d Ok, discarded/;

function outcomeOf(passage: Passage, one: TimedDelivery, filings: readonly TimedFiling[]): Outcome {
  if (one.status === 'bounced') return 'bounced';
  if (one.status === 'deferred') {
    if (passage.expired !== undefined) return 'expired';
    const state = queueState(passage);
    return state === 'deleted' || state === 'held' ? state : 'deferred';
  }
  if (FILTER_DISCARDS.test(one.reason)) return 'discarded';
  if (one.service.startsWith('capture/')) return 'captured';
  if (/(^|\/)(lmtp|virtual|local|pipe)$/.test(one.service) || one.relay === 'local' || one.relay === 'virtual')
    return filedOutcome(filings);
  return one.nextId === undefined ? 'sent' : 'passed-on';
}

function filedOutcome(filings: readonly TimedFiling[]): Outcome {
  const actions = new Set(filings.map(({ action }) => action));
  if (filings.length === 0 || actions.has('saved') || actions.has('filed')) return 'delivered';
  for (const action of ['forwarded', 'rejected', 'discarded'] as const) if (actions.has(action)) return action;
  return 'delivered';
}

/** A message for which no delivery was tried: refused, held, removed, or just come. */
function withUndelivered(passage: Passage, results: readonly RecipientResult[]): readonly RecipientResult[] {
  if (results.length > 0) return results;
  const state = queueState(passage);
  const verdict = passage.verdicts.at(-1);
  const base = { original: undefined, id: passage.id, relay: undefined, dsn: undefined, attempts: 0 } as const;
  const rest = { filings: [], copyWay: false, onward: [], time: verdict?.time ?? passage.last } as const;
  const address = verdict?.to ?? '';
  if (passage.tooLarge)
    return [
      { ...base, ...rest, address, outcome: 'refused', cause: 'too-large', text: 'queue file size limit exceeded' },
    ];
  if (verdict !== undefined && (verdict.action === 'reject' || verdict.action === 'discard' || state === 'held')) {
    const outcome = verdict.action === 'reject' ? 'refused' : verdict.action === 'discard' ? 'discarded' : 'held';
    const cause = verdictCause(verdict.text, verdict.stage, verdict.milter);
    return [{ ...base, ...rest, address, outcome, cause, text: verdict.text }];
  }
  if (state === 'left' || state === 'requeued') return [];
  const outcome = state === 'deleted' || state === 'held' || state === 'refused' ? state : 'in-queue';
  return [{ ...base, ...rest, address, outcome, cause: undefined, text: '' }];
}

/** When Postfix's lines are gone, or never were here. */
function dovecotOnly(filings: readonly TimedFiling[]): readonly RecipientResult[] {
  const sessions = new Map<string, TimedFiling[]>();
  for (const filing of filings) {
    const key = `${filing.user} ${filing.session}`;
    sessions.set(key, [...(sessions.get(key) ?? []), filing]);
  }
  return [...sessions.values()].map((group) => {
    const first = group[0];
    const failed = group.every(({ action }) => action === 'failed');
    const text = failed ? (first?.detail ?? '') : '';
    return {
      address: first?.user ?? '',
      original: undefined,
      outcome: failed ? 'refused' : filedOutcome(group),
      cause: failed ? causeOf(text) : undefined,
      text,
      time: first?.time ?? 0,
      id: '',
      relay: undefined,
      dsn: undefined,
      attempts: 1,
      filings: group,
      copyWay: false,
      onward: [],
    };
  });
}
