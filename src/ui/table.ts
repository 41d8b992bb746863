import type { Terminal } from './terminal.ts';

/** Above this many rows a drawn table takes seconds (cli-table3 is quadratic) and nobody reads it. */
const DRAWN_ROWS = 200;

/**
 * Rows for people on a terminal as a table with a header, elsewhere as tab-separated lines without one, for cut and awk.
 */
export async function showTable(
  terminal: Terminal,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  if (!terminal.tables || rows.length > DRAWN_ROWS) {
    terminal.data(rows.map((row) => `${row.join('\t')}\n`).join(''));
    return;
  }
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: [...header],
    style: { head: [], border: [], compact: true },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
  });
  for (const row of rows) table.push([...row]);
  terminal.data(`${table.toString()}\n`);
}

/** Names and values, one a line, aligned. */
export function showFields(terminal: Terminal, fields: readonly (readonly [string, string])[]): void {
  const width = Math.max(...fields.map(([name]) => name.length));
  terminal.data(fields.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}\n`).join(''));
}
