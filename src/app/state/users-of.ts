import { formatAddress, parseManagedAddress } from '../../core/address.ts';
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
  const names = Object.keys(users).map((key) => [key, addressOf(key)] as const);
  // So it is in nearly every state, and a map of thousands takes longer to build than to look through.
  if (names.every(([key, address]) => key === address)) return users;
  const normal: Record<string, Json> = {};
  for (const [key, address] of names) if (address !== undefined) normal[address] = users[key] ?? null;
  return normal;
}

function addressOf(key: string): string | undefined {
  const parsed = parseManagedAddress(key);
  return parsed.ok ? formatAddress(parsed.value) : undefined;
}
