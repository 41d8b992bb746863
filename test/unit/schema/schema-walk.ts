import { readFileSync } from 'node:fs';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { isObject } from '../../../src/core/json.ts';

export const SCHEMAS = ['state', 'host'] as const;

export function readSchema(id: (typeof SCHEMAS)[number]): JsonObject {
  const text = readFileSync(new URL(`../../../schemas/${id}.schema.json`, import.meta.url), 'utf8');
  return JSON.parse(text) as JsonObject;
}

/** A place of a schema: where it stands in the schema file, and which keys of a document it describes. */
export interface SchemaPlace {
  readonly pointer: string;
  readonly pattern: string;
  readonly node: JsonObject;
}

/** Every key, map value and list entry that a schema describes; what is behind a `$ref` is not followed. */
export function schemaPlaces(node: JsonObject, pointer = '', pattern = ''): SchemaPlace[] {
  const here = pattern === '' ? [] : [{ pointer, pattern, node }];
  const at = (step: string): string => (pattern === '' ? step : `${pattern}.${step}`);
  const into = (child: Json | undefined, where: string, step: string): SchemaPlace[] =>
    isObject(child) ? schemaPlaces(child, `${pointer}/${where}`, at(step)) : [];
  const properties = isObject(node['properties']) ? Object.entries(node['properties']) : [];
  return [
    ...here,
    ...properties.flatMap(([key, child]) => into(child, `properties/${key}`, key)),
    ...into(node['additionalProperties'], 'additionalProperties', '*'),
    ...into(node['items'], 'items', '[]'),
  ];
}
