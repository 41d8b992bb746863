import type { LfText } from '../line-ends.ts';
import { UneditableError } from './uneditable.ts';

/** A piece of text to replace. Offsets and line ends are those of the text with LF. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The text is whole lines, inserted at the start of a line or at the end of a file without final newline. */
  readonly lines?: boolean;
}

/** What the edits' offsets count in. */
export type EditedText = Pick<LfText, 'text' | 'eol' | 'toOriginal'>;

/** Makes the edits in the original text. At one offset insertions come first, in the order given. */
export function applyEdits(original: string, lf: EditedText, edits: readonly TextEdit[]): string {
  const sorted = [...edits].sort((a, b) => a.start - b.start || Number(a.end > a.start) - Number(b.end > b.start));
  let done = 0;
  let out = '';
  for (const edit of sorted) {
    if (edit.start < done) throw new UneditableError([]);
    out += original.slice(lf.toOriginal(done), lf.toOriginal(edit.start));
    out += edit.lines === true ? wholeLines(edit.text, out, edit, lf) : withEol(edit.text, lf);
    done = edit.end;
  }
  return out + original.slice(lf.toOriginal(done));
}

function wholeLines(lines: string, before: string, edit: TextEdit, lf: EditedText): string {
  const text = withEol(lines, lf);
  if (edit.end < lf.text.length || lf.text.endsWith('\n')) return text;
  const alone = before === '' || before === '\uFEFF';
  if (alone) return text;
  const joined = before.endsWith('\n') ? text : lf.eol + text;
  return joined.slice(0, -lf.eol.length);
}

function withEol(text: string, lf: EditedText): string {
  return lf.eol === '\n' ? text : text.replaceAll('\n', '\r\n');
}
