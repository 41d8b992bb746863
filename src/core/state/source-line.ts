import { isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair } from 'yaml';
import type { Position, SourceLine, StatePath } from '../problem.ts';
import { hideInBrokenLine } from './broken-line.ts';
import { asNode, hasProperties, isAbsent, keyOf, pairsOf, rangeOf } from './nodes.ts';
import { placeOf, type SchemaFacts } from './schema-facts.ts';

/** What stands for a secret in a line that is shown, as in a plan. */
const HIDDEN = '<hidden>';

interface Part {
  readonly start: number;
  readonly end: number;
  /** Not to be shown. */
  readonly hidden: boolean;
}

/**
 * Gives lines of a text with LF as they may be shown: without secrets, without values that no key of the schema makes
 * harmless, and without comments, which may hold what was a secret once.
 * @param root undefined when the text is no YAML: then secrets are known by their looks
 */
export function sourceLinesOf(
  text: string,
  root: Node | undefined,
  schema: SchemaFacts,
): (position: Position) => SourceLine | undefined {
  let lines: readonly string[] | undefined;
  let starts: readonly number[] | undefined;
  let parts: readonly Part[] | undefined;
  return ({ line, column }) => {
    lines ??= text.replace(/^\uFEFF/, '').split('\n');
    const source = lines[line - 1];
    if (source === undefined || source.trim() === '') return undefined;
    if (root === undefined) return hideInBrokenLine(lines, line - 1, column - 1, HIDDEN);
    parts ??= partsOf(text, root, schema);
    starts ??= startsOf(lines, text.startsWith('\uFEFF') ? 1 : 0);
    const start = starts[line - 1] ?? 0;
    const hidden = hiddenIn(source, partsBetween(parts, start, start + source.length), start);
    return withHidden(source, column - 1, hidden);
  };
}

function startsOf(lines: readonly string[], first: number): readonly number[] {
  let offset = first;
  return lines.map(({ length }) => {
    const start = offset;
    offset += length + 1;
    return start;
  });
}

/** All scalars and all that is hidden, in the order of the text. */
function partsOf(text: string, root: Node, schema: SchemaFacts): readonly Part[] {
  const parts: Part[] = [];
  const visit = (node: Node | undefined, path: StatePath, from: number): void => {
    if (node === undefined || isAbsent(node)) return;
    const { start, end } = rangeOf(node);
    if (isHidden(node, path, schema)) parts.push({ start: from, end, hidden: true });
    else if (isMap(node)) for (const pair of pairsOf(node)) visitPair(pair, path);
    else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        const each = asNode(item);
        if (each !== undefined) visit(each, [...path, index], rangeOf(each).start);
      }
    } else parts.push({ start, end, hidden: false });
  };
  const visitPair = (pair: Pair, path: StatePath): void => {
    const key = asNode(pair.key);
    const name = keyOf(pair.key);
    const value = asNode(pair.value);
    if (key === undefined || name === undefined) return;
    const { start, end } = rangeOf(key);
    parts.push({ start, end, hidden: false });
    // A tag or an anchor stands before the range of a value, and may be what somebody wrote for a password.
    visit(value, [...path, name], end + (/^\s*:?[ \t]*/.exec(text.slice(end, end + 80))?.[0].length ?? 0));
  };
  visit(root, [], rangeOf(root).start);
  return parts;
}

/** A secret, something at an unknown place, or a text where only maps and lists belong. */
function isHidden(node: Node, path: StatePath, schema: SchemaFacts): boolean {
  const { secret, facts } = placeOf(schema, path);
  if (path.length === 0) return false;
  if (isMap(node)) return secret && pairsOf(node).some(({ key }) => keyOf(key) !== 'file');
  if (secret) return true;
  if (isSeq(node)) return false;
  const plain = facts?.types.some((type) => type !== 'object' && type !== 'array' && type !== 'null') ?? false;
  return !isScalar(node) || !plain || hasProperties(node);
}

/** The parts that reach into a stretch of the text. */
function partsBetween(parts: readonly Part[], start: number, end: number): readonly Part[] {
  let [low, high] = [0, parts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((parts[middle]?.end ?? Infinity) <= start) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while (last < parts.length && (parts[last]?.start ?? Infinity) < end) last += 1;
  return parts.slice(low, last);
}

type Stretch = readonly [from: number, to: number];

/** The stretches of a line that are hidden: secrets, and the comment at its end. */
function hiddenIn(line: string, parts: readonly Part[], start: number): readonly Stretch[] {
  const secrets = parts
    .filter(({ hidden }) => hidden)
    .map((part): Stretch => [Math.max(0, part.start - start), Math.min(line.length, part.end - start)]);
  const inside = (at: number): boolean => parts.some((part) => part.start - start <= at && at < part.end - start);
  const comment = [...line.matchAll(/(?<=^|\s)#/g)].find(({ index }) => !inside(index));
  return comment === undefined ? secrets : [...secrets, [comment.index, line.length]];
}

function withHidden(line: string, column: number, hidden: readonly Stretch[]): SourceLine {
  let [text, mark, done] = ['', column, 0];
  for (const [from, to] of hidden) {
    if (from >= to || from < done) continue;
    text += line.slice(done, from);
    const shown = line[from] === '#' ? '' : HIDDEN;
    if (column >= to) mark += shown.length - (to - from);
    else if (column > from) mark = text.length;
    text += shown;
    done = to;
  }
  return { text: (text + line.slice(done)).trimEnd(), column: mark };
}
