import { managedForm } from '../../core/address.ts';
import { asMap, type Json, type JsonObject } from '../../core/json.ts';

/** States are not changed but replaced, and several parts of one command ask for the users of the same one. */
const known = new WeakMap<JsonObject, JsonObject>();

/** Users' entries by address as it is compared. */
export function usersOf(state: JsonObject): JsonObject {
  const users = known.get(state) ?? normalized(asMap(state['users'] ?? null));
  known.set(state, users);
  return users;
}

function normalized(users: JsonObject): JsonObject {
  const keys = Object.keys(users);
  // So it is in nearly every state, and a map of thousands takes longer to build than to look through.
  if (keys.every((key) => managedForm(key) === key)) return users;
  const normal: Record<string, Json> = {};
  for (const key of keys) {
    const address = managedForm(key);
    if (address !== undefined) normal[address] = users[key] ?? null;
  }
  return normal;
}
