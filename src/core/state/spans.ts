import { isMap, isSeq } from 'yaml';
import type { Node, Pair } from 'yaml';
import { asNode, isAbsent, isBlockCollection, isBlockScalar, pairsOf, rangeOf } from './nodes.ts';

const BOM = '\uFEFF';

/** Offset of the first character of the line that `offset` is on; a BOM belongs to no line. */
export function lineStart(text: string, offset: number): number {
  const start = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
  return start === 0 && text.startsWith(BOM) && offset > 0 ? 1 : start;
}

/** Offset behind the line break of the line in which something ends at `end`; a block scalar ends with its own. */
export function lineEnd(text: string, end: number): number {
  if (end > 0 && text[end - 1] === '\n') return end;
  const at = text.indexOf('\n', end);
  return at === -1 ? text.length : at + 1;
}

/** Whether only blanks stand before `offset` on its line. */
export function isOnOwnLine(text: string, offset: number): boolean {
  return /^[ \t]*$/.test(text.slice(lineStart(text, offset), offset));
}

/** Whether only blanks and a comment follow `offset` on its line. */
export function endsLine(text: string, offset: number): boolean {
  const at = text.indexOf('\n', offset);
  return /^(?:[ \t]*$|[ \t]+#)/.test(text.slice(offset, at === -1 ? text.length : at));
}

/** The column (0-based) of an offset. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

/** The first offset from `offset` on that is neither in blanks, line breaks nor comments. */
export function skipBlanks(text: string, offset: number): number {
  for (let at = offset; at < text.length;) {
    const char = text[at];
    if (char === '#') {
      const end = text.indexOf('\n', at);
      if (end === -1) return text.length;
      at = end;
    } else if (char === ' ' || char === '\t' || char === '\n' || char === '\r') at += 1;
    else return at;
  }
  return text.length;
}

/** The offset behind the `:` of a pair; undefined for a lone key in a flow map (`{key}`). */
export function colonEnd(text: string, pair: Pair): number | undefined {
  const key = asNode(pair.key);
  const value = asNode(pair.value);
  const from = key === undefined ? (value === undefined ? 0 : rangeOf(value).start) : rangeOf(key).end;
  const at = skipBlanks(text, from);
  return text[at] === ':' ? at + 1 : undefined;
}

/** Where a node ends: behind its last character, or behind the last line break of a block scalar. */
export function nodeEnd(text: string, node: Node): number {
  if (isBlockScalar(node)) return blockScalarEnd(text, rangeOf(node));
  if (!isBlockCollection(node)) return rangeOf(node).end;
  if (isMap(node)) {
    const last = pairsOf(node).at(-1);
    return last === undefined ? rangeOf(node).end : pairEnd(text, last);
  }
  const last = itemStarts(text, node).at(-1);
  return last === undefined ? rangeOf(node).end : itemEnd(text, last, asNode(node.items.at(-1)));
}

/** Where a pair ends: with its value, or behind its colon, or behind a lone key. */
export function pairEnd(text: string, pair: Pair): number {
  const value = asNode(pair.value);
  if (value !== undefined && !isAbsent(value)) return nodeEnd(text, value);
  const key = asNode(pair.key);
  return colonEnd(text, pair) ?? (key === undefined ? 0 : rangeOf(key).end);
}

/** The offsets of the dashes of a block sequence. */
export function itemStarts(text: string, seq: Node): number[] {
  if (!isSeq(seq)) return [];
  const starts: number[] = [];
  let from = rangeOf(seq).start;
  for (const item of seq.items) {
    const dash = skipBlanks(text, from);
    starts.push(dash);
    from = itemEnd(text, dash, asNode(item));
  }
  return starts;
}

/** Where the item of a block sequence ends whose dash is at `dash`. */
export function itemEnd(text: string, dash: number, item: Node | undefined): number {
  return item === undefined || isAbsent(item) ? dash + 1 : nodeEnd(text, item);
}

/** The library's ends of block scalars miss a line break now and then; blank lines behind count only for `|+`. */
function blockScalarEnd(text: string, { start, end }: { start: number; end: number }): number {
  const header = /^[|>][0-9+-]*/.exec(text.slice(start, start + 4))?.[0] ?? '';
  const headerEnd = lineEnd(text, start);
  let at = Math.max(headerEnd, lineEnd(text, Math.min(end, text.length)));
  if (header.includes('+')) {
    while (text[at] === '\n') at += 1;
    return at;
  }
  while (at > headerEnd && text[at - 1] === '\n' && text[at - 2] === '\n') at -= 1;
  return at;
}

/**
 * Whether comment lines follow that are indented by more than `column`: a block scalar in front of them would take
 * them for its own text. `offset` is the start of a line.
 */
export function isDeepCommentBehind(text: string, offset: number, column: number): boolean {
  let at = offset;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end === -1 ? text.length : end);
    const indent = line.search(/[^ \t\r]/);
    if (indent !== -1 && line[indent] !== '#') return false;
    if (indent > column) return true;
    if (end === -1) return false;
    at = end + 1;
  }
  return false;
}
