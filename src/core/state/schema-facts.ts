import type { Json } from '../json.ts';
import type { StatePath } from '../problem.ts';

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';

/** What the schema says of one place, as far as messages need it. */
export interface ValueFacts {
  readonly types: readonly JsonType[];
  readonly enum?: readonly string[];
  readonly const?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  /** What belongs here, in words: completes "must be …". */
  readonly expected?: string;
  /** The same for the names in a map. */
  readonly expectedName?: string;
  /** Line breaks and tabs are allowed. */
  readonly multiline?: boolean;
  /** The value is never shown. */
  readonly secret?: boolean;
  /** A map with names of the user's choice. */
  readonly map?: boolean;
}

/** The tables that scripts/generate.mjs makes of a schema; path patterns look like `users.*.fetch.[]`. */
export interface SchemaFacts {
  readonly knownKeys: Readonly<Record<string, readonly string[]>>;
  readonly valueFacts: Readonly<Record<string, ValueFacts>>;
  readonly unsupportedKeys: readonly string[];
}

/** What the schema says of a place in the data, and whether the place is in or under something secret. */
export interface Place {
  readonly pattern: string;
  readonly facts: ValueFacts | undefined;
  readonly secret: boolean;
}

/** Follows a path through the schema. A place that the schema does not know counts as secret. */
export function placeOf(schema: SchemaFacts, path: StatePath): Place {
  let pattern = '';
  let facts = schema.valueFacts[pattern];
  let secret = facts === undefined;
  for (const step of path) {
    const name = typeof step === 'number' ? '[]' : facts?.map === true ? '*' : step;
    pattern = pattern === '' ? name : `${pattern}.${name}`;
    facts = Object.hasOwn(schema.valueFacts, pattern) ? schema.valueFacts[pattern] : undefined;
    secret ||= facts === undefined || facts.secret === true;
  }
  return { pattern, facts, secret };
}

/** A path pattern for people: `users.NAME.fetch[]`. */
export function patternForPeople(pattern: string): string {
  return pattern.replaceAll('*', 'NAME').replaceAll('.[]', '[]');
}

/** All places in the data that a path pattern stands for, in the order of the data. */
export function placesIn(data: Json, pattern: string): StatePath[] {
  let found: { path: StatePath; value: Json }[] = [{ path: [], value: data }];
  for (const step of pattern.split('.')) {
    found = found.flatMap(({ path, value }) => {
      if (typeof value !== 'object' || value === null) return [];
      if (step === '*' || step === '[]') {
        const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
        return (entries as [string | number, Json][]).map(([key, child]) => ({ path: [...path, key], value: child }));
      }
      if (!Object.hasOwn(value, step)) return [];
      const child = (value as Readonly<Record<string, Json>>)[step] ?? null;
      return [{ path: [...path, step], value: child }];
    });
  }
  return found.map(({ path }) => path);
}
