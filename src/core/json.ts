/** What a YAML or JSON document can hold, as plain data. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A map, or an empty one where there is none: keys without a value read as null. */
export function asMap(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
