import { isMap } from 'yaml';
import type { Document, YAMLMap } from 'yaml';
import type { SectionSpans, Span } from './layout.ts';
import { layoutFrom } from './layout.ts';
import type { Layout } from './layout.ts';
import type { LfText } from './line-ends.ts';
import { asNode, keyOf, pairsOf, rangeOf } from './nodes.ts';
import { isOnOwnLine, lineEnd, lineStart, pairEnd } from './spans.ts';

/** A block scalar (`|+`) to which the blank lines behind it belong: what follows an entry is then part of it. */
const KEEP = /[ \t][|>][1-9]?\+[1-9]?[ \t]*(?:[ \t]#.*)?$/m;

/** The layout of a document without anchors, aliases, tags and duplicate keys; undefined when it is irregular. */
export function layoutOf(document: Pick<Document, 'contents' | 'directives'>, lf: LfText): Layout | undefined {
  const root = document.contents;
  if (lf.mixed || !isMap(root) || root.flow === true || document.directives?.yaml.explicit === true) return undefined;
  if (KEEP.test(lf.text)) return undefined;
  const sections: SectionSpans[] = [];
  for (const pair of pairsOf(root)) {
    const key = asNode(pair.key);
    if (key === undefined || rangeOf(key).start !== lineStart(lf.text, rangeOf(key).start)) return undefined;
    const value = asNode(pair.value);
    if (!isMap(value) || value.flow === true) continue;
    const section = sectionOf(keyOf(key) ?? '', value, lf);
    if (section !== undefined) sections.push(section);
  }
  return layoutFrom(lf.eol, sections);
}

function sectionOf(key: string, map: YAMLMap, lf: LfText): SectionSpans | undefined {
  const keys: string[] = [];
  const spans: Span[] = [];
  let indent: number | undefined;
  for (const pair of pairsOf(map)) {
    const node = asNode(pair.key);
    const name = keyOf(node);
    if (node === undefined || name === undefined) return undefined;
    const { start } = rangeOf(node);
    const first = lineStart(lf.text, start);
    indent ??= start - first;
    if (!isOnOwnLine(lf.text, start) || start - first !== indent || indent === 0) return undefined;
    keys.push(name);
    spans.push({ start: lf.toOriginal(first), end: lf.toOriginal(lineEnd(lf.text, pairEnd(lf.text, pair))) });
  }
  return indent === undefined ? undefined : { key, indent, keys, spans };
}
