import { isMap, isSeq } from 'yaml';
import type { Node } from 'yaml';
import { asNode, pairsOf, rangeOf } from '../nodes.ts';
import { columnOf, endsLine, isOnOwnLine, lineEnd, lineStart, nodeEnd, pairEnd, skipBlanks } from '../spans.ts';
import type { EditContext } from './context.ts';
import type { TextEdit } from './text-edits.ts';

/** An item of a flow map or list, and the comma behind it. */
interface FlowItem {
  readonly start: number;
  readonly end: number;
  readonly comma: number | undefined;
}

/** What happens to a flow collection from its first item to its last. */
export type FlowStep =
  { readonly kind: 'keep' | 'remove' } | { readonly kind: 'replace' | 'insert'; readonly text: string };

/** What becomes of one item, and what is inserted behind it. */
interface Slot {
  readonly item: FlowItem;
  /** Its new text; undefined when the item is removed, null when it stays. */
  readonly text: string | null | undefined;
  readonly behind: string[];
}

/** Makes the steps of a flow map or list; there is one step that is no insertion for each item. */
export function editFlow(context: EditContext, node: Node, steps: readonly FlowStep[]): void {
  const items = flowItems(context.text, node);
  const first: string[] = [];
  const slots = slotsOf(items, steps, first);
  const open = rangeOf(node).start + 1;
  if (slots.length === 0) fillEmpty(context, open, first);
  else if (first.length > 0) insertBefore(context, slots[0]?.item.start ?? open, first);
  const tail = removableTail(context.text, slots);
  slots.forEach(({ item, text, behind }, index) => {
    if (text === undefined) {
      if (index < tail.from) remove(context, item);
    } else if (text !== null) context.edits.push({ start: item.start, end: item.end, text });
    if (behind.length > 0) insertBehind(context, item, behind);
  });
  if (tail.edit !== undefined) context.edits.push(tail.edit);
}

/** When the last items are removed the comma before them goes too, unless they have lines of their own or comments. */
function removableTail(text: string, slots: readonly Slot[]): { from: number; edit?: TextEdit } {
  const last = slots.findLastIndex((slot) => slot.text !== undefined);
  const end = slots.at(-1)?.item;
  const comma = slots[last]?.item.comma;
  const next = slots[last + 1]?.item;
  if (comma === undefined || next === undefined || end === undefined || end.comma !== undefined)
    return { from: slots.length };
  if (isOnOwnLine(text, next.start) || text.slice(comma, end.end).includes('#')) return { from: slots.length };
  return { from: last + 1, edit: { start: comma, end: end.end, text: '' } };
}

function flowItems(text: string, node: Node): FlowItem[] {
  const ends = isMap(node)
    ? pairsOf(node).map((pair) => pairEnd(text, pair))
    : isSeq(node)
      ? node.items.map((item) => itemEnd(text, asNode(item)))
      : [];
  let from = rangeOf(node).start + 1;
  return ends.map((end) => {
    const start = skipBlanks(text, from);
    const behind = skipBlanks(text, end);
    const comma = text[behind] === ',' ? behind : undefined;
    from = behind + 1;
    return { start, end, comma };
  });
}

function itemEnd(text: string, item: Node | undefined): number {
  return item === undefined ? 0 : nodeEnd(text, item);
}

/** Gives each item its fate. An insertion next to a removal takes the removed item's place. */
function slotsOf(items: readonly FlowItem[], steps: readonly FlowStep[], first: string[]): Slot[] {
  const slots: Slot[] = [];
  let index = 0;
  let run: FlowItem[] = [];
  let added: string[] = [];
  const flush = (): void => {
    run.forEach((item, at) => slots.push({ item, text: added[at], behind: [] }));
    const more = added.slice(run.length);
    const holder = run.length > 0 ? slots.at(-1) : slots.findLast((slot) => slot.text !== undefined);
    (holder?.behind ?? first).push(...more);
    run = [];
    added = [];
  };
  for (const step of steps) {
    if (step.kind === 'insert') {
      added.push(step.text);
      continue;
    }
    const item = items[index];
    index += 1;
    if (item === undefined) continue;
    if (step.kind === 'remove') run.push(item);
    else {
      flush();
      slots.push({ item, text: step.kind === 'replace' ? step.text : null, behind: [] });
    }
  }
  flush();
  return slots;
}

function fillEmpty({ text, edits }: EditContext, open: number, texts: readonly string[]): void {
  const close = text.slice(open).search(/[^ \t]/) + open;
  const blank = text[close] === '}' || text[close] === ']';
  edits.push({ start: open, end: blank ? close : open, text: texts.join(', ') });
}

function insertBefore({ text, edits }: EditContext, start: number, texts: readonly string[]): void {
  const between = isOnOwnLine(text, start) ? `,\n${indentOf(text, start)}` : ', ';
  edits.push({ start, end: start, text: texts.map((item) => item + between).join('') });
}

function insertBehind({ text, edits }: EditContext, item: FlowItem, texts: readonly string[]): void {
  const behind = item.comma === undefined ? item.end : item.comma + 1;
  if (!isOnOwnLine(text, item.start) || !endsLine(text, behind)) {
    edits.push({ start: item.end, end: item.end, text: texts.map((added) => `, ${added}`).join('') });
    return;
  }
  if (item.comma === undefined) edits.push({ start: item.end, end: item.end, text: ',' });
  const line = lineEnd(text, behind);
  const at = text[line - 1] === '\n' ? line - 1 : line;
  const separator = `,\n${indentOf(text, item.start)}`;
  const lines = texts.join(separator) + (item.comma === undefined ? '' : ',');
  edits.push({ start: at, end: at, text: separator.slice(1) + lines });
}

/** The blanks before an item that is the first on its line. */
function indentOf(text: string, start: number): string {
  return text.slice(lineStart(text, start), start).padEnd(columnOf(text, start));
}

/** Removes an item and the comma behind it. */
function remove({ text, edits }: EditContext, { start, end, comma }: FlowItem): void {
  const behind = comma === undefined ? end : comma + 1;
  const hidden = text.slice(end, behind).includes('#');
  if (isOnOwnLine(text, start) && endsLine(text, behind) && !hidden)
    edits.push({ start: lineStart(text, start), end: lineEnd(text, behind), text: '' });
  else if (comma === undefined) edits.push({ start, end, text: '' });
  else if (hidden) edits.push({ start, end, text: '' }, { start: comma, end: behind, text: '' });
  else edits.push({ start, end: blanksEnd(text, behind), text: '' });
}

/** Behind the blanks after an item's comma; one blank stays before a comment. */
function blanksEnd(text: string, behind: number): number {
  let at = behind;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return text[at] === '#' && at > behind ? at - 1 : at;
}
