/** Rows of a rendered table as Postfix reads them (postmap(1)): a key, a blank, a value. */

export interface TableRow {
  readonly key: string;
  readonly value: string;
}

/** @param lines of a table; comments and empty lines are left out */
export function rowsOf(lines: readonly string[]): readonly TableRow[] {
  return lines.flatMap((line) => {
    const end = line.indexOf(' ');
    return line.startsWith('#') || end < 0 ? [] : { key: line.slice(0, end), value: line.slice(end + 1) };
  });
}

/** Nothing for a table that is not there. */
export function linesOf(table: string | undefined): readonly string[] {
  return table?.split('\n') ?? [];
}
