import type { SourceLine } from '../core/problem.ts';
import { written } from '../core/visible.ts';
import { widthOf as columnsOf } from './width.ts';

/** Columns that a line of a file may take; what is further from the caret is left out. */
const WIDTH = 76;
/** Columns that stay before and behind the caret, at least. */
const AROUND = 30;
const TAB = 8;
const CUT = '…';

interface Cell {
  readonly text: string;
  readonly width: number;
}

/** A line of a file with its number, and a caret under the place that is meant. */
export function excerptText(number: number, { text, column }: SourceLine): string {
  const cells = cellsOf(text.slice(0, column));
  const behind = cellsOf(text.slice(column), widthOf(cells));
  const [left, right] = cut(cells, behind);
  const gutter = String(number);
  const line = `    ${gutter} | ${textOf(left)}${textOf(right)}`;
  return `${line.trimEnd()}\n    ${' '.repeat(gutter.length)} | ${' '.repeat(widthOf(left))}^`;
}

/** The characters of a text as a terminal shows them; `from` is the column of the first, which tabs depend on. */
function cellsOf(text: string, from = 0): readonly Cell[] {
  let at = from;
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => {
    const shown = segment === '\t' ? ' '.repeat(TAB - (at % TAB)) : segment.replace(/[\p{C}\u2028\u2029]/gu, written);
    const width = columnsOf(shown);
    at += width;
    return { text: shown, width };
  });
}

/** Leaves out what is far from the caret. */
function cut(before: readonly Cell[], behind: readonly Cell[]): readonly [readonly Cell[], readonly Cell[]] {
  const room = Math.max(AROUND, WIDTH - widthOf(before));
  const right = widthOf(behind) <= room ? behind : [...fitting(behind, room - 1), { text: CUT, width: 1 }];
  const space = Math.max(AROUND, WIDTH - widthOf(right));
  if (widthOf(before) <= space) return [before, right];
  const kept = fitting([...before].reverse(), space - 1).reverse();
  return [[{ text: CUT, width: 1 }, ...kept], right];
}

/** As many of the first cells as fit into so many columns. */
function fitting(cells: readonly Cell[], columns: number): Cell[] {
  let left = columns;
  const end = cells.findIndex(({ width }) => (left -= width) < 0);
  return cells.slice(0, end < 0 ? cells.length : end);
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { width }) => sum + width, 0);
}

function textOf(cells: readonly Cell[]): string {
  return cells.map(({ text }) => text).join('');
}
