import type { JsonObject } from '../json.ts';
import { memoized } from '../memoized.ts';
import type { MailboxEvent, StateSigns, UserSigns } from './events.ts';
import { originsOf, readLog, type Log, type Origins } from './lineages.ts';
import { replay } from './replay.ts';
import { followMailboxes, keyOf, type PlaceOf, type Track, type Tracked } from './tracks.ts';
import { has, isQuiet, visitorsOf, type Logins, type Trail } from './trails.ts';

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
  readonly placeOf: PlaceOf;
  readonly logins: Logins;
  /** Asked only where a rollback was begun and did not come to its end. */
  readonly signs: () => Signs;
}

export interface Signs {
  readonly now: StateSigns;
  /** Of the state of the last apply as a whole. */
  readonly applied: string;
  readonly appliedAt: (address: string) => UserSigns | null;
}

export interface Followed extends Tracked {
  /** The states that this one may have come from. */
  readonly lineages: readonly number[];
  /** Whether there is no doubt of that, for no user. */
  readonly isSure: boolean;
}

/** Where every mailbox of the last apply belongs now, whichever state was put back in the meantime. */
export function followAll(situation: Situation): Followed {
  const { events, seq, since, signs } = situation;
  const log = readLog(events, seq, since);
  if (log.backs.length === 0) return { ...follow(situation, log.eventsOf(0)), lineages: [0], isSure: true };
  const { now, applied, appliedAt } = signs();
  const origins = originsOf(log, now, applied, appliedAt);
  const trackedOf = memoized((lineage: number) => follow(situation, eventsFor(situation, log, now, lineage)));
  const lineages = origins.nearest;
  const [first = 0, ...others] = lineages;
  const isSure =
    others.length === 0 &&
    Object.keys(situation.after).every((address) => origins.of(address).every((one) => one === first));
  if (isSure) return { ...trackedOf(first), lineages, isSure };
  return { ...merge(situation, origins, trackedOf), lineages, isSure };
}

function follow({ before, after, since, logins, placeOf }: Situation, events: readonly MailboxEvent[]): Tracked {
  return followMailboxes(before, events, after, since, logins, placeOf);
}

/** Where everything is as the rollback left it, what commands did afterwards was undone. */
function eventsFor(situation: Situation, log: Log, now: StateSigns, lineage: number): readonly MailboxEvent[] {
  const events = log.eventsOf(lineage);
  const back = log.backs.find(({ seq }) => seq === lineage);
  return back?.then?.whole === now.whole && !mayBeThere(situation, events) ? [back] : events;
}

/** Whether somebody who came by one of these is perhaps among the users, just like who was there before. */
function mayBeThere({ after, logins }: Situation, events: readonly MailboxEvent[]): boolean {
  const there = new Set(Object.keys(after).map(logins.now));
  return events.some(
    ({ kind, login }) => (kind === 'new' || kind === 'restored') && (login === undefined || there.has(login)),
  );
}

/** A mailbox and whose it is by the state as it stands. */
export interface Standing {
  /** The address at the last apply, or the id in the archive; undefined for who came since. */
  readonly origin: string | undefined;
  readonly to: string;
  /** Whether the events alone say so, too: otherwise some of them were undone by hand. */
  readonly isWritten: boolean;
  /** Whether the user would be known later by the login of now, or there is none. */
  readonly isKnown: () => boolean;
  /** Whether nobody else was ever at the address, nor its user elsewhere. */
  readonly isQuiet: boolean;
}

/** By which it is known later. */
export function eventOf({ origin, to, isWritten }: Standing): StandingEvent {
  if (origin !== undefined) return { kind: 'kept', origin, to };
  return isWritten ? { kind: 'renamed', from: to, to } : { kind: 'new', address: to };
}

type StandingEvent =
  | { readonly kind: 'kept'; readonly origin: string; readonly to: string }
  | { readonly kind: 'renamed'; readonly from: string; readonly to: string }
  | { readonly kind: 'new'; readonly address: string };

/** What commands know better than anybody later; nothing where there is a doubt, which it would take away. */
export function standingOf(situation: Situation): {
  readonly standing: readonly Standing[];
  readonly lineages: readonly number[];
} {
  const { before, events, seq, since, logins, placeOf } = situation;
  const { tracks, newcomers, lineages, isSure } = followAll(situation);
  const [lineage = 0] = lineages;
  if (!isSure) return { standing: [], lineages };
  const trails = replay(before, readLog(events, seq, since).eventsOf(lineage), since, { logins, placeOf });
  const visitors = visitorsOf(trails);
  const standing = (trail: Trail | undefined, origin: string | undefined, to: string): Standing => ({
    origin,
    to,
    isWritten: trail?.positions.at(-1) === to,
    isKnown: () => logins.now(to) === '' || (trail !== undefined && has(trail, to, logins)),
    isQuiet: trail !== undefined && isQuiet(trail, visitors),
  });
  const trailOf = new Map(
    trails.flatMap((one) =>
      one.kind === 'none' ? [] : [[keyOf({ origin: one.origin, archived: one.kind === 'archived' }), one] as const],
    ),
  );
  const newcomerAt = new Map(
    trails.flatMap((one) => (one.kind === 'none' ? [[one.positions.at(-1), one] as const] : [])),
  );
  return {
    standing: [
      ...tracks.flatMap((one) => (one.to === undefined ? [] : [standing(trailOf.get(keyOf(one)), one.origin, one.to)])),
      ...newcomers.map((address) => standing(newcomerAt.get(address), undefined, address)),
    ],
    lineages,
  };
}

/** A user gets a mailbox of which all the states that may be meant say so, and which no other user gets. */
function merge({ after }: Situation, origins: Origins, trackedOf: (lineage: number) => Tracked): Tracked {
  const ownersOf = memoized(
    (lineage: number) =>
      new Map(trackedOf(lineage).tracks.flatMap((track) => (track.to === undefined ? [] : [[track.to, track]]))),
  );
  const unknown: string[] = [];
  const claims = new Map<string, string[]>();
  const used = new Set(origins.nearest);
  for (const address of Object.keys(after)) {
    const lineages = origins.of(address);
    for (const lineage of lineages) used.add(lineage);
    const found = new Set(
      lineages.map((lineage) => {
        const owner = ownersOf(lineage).get(address);
        return owner === undefined ? '' : keyOf(owner);
      }),
    );
    const [key = '', ...others] = found;
    if (others.length > 0 || lineages.some((lineage) => trackedOf(lineage).unknown.includes(address)))
      unknown.push(address);
    else if (key !== '') claims.set(key, [...(claims.get(key) ?? []), address]);
  }
  const tracks = new Map<string, Track>();
  for (const track of [...used].flatMap((lineage) => trackedOf(lineage).tracks)) {
    if (tracks.has(keyOf(track))) continue;
    const [to, ...others] = claims.get(keyOf(track)) ?? [];
    tracks.set(keyOf(track), { ...track, to: others.length === 0 ? to : undefined });
  }
  const contested = [...claims.values()].filter((addresses) => addresses.length > 1).flat();
  return { tracks: [...tracks.values()], newcomers: [], unknown: [...unknown, ...contested] };
}
