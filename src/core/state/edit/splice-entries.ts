import { absoluteSpans, layoutFrom } from '../layout.ts';
import type { Layout, SectionLayout, SectionSpans, Span } from '../layout.ts';
import { toLf } from '../line-ends.ts';
import { isDeepCommentBehind } from '../spans.ts';
import type { Change, ChangeNode, ChangeTree } from './changes.ts';
import { changeTree, sameJson } from './changes.ts';
import { formatEntry } from './format.ts';
import { newValue } from './node-edits.ts';
import { endsWithNewline, readMap, spliceMap } from './splice.ts';
import { applyEdits } from './text-edits.ts';
import type { TextEdit } from './text-edits.ts';
import { UneditableError } from './uneditable.ts';

/** A text with the layout that belongs to it. */
export interface TextWithLayout {
  readonly text: string;
  readonly layout: Layout;
}

/**
 * The same as `spliceChanges`, reading only the entries that change: for files with thousands of them. Undefined when
 * a change is not about an entry of a section in the layout, or a section would lose its last entry.
 */
export function spliceWithLayout(text: string, layout: Layout, changes: readonly Change[]): TextWithLayout | undefined {
  const tree = changeTree(changes);
  const known = new Set(layout.sections.map((section) => section.key));
  for (const [key, node] of tree) if (!known.has(key) || !('children' in node)) return undefined;
  const edits: TextEdit[] = [];
  const spans = absoluteSpans(layout);
  const sections: SectionSpans[] = [];
  let shift = 0;
  for (const [index, section] of layout.sections.entries()) {
    const node = tree.get(section.key);
    const children = node !== undefined && 'children' in node ? node.children : new Map<string, ChangeNode>();
    const edited = new SectionEditor(text, layout.eol, section, spans[index] ?? [], shift).edit(children);
    if (edited === undefined) return undefined;
    shift = edited.shift;
    edits.push(...edited.edits);
    sections.push(edited.section);
  }
  const lines = { text, eol: layout.eol, toOriginal: (offset: number): number => offset };
  return { text: applyEdits(text, lines, edits), layout: layoutFrom(layout.eol, sections) };
}

class SectionEditor {
  private readonly text: string;
  private readonly eol: Layout['eol'];
  private readonly section: SectionLayout;
  private readonly spans: readonly Span[];
  private readonly edits: TextEdit[] = [];
  /** Whether the fast way is possible: not always at the end of a file, or before certain comments. */
  private possible = true;
  /** By how much the text has grown so far. */
  private shift: number;

  constructor(text: string, eol: Layout['eol'], section: SectionLayout, spans: readonly Span[], shift: number) {
    this.text = text;
    this.eol = eol;
    this.section = section;
    this.spans = spans;
    this.shift = shift;
  }

  edit(tree: ChangeTree): { edits: TextEdit[]; section: SectionSpans; shift: number } | undefined {
    const { key, indent } = this.section;
    const keys: string[] = [];
    const spans: Span[] = [];
    const there = new Set<string>();
    for (const [index, name] of this.section.keys.entries()) {
      const span = this.spans[index];
      if (span === undefined) continue;
      const change = tree.get(name);
      if (change !== undefined) there.add(name);
      const moved = change === undefined ? this.moved(span) : this.change(name, change, span);
      if (moved === undefined) continue;
      keys.push(name);
      spans.push(moved);
    }
    for (const [name, change] of tree) {
      const added = there.has(name) ? undefined : this.add(name, change);
      if (added === undefined) continue;
      keys.push(name);
      spans.push(added);
    }
    if (!this.possible || keys.length === 0) return undefined;
    return { edits: this.edits, section: { key, indent, keys, spans }, shift: this.shift };
  }

  private moved(span: Span): Span {
    return this.shift === 0 ? span : { start: span.start + this.shift, end: span.end + this.shift };
  }

  /** Edits the lines of one entry; undefined when it is removed. */
  private change(name: string, change: ChangeNode, span: Span): Span | undefined {
    const start = span.start + this.shift;
    this.lookBehind(span);
    if ('value' in change && change.value === undefined) {
      this.replace(span, '');
      return undefined;
    }
    const blame = [this.section.key, name];
    const options = { path: [this.section.key], blame, literals: endsWithNewline(this.text), eol: this.eol };
    const lines = spliceMap(this.text.slice(span.start, span.end), new Map([[name, change]]), options);
    this.replace(span, lines.text);
    return { start, end: start + lines.end };
  }

  /** Comment lines that could become part of a block scalar before them are only seen by reading everything. */
  private lookBehind(span: Span): void {
    if (isDeepCommentBehind(this.text, span.end, this.section.indent)) this.possible = false;
  }

  private replace(span: Span, lines: string): void {
    this.edits.push({ ...span, text: toLf(lines).text });
    this.shift += lines.length - (span.end - span.start);
  }

  /** Adds an entry behind the last. */
  private add(name: string, change: ChangeNode): Span | undefined {
    const value = newValue(change);
    const last = this.spans.at(-1);
    if (value === undefined || last === undefined) return undefined;
    if (last.end === this.text.length && !endsWithNewline(this.text)) this.possible = false;
    this.lookBehind(last);
    const { key, indent } = this.section;
    const literals = endsWithNewline(this.text);
    const lines = formatEntry(name, value, { depth: 2, column: indent, step: indent, literals });
    const blame = [key, name];
    if (!sameJson(readMap(lines, blame).data, Object.fromEntries([[name, value]]))) throw new UneditableError(blame);
    const text = this.eol === '\n' ? lines : lines.replaceAll('\n', '\r\n');
    const start = last.end + this.shift;
    this.edits.push({ start: last.end, end: last.end, text: lines, lines: true });
    this.shift += text.length;
    return { start, end: start + text.length };
  }
}
