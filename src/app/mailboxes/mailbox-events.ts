import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { MailboxEvent, StateSigns } from '../../core/mailboxes/tracks.ts';
import { sameJson } from '../../core/state/edit/changes.ts';
import { sha256 } from '../../system/hash.ts';
import { readMailboxLog } from '../../system/mailbox-log.ts';
import { usersOf } from '../state/users-of.ts';

/** What was written down about mailboxes since the last apply, as far as it belongs to the state. */

/** @param seq number of the last event that an apply has taken up */
export function eventsInForce(lib: string, seq: number, state: JsonObject): readonly MailboxEvent[] {
  return readMailboxLog(lib).filter(
    (event) => event.seq > seq && (event.kind !== 'back' || event.signs === undefined || belongsTo(event.signs, state)),
  );
}

/** Number of the last event, also of those that do not belong to the state. */
export function lastEvent(lib: string, seq: number): number {
  return readMailboxLog(lib).reduce((last, event) => Math.max(last, event.seq), seq);
}

/** By which the state that a rollback puts in place can be told from the one that it replaces, whatever is edited later. */
export function signsOf(then: JsonObject, before: JsonObject): StateSigns {
  const [one, other] = [usersOf(then), usersOf(before)];
  const addresses = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const differ = addresses.filter((address) => !sameJson(one[address] ?? null, other[address] ?? null));
  const users = differ.map((address) => [address, [signAt(one, address), signAt(other, address)]] as const);
  return { then: sign(then), before: sign(before), users: Object.fromEntries(users) };
}

/**
 * What a rollback wrote down is of no meaning for the state that it was to replace: one that was killed may not have come so
 * far, and somebody may have put that state back since. What was edited is nearer to the one or to the other.
 */
function belongsTo({ then, before, users }: StateSigns, state: JsonObject): boolean {
  const now = usersOf(state);
  const like = [0, 0];
  for (const [address, signs] of Object.entries(users)) {
    const found = signAt(now, address);
    for (const side of [0, 1] as const) if (signs[side] === found) like[side] = (like[side] ?? 0) + 1;
  }
  const [there = 0, here = 0] = like;
  return there === here ? sign(state) === then || sign(state) !== before : there > here;
}

function signAt(users: JsonObject, address: string): string | null {
  return Object.hasOwn(users, address) ? sign(users[address] ?? null) : null;
}

/** Of a user's entry, in whatever order its keys are. */
export function signOfEntry(entry: Json): string {
  return sign(inOrder(entry ?? {}));
}

function inOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => inOrder(item));
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, inOrder(value[key] ?? null)]));
}

function sign(value: Json): string {
  return sha256(JSON.stringify(value));
}
