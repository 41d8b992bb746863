import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';

/** Offsets of a node's first character and behind its last, without comments. */
export function rangeOf(node: Node): { start: number; end: number } {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}

/** The nodes of a parsed document: the library types keys and values as `unknown`. */
export function asNode(value: unknown): Node | undefined {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : undefined;
}

/** The pairs of a map as read from a text. */
export function pairsOf(map: YAMLMap): readonly Pair[] {
  return map.items;
}

/** A key as written in the source: `123:`, `true:` and `null:` are strings here. Undefined for maps, lists, aliases. */
export function keyOf(key: unknown): string | undefined {
  if (key === null || key === undefined) return '';
  if (!isScalar(key)) return undefined;
  return typeof key.value === 'string' ? key.value : sourceOf(key);
}

/** A plain scalar as written. */
export function sourceOf(scalar: Scalar): string {
  return scalar.source ?? String(scalar.value);
}

/** Whether a value is absent (`key:`), not written as `null` or `~`. */
export function isAbsent(node: Node | undefined): boolean {
  if (node === undefined) return true;
  return isScalar(node) && node.value === null && rangeOf(node).start === rangeOf(node).end;
}

/** Whether a node is a map or list in block style. */
export function isBlockCollection(node: Node | undefined): node is YAMLMap | YAMLSeq {
  return (isMap(node) || isSeq(node)) && node.flow !== true;
}

/** Whether a node is a literal (`|`) or folded (`>`) scalar. */
export function isBlockScalar(node: Node | undefined): node is Scalar {
  return isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
}

/** Whether a node carries an anchor or a tag, which stand outside its range. */
export function hasProperties(node: Node): boolean {
  if (isAlias(node)) return false;
  return node.tag !== undefined ? true : node.anchor !== undefined && node.anchor !== '';
}
