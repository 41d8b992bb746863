import type { JsonObject } from '../../core/json.ts';
import type { Track } from '../../core/mailboxes/tracks.ts';
import type { Entries, Logins } from '../../core/mailboxes/trails.ts';
import { once } from '../../core/memoized.ts';
import type { AppliedRecord } from '../../system/applied-record.ts';
import { followState } from '../state/followed-state.ts';
import type { Place } from '../state/place.ts';
import { isTelling, loginsOf, passwordIn } from '../state/state-signs.ts';
import { usersOf } from '../state/users-of.ts';
import { hadAnother } from './login-history.ts';
import { knownMailboxes, placeOf } from './mailbox-ids.ts';

export interface FollowedMailboxes {
  readonly tracks: readonly Track[];
  /** Users who begin with an empty mailbox, as it is not known which of several is theirs. */
  readonly unknown: readonly string[];
  /** The same, as they had another one than that which is at their address now. */
  readonly strangers: readonly string[];
}

/**
 * Where mailboxes belong. Nothing tells of a state of before the last apply that is put back by hand, except for the history: who
 * comes back with it, with the password of then, does not get the mail of who has the address now. Nor does anybody whose entry
 * is moved by hand to the address of another.
 */
export function followedMailboxes(
  place: Place,
  applied: AppliedRecord | undefined,
  state: JsonObject,
): FollowedMailboxes {
  const { tracks, unknown } = followState(place, applied, state, (mailbox) =>
    placeOf(knownMailboxes(place.root, applied), mailbox),
  );
  const [before, after] = [usersOf(applied?.state ?? {}), usersOf(state)];
  const logins = loginsOf(place, before, after);
  const hasOtherLogin = (origin: string, to: string): boolean => {
    const password = passwordIn(after[to]);
    // So it is for nearly all, and hashes take longer.
    if (typeof password === 'string' && password === passwordIn(before[origin])) return false;
    return logins.now(to) !== '' && logins.now(to) !== logins.applied(origin);
  };
  const suspects = tracks.filter(
    ({ origin, archived, to }) => to !== undefined && (archived || hasOtherLogin(origin, to)),
  );
  if (suspects.length === 0) return { tracks, unknown, strangers: [] };
  const isByHistory = hadAnother(place, applied, state);
  const isMoved = movedByHand(place, { before, after, logins }, tracks);
  const strangers = new Map(
    suspects.flatMap((track) => ((isByHistory(track) ?? isMoved(track)) ? [[track, track.to ?? ''] as const] : [])),
  );
  return {
    tracks: tracks.map((track) => (strangers.has(track) ? { ...track, to: undefined } : track)),
    unknown,
    strangers: [...strangers.values()],
  };
}

/**
 * Whether a user has the password of one who had another mailbox at the last apply, and is gone or has another password: it is
 * that user, then. Where the other is still there with it, it was copied.
 */
function movedByHand(
  place: Place,
  { before, after, logins }: Entries,
  tracks: readonly Track[],
): (track: Track) => boolean {
  const toOf = new Map(tracks.map(({ origin, archived, to }) => [archived ? '' : origin, to]));
  const loginAt = (address: string | undefined): string => (address === undefined ? '' : logins.now(address));
  const holders = once(() => byLogin(Object.keys(before), logins));
  return ({ origin, archived, to }) => {
    if (archived || to === undefined || !isTelling(place, after[to])) return false;
    const login = logins.now(to);
    const others = (holders().get(login) ?? []).filter((address) => address !== origin);
    return others.length > 0 && !others.some((address) => loginAt(toOf.get(address)) === login);
  };
}

function byLogin(addresses: readonly string[], { applied }: Logins): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const address of addresses) {
    const group = groups.get(applied(address));
    if (group === undefined) groups.set(applied(address), [address]);
    else group.push(address);
  }
  return groups;
}
