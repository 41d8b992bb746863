import { formatAddress, parseManagedAddress } from '../../core/address.ts';
import { asMap, type Json, type JsonObject } from '../../core/json.ts';

/** Users' entries by address as it is compared. */
export function usersOf(state: JsonObject): JsonObject {
  const users: Record<string, Json> = {};
  for (const [key, entry] of Object.entries(asMap(state['users'] ?? null))) {
    const parsed = parseManagedAddress(key);
    if (parsed.ok) users[formatAddress(parsed.value)] = entry;
  }
  return users;
}
