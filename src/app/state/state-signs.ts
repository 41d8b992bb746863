import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { StateSigns, UserSigns } from '../../core/mailboxes/events.ts';
import type { Logins } from '../../core/mailboxes/trails.ts';
import { memoized, once } from '../../core/memoized.ts';
import { sameJson } from '../../core/state/edit/changes.ts';
import { PATHS } from '../../core/render/paths.ts';
import { bytesIfPresent } from '../../system/files.ts';
import { newestGeneration, readGeneration, type Generation } from '../../system/generations.ts';
import { sha256 } from '../../system/hash.ts';
import type { Place } from './place.ts';
import { lineOf, secretPath } from './secrets.ts';
import { usersOf } from './users-of.ts';

/** By which states, and the users in them, are known again without being written down. */

/** SHA-256 of what a secret file holds. */
export type SecretOf = (name: string) => string | undefined;

/** As the files are now. */
export function secretsNow(place: Place): SecretOf {
  return (name) => {
    const bytes = bytesIfPresent(secretPath(place, name));
    return bytes === undefined ? undefined : sha256(lineOf(bytes));
  };
}

export function secretsThen({ secrets = [] }: Pick<Generation, 'secrets'>): SecretOf {
  return (name) => secrets.find((one) => one.name === name)?.sha256;
}

/** At the last apply. */
export function secretsApplied({ root }: Place): SecretOf {
  const lib = `${root}/${PATHS.lib}`;
  return secretsThen(readGeneration(lib, newestGeneration(lib)) ?? {});
}

/** A state and what its secrets held. */
export interface Whole {
  readonly state: JsonObject;
  readonly secretOf: SecretOf;
}

/** @param applied the state of the last apply */
export function signsOf({ state, secretOf }: Whole, applied: Whole): StateSigns {
  const [one, other] = [usersOf(state), usersOf(applied.state)];
  const addresses = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const isSame = (address: string): boolean =>
    Object.hasOwn(one, address) &&
    Object.hasOwn(other, address) &&
    sameJson(one[address] ?? null, other[address] ?? null) &&
    (fileOf(one[address]) === undefined ||
      loginOf(one[address], secretOf) === loginOf(other[address], applied.secretOf));
  const differ = addresses.filter((address) => !isSame(address));
  const users = differ.map((address) => [address, userSigns({ state, secretOf }, address)] as const);
  return { whole: wholeSign({ state, secretOf }), users: Object.fromEntries(users) };
}

/** Of the state and of the passwords that it refers to. */
export function wholeSign({ state, secretOf }: Whole): string {
  const entries = Object.values(usersOf(state));
  return sign([state, entries.flatMap((entry) => (fileOf(entry) === undefined ? [] : [loginOf(entry, secretOf)]))]);
}

export function userSigns({ state, secretOf }: Whole, address: string): UserSigns | null {
  const users = usersOf(state);
  if (!Object.hasOwn(users, address)) return null;
  const entry = users[address] ?? null;
  return { login: loginOf(entry, secretOf), entry: signOfEntry(entry) };
}

/** Of a user's entry, in whatever order its keys are. */
export function signOfEntry(entry: Json): string {
  return sign(inOrder(entry ?? {}));
}

/** What a user logs in with; empty for who cannot log in. */
export function loginOf(entry: Json | undefined, secretOf: SecretOf): string {
  const password = passwordIn(entry);
  if (typeof password === 'string') return sha256(password);
  const file = fileOf(entry);
  return file === undefined ? '' : (secretOf(file) ?? `in ${file}`);
}

/** What users log in with. @param before entries at the last apply, by address; @param after those of the state */
export function loginsOf(place: Place, before: JsonObject, after: JsonObject): Logins {
  const [then, now] = [once(() => secretsApplied(place)), secretsNow(place)];
  return {
    applied: memoized((address) => loginOf(before[address], (name) => then()(name))),
    now: memoized((address) => loginOf(after[address], now)),
  };
}

/** A text, or an object with the name of a file, as it is written; null for none. */
export function passwordIn(entry: Json | undefined): Json {
  return (isObject(entry) ? entry['password'] : undefined) ?? null;
}

/** Whether nobody else has the same password by chance: many may have the same word for one, but not the same salted hash. */
export function isTelling(place: Place, entry: Json | undefined): boolean {
  const password = passwordIn(entry);
  const file = fileOf(entry);
  const bytes = file === undefined ? undefined : bytesIfPresent(secretPath(place, file));
  const text = typeof password === 'string' ? password : bytes === undefined ? '' : lineOf(bytes);
  return SALTED.test(text);
}

const SALTED = /^\{[^}]*(CRYPT|ARGON2|PBKDF2|SSHA|SMD5|SCRAM)/i;

function fileOf(entry: Json | undefined): string | undefined {
  const password = passwordIn(entry);
  const file = isObject(password) ? password['file'] : undefined;
  return typeof file === 'string' ? file : undefined;
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
