import type { JsonObject } from '../json.ts';
import type { BackEvent, MailboxEvent, StateSigns, UserSigns } from './events.ts';
import { originsOf, readLog, type Log, type Origins } from './lineages.ts';
import { followMailboxes, type PlaceOf, type Track } from './tracks.ts';
import type { SignOf } from './trails.ts';

export interface Situation {
  /** Entries of the users at the last apply, by address. */
  readonly before: JsonObject;
  /** The same of the state. */
  readonly after: JsonObject;
  /** The whole log. */
  readonly events: readonly MailboxEvent[];
  /** Number of the last event that an apply has taken up. */
  readonly seq: number;
  /** Time of that apply. */
  readonly since: string;
  readonly signOf: SignOf;
  readonly placeOf: PlaceOf;
  /** Asked only where a rollback was begun and did not come to its end. */
  readonly signs: () => Signs;
}

export interface Signs {
  readonly now: StateSigns;
  /** Of the state of the last apply as a whole. */
  readonly applied: string;
  readonly appliedAt: (address: string) => UserSigns | null;
}

export interface Followed {
  readonly tracks: readonly Track[];
  /** Users of whom it is not known which of several mailboxes is theirs: they get none of them. */
  readonly unknown: readonly string[];
  /** The states that this one may have come from. */
  readonly lineages: readonly number[];
  /** Whether there is no doubt of that, for no user. */
  readonly isSure: boolean;
}

/** Where every mailbox of the last apply belongs now, whichever state was put back in the meantime. */
export function followAll(situation: Situation): Followed {
  const { events, seq, since, signs } = situation;
  const log = readLog(events, seq, since);
  if (log.backs.length === 0)
    return { tracks: follow(situation, log.eventsOf(0)), unknown: [], lineages: [0], isSure: true };
  const { now, applied, appliedAt } = signs();
  const origins = originsOf(log, now, applied, appliedAt);
  const tracksOf = memoized((lineage: number) => follow(situation, eventsFor(situation, log, now, lineage)));
  const lineages = origins.nearest;
  const [first = 0, ...others] = lineages;
  const isSure =
    others.length === 0 &&
    Object.keys(situation.after).every((address) => origins.of(address).every((one) => one === first));
  if (isSure) return { tracks: tracksOf(first), unknown: [], lineages, isSure };
  return { ...merge(situation, origins, tracksOf), lineages, isSure };
}

function follow(
  { before, after, since, signOf, placeOf }: Situation,
  events: readonly MailboxEvent[],
): readonly Track[] {
  return followMailboxes(before, events, after, since, signOf, placeOf);
}

/** Where everything is as the rollback left it, what commands did afterwards was undone. */
function eventsFor(situation: Situation, log: Log, now: StateSigns, lineage: number): readonly MailboxEvent[] {
  const events = log.eventsOf(lineage);
  const back = log.backs.find(({ seq }) => seq === lineage);
  return back?.then?.whole === now.whole && !mayBeThere(situation, events) ? [back] : events;
}

/** Whether somebody who came by one of these is perhaps among the users, just like who was there before. */
function mayBeThere({ after, signOf }: Situation, events: readonly MailboxEvent[]): boolean {
  const entries = new Set(Object.values(after).map(signOf));
  return events.some(
    ({ kind, sign }) => (kind === 'new' || kind === 'restored') && (sign === undefined || entries.has(sign)),
  );
}

/**
 * Whether the state is that of the last apply again, or as a rollback put it in place, and what commands did since was undone by
 * hand. Known only as long as nobody edits it: it is to be written down as another `back` before a command does.
 */
export function startAgain(situation: Situation): Pick<BackEvent, 'given' | 'then'> | undefined {
  const { events, seq, since, signs } = situation;
  const log = readLog(events, seq, since);
  if (log.numbers.every((lineage) => log.eventsOf(lineage).every(isStart))) return undefined;
  const { now, applied, appliedAt } = signs();
  const [lineage = 0, ...others] = originsOf(log, now, applied, appliedAt).nearest;
  const back = log.backs.find((one) => one.seq === lineage);
  const later = log.eventsOf(lineage).filter((event) => !isStart(event));
  const start = back === undefined ? applied : back.then?.whole;
  if (others.length > 0 || start !== now.whole || later.length === 0 || mayBeThere(situation, later)) return undefined;
  return { given: back?.given ?? [], then: now };
}

function isStart({ kind }: MailboxEvent): boolean {
  return kind === 'back' || kind === 'seen';
}

/** A user gets a mailbox of which all the states that may be meant say so, and which no other user gets. */
function merge(
  { after }: Situation,
  origins: Origins,
  tracksOf: (lineage: number) => readonly Track[],
): Pick<Followed, 'tracks' | 'unknown'> {
  const ownersOf = memoized(
    (lineage: number) =>
      new Map(tracksOf(lineage).flatMap((track) => (track.to === undefined ? [] : [[track.to, track]]))),
  );
  const unknown: string[] = [];
  const claims = new Map<string, string[]>();
  const used = new Set(origins.nearest);
  for (const address of Object.keys(after)) {
    const lineages = origins.of(address);
    for (const lineage of lineages) used.add(lineage);
    const found = new Set(lineages.map((lineage) => keyOf(ownersOf(lineage).get(address))));
    const [key = '', ...others] = found;
    if (others.length > 0) unknown.push(address);
    else if (key !== '') claims.set(key, [...(claims.get(key) ?? []), address]);
  }
  const tracks = new Map<string, Track>();
  for (const track of [...used].flatMap(tracksOf)) {
    if (tracks.has(keyOf(track))) continue;
    const [to, ...others] = claims.get(keyOf(track)) ?? [];
    tracks.set(keyOf(track), { ...track, to: others.length === 0 ? to : undefined });
  }
  const contested = [...claims.values()].filter((addresses) => addresses.length > 1).flat();
  return { tracks: [...tracks.values()], unknown: [...unknown, ...contested] };
}

function keyOf(track: Track | undefined): string {
  if (track === undefined) return '';
  return track.archived ? `#${track.origin}` : track.origin;
}

function memoized<T>(make: (lineage: number) => T): (lineage: number) => T {
  const made = new Map<number, T>();
  return (lineage) => {
    const found = made.get(lineage) ?? make(lineage);
    made.set(lineage, found);
    return found;
  };
}
