import { PATHS } from '../render/paths.ts';

/** Rows of a rendered table as Postfix reads them (postmap(1)): a key, a blank, a value. */

export interface TableRow {
  readonly key: string;
  readonly value: string;
}

/** @param table its text, undefined where there is none; comments and empty lines are left out */
export function rowsOf(table: string | undefined): readonly TableRow[] {
  return rowsIn(linesOf(table));
}

/** The first of them. */
export function firstRow(table: string): TableRow | undefined {
  const line = linesOf(table).find((one) => one !== '' && !one.startsWith('#'));
  return line === undefined ? undefined : rowsIn([line])[0];
}

/** Rows of one text whose keys are not in the other. */
export function rowsGone(before: string | undefined, after: string | undefined): readonly TableRow[] {
  // Mostly few lines of many change.
  const stay = new Set(linesOf(after));
  const gone = rowsIn(linesOf(before).filter((line) => !stay.has(line)));
  if (gone.length === 0) return [];
  const left = new Set(rowsIn([...stay]).map(({ key }) => key));
  return gone.filter(({ key }) => !left.has(key));
}

/** A table with some rows more. */
export function withRows(table: string, rows: readonly TableRow[]): string {
  return table + rows.map(({ key, value }) => `${key} ${value}\n`).join('');
}

/** The file of one of our tables. */
export function tableIn<File extends { readonly path: string }>(
  files: readonly File[],
  table: string,
): File | undefined {
  return files.find(({ path }) => path === `${PATHS.tables}/${table}`);
}

function rowsIn(lines: readonly string[]): readonly TableRow[] {
  return lines.flatMap((line) => {
    const end = line.indexOf(' ');
    return line.startsWith('#') || end < 0 ? [] : { key: line.slice(0, end), value: line.slice(end + 1) };
  });
}

function linesOf(table: string | undefined): readonly string[] {
  return table?.split('\n') ?? [];
}
