import type { JsonObject } from '../json.ts';
import type { BackEvent, MailboxEvent } from './events.ts';
import type { PlaceOf } from './tracks.ts';
import { NOWHERE, type Logins, type Trail } from './trails.ts';

/**
 * Takes mailboxes along with their users; what is in the way was removed before.
 * @param before users at the last apply, by address; @param since time of that apply
 */
export function replay(
  before: JsonObject,
  events: readonly MailboxEvent[],
  since: string,
  { logins: { applied }, placeOf }: { readonly logins: Logins; readonly placeOf: PlaceOf },
): readonly Trail[] {
  const trails = new Map<string, Trail>();
  for (const origin of Object.keys(before))
    trails.set(origin, { ...newTrail('user', origin), positions: [origin], times: [0], isAsApplied: true });
  const at = new Map(trails);
  const added: Trail[] = [];
  const begin = (kind: 'archived' | 'none', origin: string): Trail => {
    const trail = newTrail(kind, origin);
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
  /** Somebody else has the address by that: only to the login of the last apply does the mailbox go there. */
  const asBefore = (trail: Trail | undefined): void => {
    if (trail?.kind !== 'user') return;
    trail.logins.length = 0;
    trail.isAsApplied = true;
  };
  const move = (trail: Trail, to: string, time: number): void => {
    trail.positions.splice(0, Infinity, to);
    trail.times.splice(0, Infinity, time);
    at.set(to, trail);
  };
  const goBack = ({ given, then }: BackEvent, time: number): void => {
    at.clear();
    for (const trail of [...trails.values(), ...added]) {
      trail.logins.length = 0;
      trail.positions.length = 0;
      trail.times.length = 0;
      trail.mayBeGone = false;
      if (trail.kind !== 'user') continue;
      move(trail, trail.origin, time);
      const now = then?.users[trail.origin];
      // Whose login it was then is not known.
      if (now ?? (then === undefined && given.length > 0)) trail.isAsApplied = false;
      if (now) trail.logins.push(now.login);
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
      trail.isAsApplied = false;
      trail.logins.length = 0;
      const now = then?.users[to];
      if (now) trail.logins.push(now.login);
      else if (then !== undefined && Object.hasOwn(before, to)) trail.logins.push(applied(to));
    }
  };
  const trailOf = (event: Exclude<MailboxEvent, { kind: 'back' | 'seen' }>): Trail => {
    if (event.kind === 'new') return begin('none', event.address);
    // Written while an apply was at work: what it calls the mailbox is out of date, and the address is not.
    const isOld = event.since !== since;
    if (event.kind !== 'renamed') {
      const place = isOld && event.mailbox !== undefined ? placeOf(event.mailbox) : undefined;
      if (place !== undefined) return known(place.origin) ?? begin('archived', place.origin);
      if (event.kind === 'restored') return known(event.id) ?? begin('archived', event.id);
      // By now it may be another's address.
      if (event.mailbox !== undefined && isOld) return begin('none', event.to);
      return (isOld ? at.get(event.to) : known(event.origin)) ?? begin('none', event.to);
    }
    if (isOld) return at.get(event.from) ?? begin('none', event.from);
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
    if (event.login !== undefined) trail.logins.push(event.login);
    const other = at.get(to);
    if (other !== undefined) other.mayBeGone = true;
    at.set(to, trail);
  }
  for (const trail of [...trails.values(), ...added]) {
    // Somebody else has the address now: the mailbox has no place, whatever the state says of it.
    if (at.get(trail.positions.at(-1) ?? NOWHERE) === trail) continue;
    trail.positions.push(NOWHERE);
    trail.mayBeGone = true;
  }
  return [...trails.values(), ...added];
}

function newTrail(kind: Trail['kind'], origin: string): Trail {
  return { origin, kind, positions: [], times: [], isAsApplied: false, logins: [], mayBeGone: false };
}
