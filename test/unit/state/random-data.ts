import type { Json, JsonObject } from '../../../src/core/json.ts';
import { isObject } from '../../../src/core/json.ts';
import type { Random } from './random.ts';

const KEYS = [
  'users', 'domains', 'aliases', 'name', 'a', 'b', 'c', 'alice@example.com', "o'neil@example.com", '*', '@example.com',
  '2001:db8::/48', '10.0.0.0/8', 'true', 'null', '~', '12', '1e3', 'yes', '2024-01-01', 'a b', ' x ', '', '__proto__',
  'constructor', '- x', '? y', 'a: b', 'a #b', '#c', '[x', '{y', 'ü@exämple', '"q"', 'x,y', '!t', '&a', '|', '%d', 'back\\slash', 'tab\there', 'line\nbreak',
]; // prettier-ignore
const TEXTS = [
  ...KEYS, 'Alice Liddell', 'Liddell, Alice', '{SHA512-CRYPT}$6$a/b.c', '25 MB', '0.0.0.0', '0x1F', '.5', '-', '---', '...',
  'two\nlines', 'two\nlines\n', 'one\n', '\n', 'x\n\ny', ' lead\nx', 'trail \nx', 'a\n\n', 'key: x\n  deeper\n# no comment', 'x\ty', 'café', '😀', '\u2028', '\u0085', '\u0007', '\uFEFF', 'é\r', 'a\\nb', "it's", 'say "x"', "'\"", ': ', ' #', 'x:', 'http://h:1/p?q#f', 'a, b', 'a]', 'a}', '<<', '=', '@x', '`x`', 'a long text of several words that goes on and on and on until it is longer than any line should ever be in a file of this kind, really',
]; // prettier-ignore

/** A random map of maps, lists and scalars. */
export function randomMap(random: Random, depth: number, size: number): JsonObject {
  const entries = Array.from({ length: random.below(size + 1) }, (): [string, Json] => [
    random.pick(KEYS),
    randomValue(random, depth - 1),
  ]);
  return Object.fromEntries(entries);
}

/** A random value, with maps and lists nested up to `depth`. */
export function randomValue(random: Random, depth: number): Json {
  if (depth > 0 && random.chance(0.5)) return randomMap(random, depth, 4);
  if (depth > 0 && random.chance(0.3)) return randomList(random, depth);
  const scalars = [
    null,
    true,
    false,
    0,
    -1,
    12,
    1.5,
    1e21,
    '',
    random.pick(TEXTS),
    random.pick(TEXTS),
    random.pick(TEXTS),
  ];
  return random.chance(0.6) ? random.pick(TEXTS) : (scalars[random.below(scalars.length)] ?? null);
}

function randomList(random: Random, depth: number): Json[] {
  return Array.from({ length: random.below(5) }, () => randomValue(random, random.chance(0.7) ? 0 : depth - 1));
}

/** Data that looks like a state: sections with entries. */
export function randomState(random: Random): JsonObject {
  if (random.chance(0.3)) return randomMap(random, 4, 5);
  const section = (): JsonObject => randomMap(random, 3, 6);
  return { version: 1, users: section(), domains: section(), ...randomMap(random, 2, 2) };
}

/** The data after a few random edits. */
export function editRandomly(data: JsonObject, random: Random): JsonObject {
  let result = data;
  for (let edits = 1 + random.below(4); edits > 0; edits -= 1) result = editMap(result, random, 0);
  return result;
}

function editMap(map: JsonObject, random: Random, depth: number): JsonObject {
  const keys = Object.keys(map);
  const entries = new Map(Object.entries(map));
  if (keys.length === 0 || random.chance(0.2)) {
    entries.set(random.pick(KEYS), randomValue(random, Math.max(0, 3 - depth)));
    return Object.fromEntries(entries);
  }
  const key = random.pick(keys);
  const old = entries.get(key) ?? null;
  if (isObject(old) && random.chance(0.8)) entries.set(key, editMap(old, random, depth + 1));
  else if (Array.isArray(old) && random.chance(0.8)) entries.set(key, editList(old, random));
  else if (random.chance(0.4)) entries.delete(key);
  else entries.set(key, randomValue(random, Math.max(0, 3 - depth)));
  return Object.fromEntries(entries);
}

function editList(list: readonly Json[], random: Random): Json[] {
  const result = [...list];
  const at = random.below(result.length + 1);
  const old = result[at];
  if (isObject(old) && random.chance(0.7)) result[at] = editMap(old, random, 3);
  else if (random.chance(0.5)) result.splice(at, random.below(3));
  else result.splice(at, 0, randomValue(random, random.below(2)));
  return result;
}
