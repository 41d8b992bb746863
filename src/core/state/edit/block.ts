import { isOnOwnLine, lineEnd, lineStart } from '../spans.ts';
import type { EditContext } from './context.ts';
import { UneditableError } from './uneditable.ts';

/** An entry of a block map or list: from its key or dash to where its value ends. */
export interface BlockEntry {
  readonly start: number;
  readonly end: number;
}

/** Removes the lines of entries with their end-of-line comments; comment lines between the entries stay. */
export function removeEntries(
  context: EditContext,
  entries: readonly BlockEntry[],
  removed: (index: number) => boolean,
  path: readonly string[],
): void {
  const { text, edits } = context;
  entries.forEach((entry, index) => {
    if (!removed(index)) return;
    if (isOnOwnLine(text, entry.start)) {
      edits.push({ start: lineStart(text, entry.start), end: lineEnd(text, entry.end), text: '' });
      return;
    }
    const next = entries[index + 1];
    edits.push(removalBehindDash(text, entry, next !== undefined && !removed(index + 1) ? next : undefined, path));
  });
}

/** The first entry of `- a: 1`: the dash before it belongs to the list around it and stays. */
function removalBehindDash(
  text: string,
  entry: BlockEntry,
  next: BlockEntry | undefined,
  path: readonly string[],
): { start: number; end: number; text: string } {
  const before = text.slice(lineStart(text, entry.start), entry.start);
  if (!/^[ \t]*(?:-[ \t]+)+$/.test(before)) throw new UneditableError(path);
  const end = lineEnd(text, entry.end);
  if (next !== undefined && /^\s*$/.test(text.slice(end, next.start)))
    return { start: entry.start, end: next.start, text: '' };
  const start = entry.start - (before.length - before.trimEnd().length);
  return { start, end: text[end - 1] === '\n' ? end - 1 : end, text: '' };
}

/** Adds whole lines behind the line in which something ends. */
export function insertLines(context: EditContext, end: number, lines: string): void {
  const at = lineEnd(context.text, end);
  context.edits.push({ start: at, end: at, text: lines, lines: true });
}
