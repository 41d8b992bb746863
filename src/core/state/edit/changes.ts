import type { Json, JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';

/** One key that is set (added or replaced), or removed when `value` is undefined. */
export interface Change {
  readonly path: readonly string[];
  readonly value: Json | undefined;
}

/** The value of an object's own key: safe for `__proto__` and `constructor`. */
export function ownValue(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/**
 * What turns `before` into `after`. Maps are compared key by key, lists and scalars as wholes. Parts that are the
 * same object are not looked into. An absent map (null) and an empty one are the same.
 */
export function changesBetween(before: JsonObject, after: JsonObject): Change[] {
  const changes: Change[] = [];
  collect(before, after, [], changes);
  return changes;
}

function collect(before: JsonObject, after: JsonObject, path: readonly string[], changes: Change[]): void {
  if (before === after) return;
  for (const key of Object.keys(before))
    if (!Object.hasOwn(after, key)) changes.push({ path: [...path, key], value: undefined });
  for (const key of Object.keys(after)) {
    const value = after[key];
    if (value === undefined) continue;
    const old = ownValue(before, key);
    if (old === value) continue;
    const here = [...path, key];
    const [oldMap, newMap] = [asMap(old), asMap(value)];
    if (isEmptyMap(oldMap) && isEmptyMap(newMap)) continue;
    if (oldMap !== undefined && isObject(value)) collect(oldMap, value, here, changes);
    else if (old === undefined || !sameJson(old, value)) changes.push({ path: here, value });
  }
}

function asMap(value: Json | undefined): JsonObject | undefined {
  return value === null ? {} : isObject(value) ? value : undefined;
}

function isEmptyMap(map: JsonObject | undefined): boolean {
  return map !== undefined && Object.keys(map).length === 0;
}

/** Deep equality; the order of keys does not matter, and an absent map (null) is an empty one. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item: Json, index) => sameJson(item, b[index] as Json));
  const [old, now] = [asMap(a), asMap(b)];
  if (old === undefined || now === undefined) return false;
  // Without lists of keys: states of thousands of users are compared.
  let more = 0;
  for (const key in old) {
    if (!Object.hasOwn(now, key) || !sameJson(old[key], now[key])) return false;
    more -= 1;
  }
  for (const _ in now) more += 1;
  return more === 0;
}

/** The data that a list of changes makes of `before`, which stays as it is. */
export function applyChanges(before: JsonObject, changes: readonly Change[]): JsonObject {
  return applyTree(before, changeTree(changes));
}

/** Changes by key: a value to set, a removal (undefined), or changes further down. */
export type ChangeTree = ReadonlyMap<string, ChangeNode>;
export type ChangeNode = { readonly value: Json | undefined } | { readonly children: ChangeTree };

/** Groups changes by their paths; later changes go on from the earlier ones. */
export function changeTree(changes: readonly Change[]): ChangeTree {
  const root = new Map<string, ChangeNode>();
  for (const { path, value } of changes) insert(root, path, value);
  return root;
}

function insert(tree: Map<string, ChangeNode>, path: readonly string[], value: Json | undefined): void {
  const [key, ...rest] = path;
  if (key === undefined) throw new TypeError('A change needs a path');
  const there = tree.get(key);
  if (rest.length === 0) {
    tree.set(key, { value });
  } else if (there !== undefined && 'value' in there) {
    const base = isObject(there.value) ? there.value : {};
    tree.set(key, { value: applyChanges(base, [{ path: rest, value }]) });
  } else {
    // Only this function makes them, so the one that is there can be gone on with: thousands of changes stand below one.
    const children = (there?.children as Map<string, ChangeNode> | undefined) ?? new Map<string, ChangeNode>();
    insert(children, rest, value);
    if (there === undefined) tree.set(key, { children });
  }
}

/** The data that a tree of changes makes of `before`. */
export function applyTree(before: JsonObject, tree: ChangeTree): JsonObject {
  const result = new Map(Object.entries(before));
  for (const [key, node] of tree) {
    if ('children' in node) {
      const old = result.get(key);
      const value = applyTree(isObject(old) ? old : {}, node.children);
      if (result.has(key) || Object.keys(value).length > 0) result.set(key, value);
    } else if (node.value === undefined) result.delete(key);
    else result.set(key, node.value);
  }
  return Object.fromEntries(result);
}
