import { widthOf } from './width.ts';
import type { Terminal } from './terminal.ts';
import { visibleField } from '../core/visible.ts';

/** Blanks between two columns. */
const GAP = '  ';
/** A column is not made narrower than this: what is left would be hard to read. */
const NARROWEST = 8;

type Row = readonly string[];

/**
 * Rows for people on a terminal as a table with a header, elsewhere as tab-separated lines without one, for cut and awk.
 */
export async function showTable(terminal: Terminal, header: Row, rows: readonly Row[]): Promise<void> {
  if (!terminal.tables) {
    terminal.data(rows.map((row) => `${row.join('\t')}\n`).join(''));
    return;
  }
  const { paint } = await import('./terminal.ts');
  const color = await paint(terminal.colored.stdout);
  const bold = (text: string): string => color?.bold(text) ?? text;
  terminal.data(tableText(header, rows, terminal.columns, bold));
}

/**
 * A table that fits into so many columns: wide cells go on in the next line, at blanks. Nothing is left out and no word
 * broken: where that does not fit, each row becomes a block of lines, a field a line.
 */
export function tableText(
  header: Row,
  rows: readonly Row[],
  columns: number,
  bold: (text: string) => string = (text) => text,
): string {
  const shown = rows.map((row) => header.map((_, at) => visibleField(row[at] ?? '')));
  const widths = fitted(header, shown, columns);
  if (widths === undefined) return blocks(header, shown, bold);
  const lines = shown.flatMap((row) => drawn(row, widths));
  return [bold(drawn(header, widths)[0] ?? ''), ...lines].map((line) => `${line}\n`).join('');
}

/** How wide the columns are drawn; undefined when they cannot be made narrow enough. */
function fitted(header: Row, rows: readonly Row[], columns: number): readonly number[] | undefined {
  const all = [header, ...rows];
  const most = (at: number, measure: (text: string) => number): number =>
    all.reduce((sum, row) => Math.max(sum, measure(row[at] ?? '')), 0);
  const widths = header.map((_, at) => most(at, widthOf));
  const least = header.map((_, at) => most(at, longestWord));
  const room = columns - GAP.length * (header.length - 1);
  const excess = (): number => widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess() > 0) {
    const slack = widths.map((width, at) => width - Math.max(least[at] ?? 0, Math.min(width, NARROWEST)));
    const at = widths.reduce((best, width, each) => {
      if ((slack[each] ?? 0) <= 0) return best;
      return best < 0 || width > (widths[best] ?? 0) ? each : best;
    }, -1);
    if (at < 0) return undefined;
    widths[at] = (widths[at] ?? 0) - 1;
  }
  return widths;
}

function longestWord(text: string): number {
  return Math.max(0, ...text.split(' ').map((word) => widthOf(word)));
}

/** The lines of one row. */
function drawn(row: Row, widths: readonly number[]): readonly string[] {
  const cells = row.map((cell, at) => wrapped(cell, widths[at] ?? 0));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, at) => padded(lines[line] ?? '', widths[at] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** A text in lines that are not wider, broken at blanks. */
function wrapped(text: string, width: number): readonly string[] {
  if (widthOf(text) <= width) return [text];
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    const longer = last === '' ? word : `${last} ${word}`;
    if (last === '' || widthOf(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** A text with blanks behind it, so that it takes so many columns. */
export function padded(text: string, width: number): string {
  return `${text}${' '.repeat(Math.max(0, width - widthOf(text)))}`;
}

/** Each row as lines with a name and a value; what is empty is left out. */
function blocks(header: Row, rows: readonly Row[], bold: (text: string) => string): string {
  const width = Math.max(...header.map((name) => widthOf(name)));
  const block = (row: Row): string =>
    row
      .flatMap((cell, at) => (cell === '' ? [] : [`${bold(padded(header[at] ?? '', width))}${GAP}${cell}\n`]))
      .join('');
  return rows.map(block).join('\n');
}

/** Names and values, one a line, aligned; on a terminal what is long goes on under its beginning. */
export function showFields(terminal: Terminal, fields: readonly (readonly [string, string])[]): void {
  terminal.data(fieldsText(fields, terminal.tables ? terminal.columns : undefined));
}

/**
 * What has no name goes on with the field above.
 * @param columns undefined for lines as long as they are, as scripts read them @param gap behind the longest name
 */
export function fieldsText(fields: readonly (readonly [string, string])[], columns?: number, gap = 2): string {
  const width = Math.max(...fields.map(([name]) => widthOf(name))) + gap;
  const indent = ' '.repeat(width);
  const value = (text: string): string =>
    columns === undefined ? text : wrapped(visibleField(text), Math.max(1, columns - width)).join(`\n${indent}`);
  const label = (name: string): string => padded(name === '' ? '' : `${name}:`, width);
  return fields.map(([name, text]) => `${label(name)}${value(text)}\n`).join('');
}
