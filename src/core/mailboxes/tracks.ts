import type { Json, JsonObject } from '../json.ts';
import { sameJson } from '../state/edit/changes.ts';
import type { BackEvent, MailboxEvent } from './events.ts';
import { anothers, isLeftAlone, NOWHERE, settledByEntries, type Entries, type SignOf, type Trail } from './trails.ts';

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

/**
 * Follows every mailbox of the last apply, and those that come back, to where it belongs now.
 *
 * An event is written down just before the state is, so the last one may not have come to pass, and states are edited by
 * hand and put back from backups: an event counts only as far as the state agrees with it. An entry with its password
 * belongs to the user who had it, at whichever of the user's addresses it stands; where others at that address had the
 * same, or nobody did, the events decide. Users who are all as they were, in their order, have not been renamed.
 *
 * @param before entries of the users at the last apply, by address; @param after the same of the state
 * @param since time of that apply; @param signOf makes the sign of an entry
 */
export function followMailboxes(
  before: JsonObject,
  events: readonly MailboxEvent[],
  after: JsonObject,
  since: string,
  signOf: SignOf,
  placeOf: PlaceOf = () => undefined,
): readonly Track[] {
  if (events.length === 0) return Object.keys(before).map((origin) => staying(origin, Object.hasOwn(after, origin)));
  const trails = new Map<string, Trail>();
  for (const [origin, entry] of Object.entries(before))
    trails.set(origin, { origin, kind: 'user', positions: [origin], times: [0], entry, signs: [] });
  const entries = { before, after, signOf, placeOf };
  const all = [...trails.values(), ...replay(trails, events, since, entries)];
  const owners = isLeftAlone(all, entries) ? asTheyWere(all) : assign(all, entries);
  return all
    .filter(({ kind }) => kind !== 'none')
    .map((trail) => ({
      origin: trail.origin,
      archived: trail.kind === 'archived',
      to: owners.get(trail),
      name: trail.positions.findLast((address) => address !== NOWHERE) ?? trail.origin,
    }));
}

function staying(origin: string, isThere: boolean): Track {
  return { origin, archived: false, to: isThere ? origin : undefined, name: origin };
}

/**
 * Takes mailboxes along with their users; what is in the way was removed before.
 * @returns trails that begin in the events
 */
function replay(
  trails: ReadonlyMap<string, Trail>,
  events: readonly MailboxEvent[],
  since: string,
  { before, signOf, placeOf }: Pick<Entries, 'before' | 'signOf'> & { readonly placeOf: PlaceOf },
): readonly Trail[] {
  const at = new Map(trails);
  const added: Trail[] = [];
  const begin = (kind: 'archived' | 'none', origin: string): Trail => {
    const trail: Trail = { origin, kind, positions: [], times: [], entry: undefined, signs: [] };
    added.push(trail);
    return trail;
  };
  const known = (name: string | undefined): Trail | undefined =>
    name === undefined
      ? undefined
      : (trails.get(name) ?? added.find(({ kind, origin }) => kind === 'archived' && origin === name));
  const newcomer = (address: string): Trail | undefined => {
    const trail = at.get(address);
    return trail?.kind === 'none' ? trail : undefined;
  };
  /** Somebody else has the address by that: only to an entry of the last apply does the mailbox go there. */
  const asBefore = (trail: Trail | undefined): void => {
    if (trail?.kind !== 'user') return;
    trail.signs.length = 0;
    trail.entry = before[trail.origin];
  };
  const move = (trail: Trail, to: string, time: number): void => {
    trail.positions.splice(0, Infinity, to);
    trail.times.splice(0, Infinity, time);
    at.set(to, trail);
  };
  const goBack = ({ given, then }: BackEvent, time: number): void => {
    at.clear();
    for (const trail of [...trails.values(), ...added]) {
      trail.signs.length = 0;
      trail.positions.length = 0;
      trail.times.length = 0;
      if (trail.kind !== 'user') continue;
      move(trail, trail.origin, time);
      const now = then?.users[trail.origin];
      // Whose entry it was then is not known.
      if (now ?? (then === undefined && given.length > 0)) trail.entry = undefined;
      if (now) trail.signs.push(now.entry);
    }
    const placed = given.map(({ to, origin, archived }) => {
      const name = archived ?? origin;
      const trail = known(name) ?? (archived === undefined ? begin('none', to) : begin('archived', archived));
      return { to, trail };
    });
    for (const { trail } of placed) if (trail.kind === 'user') at.delete(trail.origin);
    for (const { to } of placed) asBefore(at.get(to));
    for (const { to, trail } of placed) {
      move(trail, to, time);
      trail.entry = undefined;
      trail.signs.length = 0;
      const now = then?.users[to];
      if (now) trail.signs.push(now.entry);
      else if (then !== undefined && Object.hasOwn(before, to)) trail.signs.push(signOf(before[to] ?? null));
    }
  };
  const trailOf = (event: Exclude<MailboxEvent, { kind: 'back' | 'seen' }>): Trail => {
    if (event.kind === 'new') return begin('none', event.address);
    // Written while an apply was at work: what it calls the mailbox is out of date, and the address is not.
    const isLate = event.since !== since;
    if (event.kind !== 'renamed') {
      const place = isLate && event.mailbox !== undefined ? placeOf(event.mailbox) : undefined;
      if (place !== undefined) return known(place.origin) ?? begin('archived', place.origin);
      if (event.kind === 'restored') return known(event.id) ?? begin('archived', event.id);
      // By now it may be another's address.
      return (isLate ? undefined : known(event.origin)) ?? begin('none', event.origin);
    }
    if (isLate) return at.get(event.from) ?? begin('none', event.from);
    return known(event.origin) ?? newcomer(event.from) ?? begin('none', event.from);
  };
  for (const [index, event] of events.entries()) {
    if (event.kind === 'back') {
      if (event.since === since) goBack(event, index + 1);
      continue;
    }
    if (event.kind === 'seen') continue;
    const trail = trailOf(event);
    const to = event.kind === 'new' ? event.address : event.to;
    const from = trail.positions.at(-1);
    if (from !== undefined && at.get(from) === trail) at.delete(from);
    trail.positions.push(to);
    trail.times.push(index + 1);
    if (event.sign !== undefined) trail.signs.push(event.sign);
    at.set(to, trail);
  }
  for (const trail of [...trails.values(), ...added]) {
    // Somebody else has the address now: the mailbox has no place, whatever the state says of it.
    if (at.get(trail.positions.at(-1) ?? NOWHERE) !== trail) trail.positions.push(NOWHERE);
  }
  return added;
}

function asTheyWere(trails: readonly Trail[]): ReadonlyMap<Trail, string> {
  return new Map(trails.flatMap((trail) => (trail.kind === 'user' ? [[trail, trail.origin] as const] : [])));
}

function assign(trails: readonly Trail[], entries: Entries): ReadonlyMap<Trail, string> {
  const { before, after } = entries;
  const owners = new Map(settledByEntries(trails, entries));
  const taken = new Set(owners.values());
  const isAnothers = anothers(trails, entries);
  const give = (trail: Trail, address: string | undefined): void => {
    if (address === undefined || owners.has(trail) || taken.has(address) || !Object.hasOwn(after, address)) return;
    if (isAnothers(trail, address)) return;
    owners.set(trail, address);
    taken.add(address);
  };
  const open = trails.filter((trail) => !owners.has(trail));
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
  return owners;
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  return a !== undefined && b !== undefined && sameJson(a, b);
}
