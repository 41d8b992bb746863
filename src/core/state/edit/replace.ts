import { isMap, isSeq } from 'yaml';
import type { Node, Pair } from 'yaml';
import type { Json } from '../../json.ts';
import { asNode, hasProperties, isAbsent, isBlockCollection, isBlockScalar, pairsOf, rangeOf } from '../nodes.ts';
import {
  colonEnd,
  endsLine,
  isDeepCommentBehind,
  itemEnd,
  itemStarts,
  lineEnd,
  lineStart,
  nodeEnd,
  pairEnd,
} from '../spans.ts';
import { insertLines, removeEntries } from './block.ts';
import type { BlockEntry } from './block.ts';
import type { EditContext } from './context.ts';
import type { FormattedValue, Place } from './format.ts';
import { formatValue } from './format.ts';
import type { QuoteType } from './scalar.ts';
import { inlineText, scalarText } from './scalar.ts';
import { UneditableError } from './uneditable.ts';

/** A value to be replaced: whose it is and where it stands. */
export interface Target {
  readonly path: readonly string[];
  readonly place: Place;
  /** Whether it stands between `{ }` or `[ ]`. */
  readonly inFlow: boolean;
}

/** Replaces the value of a pair as a whole, whatever it was. */
export function replaceValue(context: EditContext, pair: Pair, value: Json, target: Target): void {
  const old = asNode(pair.value);
  const key = asNode(pair.key);
  if (key === undefined || (old !== undefined && hasProperties(old))) throw new UneditableError(target.path);
  const colon = colonEnd(context.text, pair);
  const place = placeOf(context.text, pair, old, target.place);
  if (target.inFlow) replaceInFlow(context, old, colon ?? rangeOf(key).end, colon === undefined, value);
  else if (colon === undefined) throw new UneditableError(target.path);
  else if (old === undefined || isAbsent(old)) {
    put(context, { start: colon, end: colon }, formatValue(value, place), colon);
  } else if (isBlockCollection(old)) {
    put(context, { start: colon, end: colon }, formatValue(value, place), colon);
    removeEntries(context, entriesOf(context.text, old), () => true, target.path);
  } else if (isBlockScalar(old)) replaceBlockScalar(context, old, formatValue(value, place), colon);
  else replaceInline(context, old, value, colon, place);
}

/** No literal block where comment lines of the old value, or behind it, would become part of the text. */
function placeOf(text: string, pair: Pair, old: Node | undefined, place: Place): Place {
  const behind = lineEnd(text, pairEnd(text, pair));
  const literals = place.literals && !isBlockCollection(old) && !isDeepCommentBehind(text, behind, place.column);
  return { ...place, literals };
}

/** The entries of a block map or list. */
export function entriesOf(text: string, node: Node): BlockEntry[] {
  if (isMap(node)) {
    return pairsOf(node).map((pair) => {
      const key = asNode(pair.key);
      return { start: key === undefined ? rangeOf(node).start : rangeOf(key).start, end: pairEnd(text, pair) };
    });
  }
  if (!isSeq(node)) return [];
  return itemStarts(text, node).map((start, index) => ({
    start,
    end: itemEnd(text, start, asNode(node.items[index])),
  }));
}

function replaceInFlow(context: EditContext, old: Node | undefined, end: number, loneKey: boolean, value: Json): void {
  const text = inlineText(value, true);
  if (old === undefined || isAbsent(old))
    context.edits.push({ start: end, end, text: `${loneKey ? ':' : ''} ${text}` });
  else context.edits.push({ ...rangeOf(old), text: likeBefore(value, old, true) ?? text });
}

function replaceInline(context: EditContext, old: Node, value: Json, colon: number, place: Place): void {
  const { text, edits } = context;
  const range = rangeOf(old);
  const similar = likeBefore(value, old, false);
  const formatted: FormattedValue = similar === undefined ? formatValue(value, place) : { inline: similar, below: '' };
  const onKeyLine = lineStart(text, range.start) === lineStart(text, colon);
  if (formatted.below === '') edits.push({ ...range, text: formatted.inline });
  else if (!onKeyLine || !endsLine(text, range.end)) edits.push({ ...range, text: inlineText(value, false) });
  else put(context, { start: colon, end: range.end }, formatted, range.end);
}

function replaceBlockScalar(context: EditContext, old: Node, value: FormattedValue, colon: number): void {
  const { text, edits } = context;
  const { start } = rangeOf(old);
  const end = nodeEnd(text, old);
  const headerEnd = start + (/^[|>][0-9+-]*/.exec(text.slice(start, start + 4))?.[0].length ?? 1);
  const bodyStart = lineEnd(text, start);
  if (bodyStart < end) edits.push({ start: bodyStart, end, text: '' });
  put(context, { start: colon, end: headerEnd }, value, start);
}

/** Writes the inline part over a range that starts behind the colon, and the lines below behind the line of `end`. */
function put(
  context: EditContext,
  range: { start: number; end: number },
  { inline, below }: FormattedValue,
  end: number,
): void {
  context.edits.push({ ...range, text: inline === '' ? '' : ` ${inline}` });
  if (below !== '') insertLines(context, end, below);
}

/** A text that was quoted is quoted again in the same way. */
function likeBefore(value: Json, old: Node, inFlow: boolean): string | undefined {
  if (typeof value !== 'string' || value.includes('\n')) return undefined;
  const type = 'type' in old ? old.type : undefined;
  if (type !== 'QUOTE_SINGLE' && type !== 'QUOTE_DOUBLE') return undefined;
  return scalarText(value, inFlow, type satisfies QuoteType);
}
