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

/**
 * The best of `known` when it is near enough to be what was meant: a third of its letters may be wrong, at most three;
 * of a short name one, or two that have changed places.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const comparable = (text: string): string => text.toLowerCase().replaceAll('-', '_');
  const meant = comparable(word);
  const names = known.map(comparable);
  const best = closest(meant, names);
  const wrong = distance(meant, best);
  const short = best.length <= 4 && letters(meant) !== letters(best);
  if (wrong > (short ? 1 : Math.min(3, Math.ceil(best.length / 3)))) return undefined;
  return known[names.indexOf(best)];
}

function letters(word: string): string {
  return [...word].sort().join('');
}

/** What to write instead of a word that is none of a few: all of them, the nearest first. */
export function wordHint(word: string, known: readonly string[]): string {
  const last = known.at(-1) ?? '';
  const all = known.length < 2 ? last : `${known.slice(0, -1).join(', ')} or ${last}`;
  const near = nearest(word, known);
  return near === undefined ? `write ${all}` : `did you mean ${near}? Possible: ${all}`;
}

/** The address that was meant: another one in the same domain, or the same one in another domain. */
export function nearestAddress(address: string, known: Iterable<string>): string | undefined {
  const at = address.lastIndexOf('@');
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
  const [locals, domains]: [string[], string[]] = [[], []];
  for (const other of known) {
    if (other.endsWith(`@${domain}`)) locals.push(other.slice(0, -domain.length - 1));
    else if (other.startsWith(`${local}@`)) domains.push(other.slice(local.length + 1));
  }
  const near = nearest(local, locals);
  if (near !== undefined) return `${near}@${domain}`;
  const other = nearest(domain, domains);
  return other === undefined ? undefined : `${local}@${other}`;
}

/** So many suggestions are made for the names of one state: looking for thousands among thousands would take minutes. */
const MOST_SUGGESTIONS = 100;
const made = new WeakMap<object, number>();

/** What to do about an address that is not there; `known` are the maps whose keys are addresses that are. */
export function addressHint(address: string, known: readonly ReadonlyMap<string, unknown>[], add: string): string {
  const first = known[0] ?? {};
  const count = made.get(first) ?? 0;
  made.set(first, count + 1);
  const near =
    count < MOST_SUGGESTIONS
      ? nearestAddress(
          address,
          known.flatMap((map) => [...map.keys()]),
        )
      : undefined;
  return near === undefined ? add : `did you mean ${near}? If not, ${add}`;
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
