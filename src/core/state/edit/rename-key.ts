import { isMap, isScalar } from 'yaml';
import type { Node, YAMLMap } from 'yaml';
import type { JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';
import { absoluteSpans, type Layout } from '../layout.ts';
import { toLf } from '../line-ends.ts';
import { asNode, hasProperties, keyOf, pairsOf, rangeOf } from '../nodes.ts';
import { sameJson } from './changes.ts';
import { keyText, scalarText } from './scalar.ts';
import { readMap } from './splice.ts';
import { applyEdits } from './text-edits.ts';
import { UneditableError } from './uneditable.ts';

/** An entry of a section that gets another key and stays what it is. */
export interface KeyRename {
  readonly section: string;
  readonly from: string;
  readonly to: string;
}

/** A text with another key in it, and what it says now. */
export interface RenamedText {
  readonly text: string;
  readonly layout: Layout | undefined;
  readonly data: JsonObject;
}

/**
 * The entry whose key alone changes: one key goes, one comes, and the value is the very same map. Written as a removal
 * and an addition, it would lose its place and its comments.
 */
export function renamedKey(before: JsonObject, after: JsonObject): KeyRename | undefined {
  for (const [section, old] of Object.entries(before)) {
    const now = after[section];
    if (old === now || !isObject(old) || !isObject(now)) continue;
    const gone = Object.keys(old).filter((key) => !Object.hasOwn(now, key));
    const come = Object.keys(now).filter((key) => !Object.hasOwn(old, key));
    const [from, to] = [gone[0], come[0]];
    if (gone.length !== 1 || come.length !== 1 || from === undefined || to === undefined) continue;
    const value = old[from];
    if (value === now[to] && (isObject(value) || value === null)) return { section, from, to };
  }
  return undefined;
}

/** Writes the new key over the old one, in the same quotes; with a layout only the entry itself is read. */
export function renameKey(text: string, layout: Layout | undefined, data: JsonObject, rename: KeyRename): RenamedText {
  const after = renamedData(data, rename);
  const fast = layout === undefined ? undefined : renameWithLayout(text, layout, rename);
  if (fast !== undefined) return { ...fast, data: after };
  const path = [rename.section, rename.from];
  const { root } = readMap(text, path);
  const section = root === undefined ? undefined : valueOf(root, rename.section);
  const changed = writeKey(text, isMap(section) ? section : undefined, rename);
  if (!sameJson(readMap(changed, path).data, after)) throw new UneditableError(path);
  return { text: changed, layout: undefined, data: after };
}

function renameWithLayout(
  text: string,
  layout: Layout,
  rename: KeyRename,
): { text: string; layout: Layout } | undefined {
  const at = layout.sections.findIndex(({ key }) => key === rename.section);
  const section = layout.sections[at];
  const index = section?.keys.indexOf(rename.from) ?? -1;
  const span = absoluteSpans(layout)[at]?.[index];
  if (section === undefined || span === undefined) return undefined;
  const path = [rename.section, rename.from];
  const lines = text.slice(span.start, span.end);
  const { root, data } = readMap(lines, path);
  const changed = writeKey(lines, root, rename);
  if (!sameJson(readMap(changed, path).data, renamedEntries(data, rename))) throw new UneditableError(path);
  const keys = section.keys.map((key, n) => (n === index ? rename.to : key));
  const grown = changed.length - lines.length;
  const spans = section.spans.map((number, n) => (n === 2 * index + 1 ? number + grown : number));
  const sections = layout.sections.map((one, n) => (n === at ? { ...one, keys, spans } : one));
  return { text: text.slice(0, span.start) + changed + text.slice(span.end), layout: { ...layout, sections } };
}

function writeKey(text: string, map: YAMLMap | undefined, { section, from, to }: KeyRename): string {
  const key = map === undefined ? undefined : pairsOf(map).find((pair) => keyOf(pair.key) === from)?.key;
  const node = asNode(key);
  if (map === undefined || node === undefined || !isScalar(node) || hasProperties(node)) {
    throw new UneditableError([section, from]);
  }
  const inFlow = map.flow === true;
  const quote = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? node.type : undefined;
  const written = quote === undefined ? keyText(to, inFlow) : scalarText(to, inFlow, quote);
  return applyEdits(text, toLf(text), [{ ...rangeOf(node), text: written }]);
}

function valueOf(map: YAMLMap, name: string): Node | undefined {
  return asNode(pairsOf(map).find((pair) => keyOf(pair.key) === name)?.value);
}

function renamedData(data: JsonObject, rename: KeyRename): JsonObject {
  const section = data[rename.section];
  return isObject(section) ? { ...data, [rename.section]: renamedEntries(section, rename) } : data;
}

/** In the same place among the others. */
function renamedEntries(entries: JsonObject, { from, to }: KeyRename): JsonObject {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key === from ? to : key, value]));
}
