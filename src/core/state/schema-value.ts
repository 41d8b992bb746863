import type { Json } from '../json.ts';
import type { Problem, StatePath } from '../problem.ts';
import type { Place, SchemaFacts, ValueFacts } from './schema-facts.ts';
import { describeValue, expectedWords, quoted, strayCharacter } from './schema-words.ts';
import { nearest } from './unknown-key.ts';

const ONE_LINE = 'write it on one line; a text written with | or > ends with a line break';
const TRUTH: Readonly<Record<string, string>> = {
  on: 'true',
  yes: 'true',
  y: 'true',
  off: 'false',
  no: 'false',
  n: 'false',
};

/**
 * What is wrong with a value, in words; `keyword` is the schema keyword that it breaks.
 * @param schema what knows the keys that may be in the place
 */
export function valueProblem(
  { knownKeys }: Pick<SchemaFacts, 'knownKeys'>,
  { facts, secret, pattern }: Place,
  path: StatePath,
  value: Json | undefined,
  keyword: string,
): Problem {
  const problem = { rule: 'schema', severity: 'error', path, at: 'value' } as const;
  if (facts === undefined) return { ...problem, message: 'is not what belongs here' };
  const stray = typeof value === 'string' ? strayCharacter(value, facts.multiline === true) : undefined;
  if (stray !== undefined && facts.types.includes('string')) {
    return { ...problem, message: `contains ${stray}`, hint: stray === 'a line break' ? ONE_LINE : 'remove it' };
  }
  if (keyword === 'maxLength') return { ...problem, message: `is longer than ${facts.maxLength ?? ''} characters` };
  if (keyword === 'minItems')
    return { ...problem, message: 'is an empty list', hint: 'remove the key or add an entry' };
  const message = `must be ${expectedWords(facts)}, not ${describeValue(value, secret || !isShown(facts))}`;
  const hint = hintFor(facts, value) ?? hintForColon(facts, value, knownKeys[pattern] ?? []);
  return hint === undefined || secret ? { ...problem, message } : { ...problem, message, hint };
}

/** What is wrong with a name that the user chose in a map, in words. */
export function nameProblem(place: Place, path: StatePath, name: string, tooLong: boolean): Problem {
  const message = whyNotName(place, name, tooLong);
  return { rule: 'schema', severity: 'error', path: [...path, name], at: 'key', message };
}

function whyNotName({ facts }: Place, name: string, tooLong: boolean): string {
  if (name === '') return 'the name is empty';
  const stray = strayCharacter(name, false);
  if (stray !== undefined) return `the name contains ${stray}`;
  if (/\s/u.test(name)) return 'the name contains white space';
  if (tooLong) return 'the name is too long';
  return `the name must be ${facts?.expectedName ?? 'a text'}`;
}

/** One problem for each entry of a list that is there already. */
export function repeatedItems(path: StatePath, value: Json | undefined): Problem[] {
  if (!Array.isArray(value)) return [];
  const seen = new Set<Json>();
  return (value as readonly Json[]).flatMap((item, index): Problem[] => {
    if (!seen.has(item)) {
      seen.add(item);
      return [];
    }
    const message = `${typeof item === 'string' ? quoted(item) : 'an entry'} is in the list twice`;
    return [{ rule: 'schema', severity: 'error', path: [...path, index], at: 'value', message, hint: 'remove one' }];
  });
}

/** Where a map or list belongs, a text may be anything, even a secret that slipped. */
function isShown(facts: ValueFacts): boolean {
  return !facts.types.every((type) => type === 'object' || type === 'array' || type === 'null');
}

function hintFor(facts: ValueFacts, value: Json | undefined): string | undefined {
  if (facts.const !== undefined) return `write ${facts.const}`;
  if (value === null) return 'write a value or remove the key';
  if (facts.types.includes('boolean') && typeof value === 'string') {
    const truth = TRUTH[value.toLowerCase()] ?? nearest(value, ['true', 'false']);
    return truth === undefined ? 'write true or false, without quotes' : `write ${truth}, without quotes`;
  }
  if (facts.enum !== undefined) return hintForWord(facts.enum, value);
  if (facts.types.includes('integer') && typeof value === 'string' && /^\d+$/.test(value)) {
    return `write ${value}, without quotes`;
  }
  if (facts.types.includes('array') && typeof value === 'string') return 'write a list, such as [ONE, TWO]';
  const plain = typeof value === 'number' || typeof value === 'boolean';
  const free = facts.types.includes('string') && facts.expected === undefined;
  return plain && free ? `put it in quotes: "${String(value)}"` : undefined;
}

/** Of a text where a map belongs only the name of a key is shown. */
function hintForColon(
  { types, map }: ValueFacts,
  value: Json | undefined,
  known: readonly string[],
): string | undefined {
  if (typeof value !== 'string' || !types.includes('object')) return undefined;
  const word = value.split(/[\s=]/, 1)[0];
  const key = known.find((each) => each === word);
  if (key !== undefined || map === true || /\s/.test(value)) return `is a ":" missing? Write "${key ?? 'KEY'}: …"`;
  return known[0] === undefined ? undefined : `write its keys with their values, such as "${known[0]}: …"`;
}

function hintForWord(known: readonly string[], value: Json | undefined): string | undefined {
  if (typeof value === 'boolean') {
    const word = known.find((each) => (value ? ['on', 'yes'] : ['off', 'no', 'none']).includes(each));
    return word === undefined ? undefined : `did you mean ${word}?`;
  }
  const best = typeof value === 'string' ? nearest(value, known) : undefined;
  return best === undefined ? undefined : `did you mean ${best}?`;
}
