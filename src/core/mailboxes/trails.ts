import type { JsonObject } from '../json.ts';
import { sameJson } from '../state/edit/changes.ts';

/** Where mailboxes went by the events, and what the logins of the state say of it. */

/** The last position of a mailbox whose address somebody else has. */
export const NOWHERE = '';

export interface Trail {
  readonly origin: string;
  /** Of the last apply, out of the archive, or a user's who came since and has none yet. */
  readonly kind: 'user' | 'archived' | 'none';
  readonly positions: string[];
  /** When it came to each of them, by the number of events before. */
  readonly times: number[];
  /** Whether the login of the last apply is its user's; that says nothing where it cannot be told whose it was. */
  isAsApplied: boolean;
  /** Those that its user had at the events. */
  readonly logins: string[];
  /** Whether somebody else once got its address by the events, so that its user may be none any more. */
  mayBeGone: boolean;
}

/** What users log in with, by a hash, and empty for who cannot log in: it is by this that people get at their mail. */
export interface Logins {
  readonly applied: (address: string) => string;
  readonly now: (address: string) => string;
}

/** Users' entries by address, at the last apply and in the state. */
export interface Entries {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly logins: Logins;
}

/** Whether nothing came to pass: all users are as they were, in their order, and nobody who came since may be among them. */
export function isLeftAlone(trails: readonly Trail[], { before, after, logins }: Entries): boolean {
  const addresses = Object.keys(after);
  const isSame = (address: string, at: number): boolean =>
    addresses[at] === address && sameJson(before[address], after[address]);
  const had = Object.keys(before);
  if (had.length !== addresses.length || !had.every(isSame)) return false;
  return trails.every((trail) =>
    trail.kind === 'user'
      ? trail.isAsApplied
      : !placesOf(trail).some((address) => Object.hasOwn(after, address) && mayHave(trail, address, logins)),
  );
}

/** Who has been at each address. */
export type Visitors = ReadonlyMap<string, readonly Trail[]>;

export function visitorsOf(trails: readonly Trail[]): Visitors {
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

/** Whether a user has stayed where nobody else ever was: there is nothing to be told. */
export function isQuiet({ kind, origin, positions }: Trail, visitors: Visitors): boolean {
  return (
    kind === 'user' && positions.every((address) => address === origin) && (visitors.get(origin) ?? []).length === 1
  );
}

/** Whose mailbox belongs where by the login alone: at one place, where nobody else had it. */
export function settledByLogins(
  trails: readonly Trail[],
  { after, logins }: Entries,
  visitors: Visitors,
): ReadonlyMap<Trail, string> {
  const settled = new Map<Trail, string>();
  for (const trail of trails) {
    const theirs = placesOf(trail).filter((address) => {
      if (!Object.hasOwn(after, address) || !has(trail, address, logins)) return false;
      const others = (visitors.get(address) ?? []).filter((other) => other !== trail);
      return !others.some((other) => mayHave(other, address, logins));
    });
    const [place, ...more] = theirs;
    if (place !== undefined && more.length === 0) settled.set(trail, place);
  }
  return settled;
}

/** Whether a mailbox is not to go there, as whoever logs in there had another one. */
export function isAnothers(trail: Trail, address: string, logins: Logins, visitors: Visitors): boolean {
  if (logins.now(address) === '' || mayHave(trail, address, logins)) return false;
  return (visitors.get(address) ?? []).some((other) => other !== trail && has(other, address, logins));
}

/** Whether whoever logs in there does it as none of those who have been there. */
export function isStrange(address: string, logins: Logins, visitors: Visitors): boolean {
  if (logins.now(address) === '') return false;
  return !(visitors.get(address) ?? []).some((trail) => mayHave(trail, address, logins));
}

/** Whether its user is known to log in as the one at that address does. */
export function has(trail: Trail, address: string, logins: Logins): boolean {
  const login = logins.now(address);
  return login !== '' && had(trail, login, logins);
}

function mayHave(trail: Trail, address: string, logins: Logins): boolean {
  return (!trail.isAsApplied && trail.logins.length === 0) || had(trail, logins.now(address), logins);
}

function had(trail: Trail, login: string, { applied }: Logins): boolean {
  return (trail.isAsApplied && applied(trail.origin) === login) || trail.logins.includes(login);
}

export function placesOf({ positions }: Trail): readonly string[] {
  return [...new Set(positions)].filter((address) => address !== NOWHERE);
}
