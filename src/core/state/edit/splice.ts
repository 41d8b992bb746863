import { isMap } from 'yaml';
import type { YAMLMap } from 'yaml';
import type { JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';
import { readData } from '../data.ts';
import { readDocument } from '../document.ts';
import { toLf } from '../line-ends.ts';
import type { LfText } from '../line-ends.ts';
import { asNode, isAbsent, isBlockCollection, pairsOf, rangeOf } from '../nodes.ts';
import { columnOf, lineEnd, pairEnd } from '../spans.ts';
import type { Change } from './changes.ts';
import { applyTree, changeTree, sameJson } from './changes.ts';
import type { ChangeTree } from './changes.ts';
import type { EditContext } from './context.ts';
import { formatEntry } from './format.ts';
import type { Place } from './format.ts';
import { editMap, newValue } from './node-edits.ts';
import { applyEdits } from './text-edits.ts';
import { UneditableError } from './uneditable.ts';

/** How much the file indents when it shows nothing. */
const DEFAULT_STEP = 2;

/**
 * Makes changes in the text of a state, touching nothing else: comments, order, quotes, blank lines and line ends
 * stay. Throws an UneditableError when that is not possible.
 */
export function spliceChanges(text: string, changes: readonly Change[]): string {
  const blame = changes[0]?.path ?? [];
  return spliceMap(text, changeTree(changes), { path: [], blame, literals: endsWithNewline(text) }).text;
}

/** Whether the last line of a text is complete. */
export function endsWithNewline(text: string): boolean {
  return text === '' || text.endsWith('\n');
}

/** What a text is: the whole file, or the lines of entries that stand under `path`. */
export interface SpliceOptions {
  readonly path: readonly string[];
  /** The path to name when the text cannot be edited. */
  readonly blame: readonly string[];
  /** Whether literal blocks may be written. */
  readonly literals: boolean;
  /** What new lines end with; absent: what the text shows. */
  readonly eol?: LfText['eol'];
}

/** A text after its changes. */
export interface SplicedMap {
  readonly text: string;
  /** Where the lines of its last entry end. */
  readonly end: number;
}

/** Makes changes in the lines of a block map, and reads the result to be sure. */
export function spliceMap(text: string, tree: ChangeTree, options: SpliceOptions): SplicedMap {
  const before = readMap(text, options.blame);
  const { root, data, lf } = before;
  const context: EditContext = { text: lf.text, edits: [] };
  const column = root === undefined || root.flow === true ? 0 : columnOf(lf.text, rangeOf(root).start);
  const step = options.path.length > 0 ? column : fileStep(lf.text, root);
  const place: Place = { depth: options.path.length + 1, column, step, literals: options.literals };
  if (root === undefined) append(context, tree, place);
  else if (root.flow === true || options.path.length > 0)
    editMap(context, root, data, tree, { path: options.path, place, inFlow: root.flow === true });
  else editFile(context, root, data, tree, place);
  const result = applyEdits(text, { ...lf, eol: options.eol ?? lf.eol }, context.edits);
  const after = readMap(result, options.blame);
  if (!sameJson(after.data, applyTree(data, tree))) throw new UneditableError(options.blame);
  const last = after.root?.items.at(-1);
  const end = last === undefined ? 0 : lineEnd(after.lf.text, pairEnd(after.lf.text, last));
  return { text: result, end: after.lf.toOriginal(end) };
}

/** A text read as a map. */
export interface ReadMap {
  readonly lf: LfText;
  readonly root: YAMLMap | undefined;
  readonly data: JsonObject;
}

/** Reads a text that is to be edited; throws an UneditableError when something is wrong with it. */
export function readMap(text: string, path: readonly string[]): ReadMap {
  const lf = toLf(text);
  const document = readDocument(lf.text);
  const contents = asNode(document.contents);
  const { value, findings } = readData(contents, () => 0);
  const root = isMap(contents) ? contents : undefined;
  if (document.errors.length > 0 || findings.length > 0) throw new UneditableError(path);
  if (root === undefined && contents !== undefined && !isAbsent(contents)) throw new UneditableError(path);
  return { lf, root, data: isObject(value) ? value : {} };
}

/** The whole file: new sections go to its end, behind all comments. */
function editFile(context: EditContext, root: YAMLMap, data: JsonObject, tree: ChangeTree, place: Place): void {
  const [there, added] = [new Map(tree), new Map(tree)];
  for (const key of tree.keys()) (Object.hasOwn(data, key) ? added : there).delete(key);
  const ended = /^\.\.\.[ \t]*$/m.test(context.text.slice(rangeOf(root).end));
  editMap(context, root, data, ended ? tree : there, { path: [], place, inFlow: false });
  if (!ended) append(context, added, place);
}

function append(context: EditContext, tree: ChangeTree, place: Place): void {
  const end = context.text.length;
  let lines = '';
  for (const [key, node] of tree) {
    const value = newValue(node);
    if (value !== undefined) lines += formatEntry(key, value, place);
  }
  if (lines !== '') context.edits.push({ start: end, end, text: lines, lines: true });
}

/** By how much the entries of the first block section are indented. */
function fileStep(text: string, root: YAMLMap | undefined): number {
  if (root === undefined) return DEFAULT_STEP;
  const outer = columnOf(text, rangeOf(root).start);
  for (const pair of pairsOf(root)) {
    const value = asNode(pair.value);
    if (!isMap(value) || !isBlockCollection(value)) continue;
    const step = columnOf(text, rangeOf(value).start) - outer;
    if (step > 0) return step;
  }
  return DEFAULT_STEP;
}
