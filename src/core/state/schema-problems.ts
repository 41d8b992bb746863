import type { ValidationError } from '../generated/validate-state.js';
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { Problem, StatePath } from '../problem.ts';
import { type Place, placeOf, placesIn, type SchemaFacts } from './schema-facts.ts';
import { nameProblem, repeatedItems, valueProblem } from './schema-value.ts';
import { nearest, unknownKey } from './unknown-key.ts';

/**
 * Turns what the validator found into problems in plain words, in the order in which it found them. One mistake often
 * breaks several rules of the schema (a number where one of three words belongs is neither a text nor one of them):
 * what is wrong with a value or a name is told once.
 */
export function schemaProblems(schema: SchemaFacts, data: JsonObject, errors: readonly ValidationError[]): Problem[] {
  const told = new Set<string>();
  return errors.flatMap((error) => {
    const path = pathOf(error.instancePath, data);
    const place = placeOf(schema, path);
    const identity = identityOf(error, place);
    if (told.has(identity)) return [];
    told.add(identity);
    return problemsOf(schema, place, path, valueAt(data, path), error);
  });
}

/** One problem for each key that is set while nothing renders it yet. An empty section asks for nothing. */
export function unsupportedProblems(schema: SchemaFacts, data: JsonObject): Problem[] {
  const paths = schema.unsupportedKeys.flatMap((pattern) =>
    placesIn(data, pattern)
      .filter((path) => !isEmpty(valueAt(data, path)))
      .map((path) => ({ path, pattern })),
  );
  return paths.map(({ path, pattern }) => {
    const key = pattern.includes('*') ? pattern.slice(pattern.lastIndexOf('.') + 1) : pattern;
    const message = `\`${key}\` is not supported yet`;
    return { rule: 'unsupported', severity: 'error', path, at: 'key', message, hint: 'remove it' };
  });
}

/** What an error is about: a key, a name in a map, or else a value, of which only the first error is told. */
function identityOf(error: ValidationError, place: Place): string {
  const { instancePath, keyword, params } = error;
  const about = (kind: string, key: unknown): string => JSON.stringify([kind, instancePath, key]);
  if (keyword === 'additionalProperties') return about('key', place.secret ? '' : params['additionalProperty']);
  if (keyword === 'required' || keyword === 'dependentRequired') return about('missing', params['missingProperty']);
  const name = nameOf(error);
  return name === undefined ? about('value', '') : about('name', name);
}

/** The name in a map that an error is about. */
function nameOf({ params, propertyName }: ValidationError): string | undefined {
  const name = propertyName ?? params['propertyName'];
  return typeof name === 'string' ? name : undefined;
}

function problemsOf(
  schema: SchemaFacts,
  place: Place,
  path: StatePath,
  value: Json | undefined,
  error: ValidationError,
): Problem[] {
  const { keyword, params } = error;
  const name = nameOf(error);
  if (name !== undefined) return [nameProblem(place, path, name, keyword === 'maxLength')];
  if (keyword === 'additionalProperties') {
    return [unknownKey(schema, path, place, String(params['additionalProperty']))];
  }
  if (keyword === 'required' || keyword === 'dependentRequired') {
    const key = String(params['missingProperty']);
    return isMisspelt(schema, place, value, key) ? [] : [missing(path, key, params['property'])];
  }
  if (keyword === 'uniqueItems') return repeatedItems(path, value);
  return [valueProblem(schema, place, path, value, keyword)];
}

function missing(path: StatePath, key: string, because: unknown): Problem {
  const at = typeof path.at(-1) === 'string' ? 'key' : 'value';
  const reason = typeof because === 'string' ? `, which "${because}" needs` : '';
  const hint = key === 'version' ? 'add the line "version: 1"' : `add "${key}: …"`;
  return { rule: 'schema', severity: 'error', path, at, message: `the key "${key}" is missing${reason}`, hint };
}

/** Whether a missing key seems to be there under another name. That one is reported already, and is the only mistake. */
function isMisspelt(schema: SchemaFacts, place: Place, value: Json | undefined, key: string): boolean {
  const known = schema.knownKeys[place.pattern] ?? [];
  const unknown = isObject(value) ? Object.keys(value).filter((each) => !known.includes(each)) : [];
  return place.secret ? unknown.length > 0 : unknown.some((each) => nearest(each, known) === key);
}

/** The steps of a JSON pointer; those into a list become numbers. */
function pathOf(pointer: string, data: Json): StatePath {
  const path: (string | number)[] = [];
  let value: Json | undefined = data;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = Array.isArray(value) ? Number(key) : key;
    path.push(step);
    value = child(value, step);
  }
  return path;
}

function valueAt(data: Json, path: StatePath): Json | undefined {
  return path.reduce<Json | undefined>(child, data);
}

function child(value: Json | undefined, step: string | number): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, step) ? (value as Readonly<Record<string | number, Json>>)[step] : undefined;
}

function isEmpty(value: Json | undefined): boolean {
  return value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
}
