import { isObject, type Json, type JsonObject } from '../json.ts';
import { sameJson } from '../state/edit/changes.ts';

/** Where mailboxes went by the events, and what the entries of the state say of it. */

/** The last position of a mailbox whose address somebody else has. */
export const NOWHERE = '';

export interface Trail {
  readonly origin: string;
  /** Of the last apply, out of the archive, or a user's who came since and has none yet. */
  readonly kind: 'user' | 'archived' | 'none';
  readonly positions: string[];
  /** When it came to each of them, by the number of events before. */
  readonly times: number[];
  /** Its user's at the last apply; undefined where that says nothing of whose it is. */
  entry: Json | undefined;
  /** Of entries that its user had at the events. */
  readonly signs: string[];
}

/** By which an entry is known without being written down. */
export type SignOf = (entry: Json) => string;

/** Users' entries by address, at the last apply and in the state. */
export interface Entries {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly signOf: SignOf;
}

/** Whether nothing came to pass: all users are as they were, in their order, and nobody who came since may be among them. */
export function isLeftAlone(trails: readonly Trail[], { before, after, signOf }: Entries): boolean {
  const addresses = Object.keys(after);
  const isSame = (address: string, at: number): boolean =>
    addresses[at] === address && sameJson(before[address], after[address]);
  const had = Object.keys(before);
  if (had.length !== addresses.length || !had.every(isSame)) return false;
  return trails.every((trail) =>
    trail.kind === 'user'
      ? trail.entry !== undefined
      : !placesOf(trail).some((address) => Object.hasOwn(after, address) && mayHave(trail, after[address], signOf)),
  );
}

/** Whose mailbox belongs where by the entry alone. */
export function settledByEntries(trails: readonly Trail[], { after, signOf }: Entries): ReadonlyMap<Trail, string> {
  const visitors = visitorsOf(trails);
  const settled = new Map<Trail, string>();
  for (const trail of trails) {
    const theirs = placesOf(trail).filter((address) => {
      const entry = after[address];
      const others = (visitors.get(address) ?? []).filter((other) => other !== trail);
      return tells(entry) && had(trail, entry, signOf) && !others.some((other) => mayHave(other, entry, signOf));
    });
    const [place, ...more] = theirs;
    if (place !== undefined && more.length === 0) settled.set(trail, place);
  }
  return settled;
}

/** Where a mailbox is not to go, as whoever has that entry there had another one. */
export function anothers(
  trails: readonly Trail[],
  { after, signOf }: Entries,
): (trail: Trail, address: string) => boolean {
  const visitors = visitorsOf(trails);
  return (trail, address) => {
    const entry = after[address];
    if (!tells(entry) || mayHave(trail, entry, signOf)) return false;
    return (visitors.get(address) ?? []).some((other) => other !== trail && had(other, entry, signOf));
  };
}

function visitorsOf(trails: readonly Trail[]): ReadonlyMap<string, readonly Trail[]> {
  const visitors = new Map<string, Trail[]>();
  for (const trail of trails) {
    for (const address of placesOf(trail)) {
      const before = visitors.get(address);
      if (before === undefined) visitors.set(address, [trail]);
      else before.push(trail);
    }
  }
  return visitors;
}

/** Two may well have the same name or quota, and it is by the password that people get at their mail. */
function tells(entry: Json | undefined): boolean {
  return isObject(entry) && entry['password'] !== undefined;
}

function had({ entry, signs }: Trail, now: Json | undefined, signOf: SignOf): boolean {
  if (now === undefined) return false;
  return (entry !== undefined && sameJson(entry, now)) || (signs.length > 0 && signs.includes(signOf(now)));
}

function mayHave(trail: Trail, now: Json | undefined, signOf: SignOf): boolean {
  return (trail.entry === undefined && trail.signs.length === 0) || had(trail, now, signOf);
}

function placesOf({ positions }: Trail): readonly string[] {
  return [...new Set(positions)].filter((address) => address !== NOWHERE);
}
