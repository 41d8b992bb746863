import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Track } from '../../core/mailboxes/tracks.ts';
import { PATHS } from '../../core/render/paths.ts';
import { parseState } from '../../core/state/parse.ts';
import type { AppliedRecord } from '../../system/applied-record.ts';
import { listGenerations, mailboxIdsOf, readContent, type Generation } from '../../system/generations.ts';
import { followState } from '../state/followed-state.ts';
import type { Place } from '../state/place.ts';
import { loginOf, secretsApplied, secretsNow, secretsThen, userSigns, wholeSign } from '../state/state-signs.ts';
import { usersOf } from '../state/users-of.ts';
import { idOf, knownMailboxes, placeOf } from './mailbox-ids.ts';

export interface FollowedMailboxes {
  readonly tracks: readonly Track[];
  /** Users who begin with an empty mailbox, as it is not known which of several is theirs. */
  readonly unknown: readonly string[];
  /** The same, as they had another one than that which is at their address now. */
  readonly strangers: readonly string[];
}

/**
 * Where mailboxes belong. Nothing tells of a state of before the last apply that is put back by hand, except for the history: who
 * comes back with it, with the password of then, does not get the mail of who has the address now.
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
  const [then, now] = [once(() => secretsApplied(place)), secretsNow(place)];
  const hasOtherLogin = (one: Json | undefined, other: Json | undefined): boolean => {
    const password = passwordIn(other);
    if (password !== undefined && password === passwordIn(one)) return false;
    const login = loginOf(other, now);
    return login !== '' && login !== loginOf(one, (name) => then()(name));
  };
  const suspects = tracks.filter(
    ({ origin, archived, to }) => to !== undefined && (archived || hasOtherLogin(before[origin], after[to])),
  );
  if (suspects.length === 0) return { tracks, unknown, strangers: [] };
  const isStranger = strangersIn(place, applied, state);
  const strangers = new Map(suspects.flatMap((track) => (isStranger(track) ? [[track, track.to ?? ''] as const] : [])));
  return {
    tracks: tracks.map((track) => (strangers.has(track) ? { ...track, to: undefined } : track)),
    unknown,
    strangers: [...strangers.values()],
  };
}

function strangersIn(place: Place, applied: AppliedRecord | undefined, state: JsonObject): (track: Track) => boolean {
  const lib = `${place.root}/${PATHS.lib}`;
  const known = knownMailboxes(place.root, applied);
  const now = { state, secretOf: secretsNow(place) };
  const users = usersOf(state);
  const generations = listGenerations(lib).map((one) => readable(lib, one));
  const whole = wholeSign(now);
  return (track) => {
    const [id, address] = [idOf(known, track), track.to ?? ''];
    const signs = userSigns(now, address);
    if (id === undefined || signs === null || signs.login === '') return false;
    const password = passwordIn(users[address]);
    const isTelling = password !== undefined && SALTED.test(password);
    let hadAnother = false;
    for (const { text, then, ids, secretOf, secrets } of generations) {
      const isIn = secrets.some(({ sha256 }) => sha256 === signs.login);
      if (!isIn && (password === undefined || !text().includes(password))) continue;
      if (userSigns({ state: then(), secretOf }, address)?.login !== signs.login) continue;
      // Many may have the same word for a password, but not the same hash.
      if (!isTelling && wholeSign({ state: then(), secretOf }) !== whole) continue;
      const theirs = ids()?.[address];
      if (theirs === id || theirs === undefined) return false;
      hadAnother = true;
    }
    return hadAnother;
  };
}

const SALTED = /^\{[^}]*(CRYPT|ARGON2|PBKDF2|SSHA|SMD5|SCRAM)/i;

function readable(lib: string, generation: Generation) {
  const text = once(() => readContent(lib, generation.state) ?? '');
  return {
    text,
    then: once(() => parseState(text()).data),
    ids: once(() => mailboxIdsOf(lib, generation)),
    secretOf: secretsThen(generation),
    secrets: generation.secrets ?? [],
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Undefined where there is none, or it is in a file. */
function passwordIn(entry: Json | undefined): string | undefined {
  const password = isObject(entry) ? entry['password'] : undefined;
  return typeof password === 'string' ? password : undefined;
}
