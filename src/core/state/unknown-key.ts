import { closest, distance } from 'fastest-levenshtein';
import type { Problem, StatePath } from '../problem.ts';
import { patternForPeople, type Place, type SchemaFacts } from './schema-facts.ts';
import { quoted } from './schema-words.ts';

/** A key at more places than this is no sign of where it was meant to be. */
const MOST_PLACES = 3;

/** The problem of a key that the schema does not know at its place, with the most likely meaning as hint. */
export function unknownKey(schema: SchemaFacts, path: StatePath, parent: Place, key: string): Problem {
  if (parent.secret) return unknownInSecret(path);
  const known = schema.knownKeys[parent.pattern] ?? [];
  const hint = similar(key, known) ?? elsewhere(schema, key) ?? `known here: ${known.join(', ')}`;
  const message = `unknown key ${quoted(key)}`;
  return { rule: 'schema', severity: 'error', path: [...path, key], at: 'key', message, hint };
}

/** The best of `known` when it is near enough to be what was meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const comparable = (text: string): string => text.toLowerCase().replaceAll('-', '_');
  const names = known.map(comparable);
  const best = closest(comparable(word), names);
  if (distance(comparable(word), best) > Math.min(3, Math.ceil(best.length / 3))) return undefined;
  return known[names.indexOf(best)];
}

function similar(key: string, known: readonly string[]): string | undefined {
  const best = nearest(key, known);
  return best === undefined ? undefined : `did you mean ${best}?`;
}

function elsewhere(schema: SchemaFacts, key: string): string | undefined {
  const homes = Object.entries(schema.knownKeys).filter(([, keys]) => keys.includes(key));
  if (homes.length === 0 || homes.length > MOST_PLACES) return undefined;
  const names = homes.map(([pattern]) => (pattern === '' ? 'the top level' : patternForPeople(pattern)));
  return `that key belongs to ${names.join(' or ')}`;
}

/** `password: {PLAIN}secret` without quotes is a map in YAML: neither its keys nor its values are shown. */
function unknownInSecret(path: StatePath): Problem {
  const message = 'must be a text in quotes or {file: PATH}, not a map with other keys';
  const hint = 'a text that starts with { needs quotes in YAML';
  return { rule: 'schema', severity: 'error', path, at: 'value', message, hint };
}
