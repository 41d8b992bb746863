import type { Json, JsonObject } from '../json.ts';
import { sameJson } from '../state/edit/changes.ts';
import { forcedPlaces } from './elimination.ts';
import type { MailboxEvent } from './events.ts';
import { replay } from './replay.ts';
import {
  isAnothers,
  isLeftAlone,
  isQuiet,
  isStrange,
  NOWHERE,
  placesOf,
  settledByLogins,
  visitorsOf,
  type Entries,
  type Logins,
  type Trail,
} from './trails.ts';

/** A mailbox and what becomes of it. */
export interface Track {
  /** The address that it had at the last apply, or its id in the archive. */
  readonly origin: string;
  readonly archived: boolean;
  /** The address that it gets; undefined when it goes into the archive, or stays there. */
  readonly to: string | undefined;
  /** The last address that it had, by which a removed user is remembered. */
  readonly name: string;
}

/** By which a mailbox is told from all others: what is in the archive may have been at the address of another. */
export function keyOf({ origin, archived }: Pick<Track, 'origin' | 'archived'>): string {
  return archived ? `#${origin}` : origin;
}

/** Where the last apply left a mailbox, by what it is known by. */
export type PlaceOf = (mailbox: string) => Pick<Track, 'origin' | 'archived'> | undefined;

/** Whether a user gets it. */
export function isWanted({ to }: Track): boolean {
  return to !== undefined;
}

/** Whether it stays in the archive. */
export function isUnwanted({ archived, to }: Track): boolean {
  return archived && to === undefined;
}

export interface Tracked {
  readonly tracks: readonly Track[];
  /** Addresses of users who came since the last apply, by the events. */
  readonly newcomers: readonly string[];
  /** Addresses whose users get none, as nobody ever saw with what they log in, and it may be several's. */
  readonly unknown: readonly string[];
}

/**
 * Follows every mailbox of the last apply, and those that come back, to where it belongs now.
 *
 * An event is written down just before the state is, so the last one may not have come to pass, and states are edited by
 * hand and put back from backups: an event counts only as far as the state agrees with it. Who logs in as a user
 * did is that user, at whichever of the user's addresses; where others at that address had the same login, or nobody
 * can log in, the events decide. Where the login is nobody's, they do only as far as there is nobody else whom it may be.
 * Users who are all as they were, in their order, have not been renamed.
 *
 * @param before entries of the users at the last apply, by address; @param after the same of the state
 * @param since time of that apply
 */
export function followMailboxes(
  before: JsonObject,
  events: readonly MailboxEvent[],
  after: JsonObject,
  since: string,
  logins: Logins,
  placeOf: PlaceOf = () => undefined,
): Tracked {
  if (events.length === 0)
    return {
      tracks: Object.keys(before).map((one) => staying(one, Object.hasOwn(after, one))),
      newcomers: [],
      unknown: [],
    };
  const trails = replay(before, events, since, { logins, placeOf });
  const entries = { before, after, logins };
  const { owners, unknown, doubtful } = isLeftAlone(trails, entries)
    ? { owners: asTheyWere(trails), unknown: [], doubtful: new Set<Trail>() }
    : assign(trails, entries);
  const tracks = trails
    .filter(({ kind }) => kind !== 'none')
    .map((trail) => ({
      origin: trail.origin,
      archived: trail.kind === 'archived',
      to: owners.get(trail),
      name: (doubtful.has(trail) ? undefined : trail.positions.findLast((one) => one !== NOWHERE)) ?? trail.origin,
    }));
  const newcomers = [...owners].flatMap(([{ kind }, address]) => (kind === 'none' ? [address] : []));
  return { tracks, newcomers, unknown };
}

function staying(origin: string, isThere: boolean): Track {
  return { origin, archived: false, to: isThere ? origin : undefined, name: origin };
}

function asTheyWere(trails: readonly Trail[]): ReadonlyMap<Trail, string> {
  return new Map(trails.flatMap((trail) => (trail.kind === 'user' ? [[trail, trail.origin] as const] : [])));
}

interface Assigned {
  readonly owners: ReadonlyMap<Trail, string>;
  readonly unknown: readonly string[];
  /** Those that perhaps belong to one of these: by what name they would be called is not known either. */
  readonly doubtful: ReadonlySet<Trail>;
}

function assign(all: readonly Trail[], entries: Entries): Assigned {
  const { before, after, logins } = entries;
  const visitors = visitorsOf(all);
  const owners = new Map<Trail, string>();
  const trails = all.filter((trail) => !isQuiet(trail, visitors));
  for (const trail of all)
    if (Object.hasOwn(after, trail.origin) && isQuiet(trail, visitors)) owners.set(trail, trail.origin);
  for (const [trail, address] of settledByLogins(trails, entries, visitors)) owners.set(trail, address);
  const taken = new Set(owners.values());
  const open = trails.filter((trail) => !owners.has(trail));
  const mayGet = (trail: Trail, address: string): boolean =>
    Object.hasOwn(after, address) && !taken.has(address) && !isAnothers(trail, address, logins, visitors);
  const candidates = new Map(open.map((trail) => [trail, placesOf(trail).filter((address) => mayGet(trail, address))]));
  const forced = forcedPlaces(open, candidates);
  const give = (trail: Trail, address: string | undefined): void => {
    if (address === undefined || owners.has(trail) || !mayGet(trail, address)) return;
    if (forced.get(trail) !== address && isStrange(address, logins, visitors)) return;
    owners.set(trail, address);
    taken.add(address);
  };
  const last = new Map(open.map((trail) => [trail, trail.positions.at(-1)] as const));
  const claimed = new Set(last.values());
  for (const trail of open) {
    // Still there as it was, and nobody else is meant to be: the event did not come to pass, or was undone by hand.
    const { origin, kind } = trail;
    if (kind === 'user' && !claimed.has(origin) && same(before[origin], after[origin])) give(trail, origin);
  }
  for (const trail of open) give(trail, last.get(trail));
  // What the last event says is not so: then what was so before it, whoever came there last.
  const earlier = open.flatMap((trail) =>
    trail.positions.map((address, n) => ({ trail, address, time: trail.times[n] ?? 0 })),
  );
  earlier.sort((a, b) => b.time - a.time);
  for (const { trail, address } of earlier) if (!claimed.has(address)) give(trail, address);
  const isOpen = (address: string): boolean => !taken.has(address) && isStrange(address, logins, visitors);
  const left = new Map(
    open
      .filter((trail) => !owners.has(trail) && trail.kind !== 'none')
      .map((trail) => [trail, (candidates.get(trail) ?? []).filter(isOpen)]),
  );
  const doubtful = new Set([...left].flatMap(([trail, places]) => (places.length > 0 ? [trail] : [])));
  return { owners, unknown: [...new Set([...left.values()].flat())], doubtful };
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  return a !== undefined && b !== undefined && sameJson(a, b);
}
