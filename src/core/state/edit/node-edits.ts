import { isAlias, isMap, isSeq } from 'yaml';
import type { Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import type { Json, JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';
import { asNode, keyOf, pairsOf, rangeOf } from '../nodes.ts';
import { columnOf, endsLine, isDeepCommentBehind, lineEnd } from '../spans.ts';
import { insertLines, removeEntries } from './block.ts';
import type { ChangeNode, ChangeTree } from './changes.ts';
import { applyTree, changeTree, changesBetween, ownValue } from './changes.ts';
import type { EditContext } from './context.ts';
import { editFlow } from './flow.ts';
import type { FlowStep } from './flow.ts';
import { formatEntry } from './format.ts';
import { listSteps } from './list-changes.ts';
import { entriesOf, replaceValue } from './replace.ts';
import type { Target } from './replace.ts';
import { inlineText, keyText } from './scalar.ts';
import { UneditableError } from './uneditable.ts';

/** Edits the entries of a map; `target` is the place of its keys. */
export function editMap(context: EditContext, map: YAMLMap, data: JsonObject, tree: ChangeTree, target: Target): void {
  const pairs = pairsOf(map);
  const index = new Map(pairs.map((pair, at) => [keyOf(pair.key), at]));
  const removed = new Set<number>();
  const added: [string, Json][] = [];
  for (const [key, node] of tree) {
    const at = index.get(key);
    const pair = at === undefined ? undefined : pairs[at];
    const path = [...target.path, key];
    if (pair === undefined || at === undefined) {
      const value = newValue(node);
      if (value !== undefined) added.push([key, value]);
    } else if ('value' in node && node.value === undefined) removed.add(at);
    else editPair(context, pair, ownValue(data, key) ?? null, node, { ...target, path });
  }
  if (map.flow === true) editFlow(context, map, mapSteps(pairs.length, removed, added));
  else {
    const entries = entriesOf(context.text, map);
    if (removed.size > 0) removeEntries(context, entries, (at) => removed.has(at), target.path);
    const end = lineEnd(context.text, entries.at(-1)?.end ?? rangeOf(map).end);
    const literals = target.place.literals && !isDeepCommentBehind(context.text, end, target.place.column);
    const lines = added.map(([key, value]) => formatEntry(key, value, { ...target.place, literals })).join('');
    if (lines !== '') insertLines(context, end, lines);
  }
}

/** The value of a key that is not there yet; undefined when there is nothing to add. */
export function newValue(node: ChangeNode): Json | undefined {
  if ('value' in node) return node.value;
  const value = applyTree({}, node.children);
  return Object.keys(value).length === 0 ? undefined : value;
}

function mapSteps(count: number, removed: ReadonlySet<number>, added: readonly [string, Json][]): FlowStep[] {
  const steps = Array.from({ length: count }, (_, at): FlowStep => ({ kind: removed.has(at) ? 'remove' : 'keep' }));
  const inserts = added.map(([key, value]): FlowStep => {
    return { kind: 'insert', text: `${keyText(key, true)}: ${inlineText(value, true)}` };
  });
  return [...steps, ...inserts];
}

function editPair(context: EditContext, pair: Pair, data: Json, change: ChangeNode, target: Target): void {
  const node = asNode(pair.value);
  if ('value' in change) {
    const { value } = change;
    if (value === undefined) return;
    if (isMap(node) && isObject(data) && isObject(value)) {
      const children = changeTree(changesBetween(data, value));
      if (children.size > 0) editPair(context, pair, data, { children }, target);
    } else if (isSeq(node) && Array.isArray(data) && Array.isArray(value) && isListEditable(context, node, value)) {
      editSeq(context, node, data, value, target);
    } else replaceValue(context, pair, value, target);
    return;
  }
  if (isAlias(node)) throw new UneditableError(target.path, 'it is an alias');
  const old = isObject(data) ? data : {};
  const value = applyTree(old, change.children);
  if (!isMap(node) || !isMapEditable(context, node, value, target.inFlow)) replaceValue(context, pair, value, target);
  else editMap(context, node, old, change.children, inside(context, node, target));
}

/** The place of the keys of a map that is the value of `outer`. */
function inside(context: EditContext, map: YAMLMap, { path, place, inFlow }: Target): Target {
  const flow = inFlow || map.flow === true;
  const column = flow ? place.column : columnOf(context.text, rangeOf(map).start);
  const step = flow || column <= place.column ? place.step : column - place.column;
  return { path, place: { ...place, depth: place.depth + 1, column, step }, inFlow: flow };
}

/** Whether a map is edited key by key: not when it becomes or was empty (unless that would lose a comment). */
function isMapEditable({ text }: EditContext, map: YAMLMap, value: JsonObject, inFlow: boolean): boolean {
  const { start, end } = rangeOf(map);
  const content = text.slice(start, end);
  if (map.flow === true && !content.startsWith('{')) return false;
  if (Object.keys(value).length === 0) return map.flow === true && content.includes('#');
  return map.items.length > 0 || inFlow || content.includes('\n') || !endsLine(text, end);
}

function isListEditable({ text }: EditContext, seq: YAMLSeq, value: readonly Json[]): boolean {
  const { start, end } = rangeOf(seq);
  const content = text.slice(start, end);
  if (content.includes('#') && seq.flow === true) return true;
  return value.length > 0 && seq.items.length > 0;
}

function editSeq(
  context: EditContext,
  seq: YAMLSeq,
  before: readonly Json[],
  after: readonly Json[],
  target: Target,
): void {
  const steps: FlowStep[] = [];
  let index = 0;
  for (const step of listSteps(before, after)) {
    if (step.kind === 'insert') {
      steps.push({ kind: 'insert', text: inlineText(step.value, seq.flow === true || target.inFlow) });
      continue;
    }
    const item = asNode(seq.items[index]);
    const old = before[index] ?? null;
    const path = [...target.path, String(index)];
    index += 1;
    if (step.kind !== 'change') steps.push({ kind: step.kind });
    else if (editItem(context, item, old, step.value, { ...target, path })) steps.push({ kind: 'keep' });
    else steps.push({ kind: 'remove' }, { kind: 'insert', text: inlineText(step.value, seq.flow === true) });
  }
  if (seq.flow === true) editFlow(context, seq, steps);
  else editBlockSeq(context, seq, steps, target.path);
}

/** Edits a map in a list; false when it is to be replaced as a whole. */
function editItem(context: EditContext, item: Node | undefined, old: Json, value: Json, target: Target): boolean {
  if (!isMap(item) || !isObject(old) || !isObject(value)) return false;
  const inFlow = target.inFlow || item.flow === true;
  if (!isMapEditable(context, item, value, true) || (item.items.length === 0 && !inFlow)) return false;
  const place = { ...target.place, depth: Math.max(3, target.place.depth) };
  const changes = changeTree(changesBetween(old, value));
  editMap(context, item, old, changes, inside(context, item, { ...target, place }));
  return true;
}

function editBlockSeq(context: EditContext, seq: YAMLSeq, steps: readonly FlowStep[], path: readonly string[]): void {
  const entries = entriesOf(context.text, seq);
  const removed = new Set<number>();
  const first = entries[0]?.start ?? rangeOf(seq).start;
  const pad = ' '.repeat(columnOf(context.text, first));
  let index = -1;
  for (const step of steps) {
    if (step.kind === 'insert' || step.kind === 'replace') {
      const entry = entries[index];
      if (entry !== undefined) insertLines(context, entry.end, `${pad}- ${step.text}\n`);
      else context.edits.push({ start: first, end: first, text: `- ${step.text}\n${pad}` });
      continue;
    }
    index += 1;
    if (step.kind === 'remove') removed.add(index);
  }
  removeEntries(context, entries, (at) => removed.has(at), path);
}
