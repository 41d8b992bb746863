import type { Row, Tally } from '../core/log/stats.ts';
import { showTable } from './table.ts';
import type { Terminal } from './terminal.ts';

const COLUMNS: readonly (keyof Tally)[] = ['sent', 'received', 'refused', 'deferred', 'bounced'];

/** Counts by day and domain as a table; on a terminal with a chart of the days below it. */
export async function showStats(terminal: Terminal, rows: readonly Row[]): Promise<void> {
  const cells = rows.map((row) => [row.day, row.domain, ...COLUMNS.map((column) => String(row[column]))]);
  await showTable(terminal, ['day', 'domain', ...COLUMNS], cells);
  if (terminal.tables) terminal.data(`\n${chart(rows, terminal.columns)}`);
}

/** A bar for each day, as long as there is room: received, then sent, then refused. */
export function chart(rows: readonly Row[], columns: number): string {
  const days = new Map<string, Tally>();
  for (const row of rows) {
    const sum = days.get(row.day) ?? { sent: 0, received: 0, refused: 0, deferred: 0, bounced: 0 };
    for (const column of COLUMNS) sum[column] += row[column];
    days.set(row.day, sum);
  }
  const most = Math.max(1, ...[...days.values()].map(({ received, sent, refused }) => received + sent + refused));
  const label = 'YYYY-MM-DD  '.length;
  const room = Math.max(10, columns - label - 2 - String(most).length);
  const bars = [...days].map(([day, tally]) => {
    const total = tally.received + tally.sent + tally.refused;
    return `${day}  ${bar(tally, most, room)}${total === 0 ? '' : ` ${total}`}`;
  });
  return [...bars, `${' '.repeat(label)}# received + sent x refused`, ''].join('\n');
}

/** The ends of the parts are rounded, not their lengths, so that the whole has the right length. */
function bar({ received, sent, refused }: Tally, most: number, room: number): string {
  const end = (count: number): number => Math.round((count / most) * room);
  const [first, second, third] = [end(received), end(received + sent), end(received + sent + refused)];
  return `${'#'.repeat(first)}${'+'.repeat(second - first)}${'x'.repeat(third - second)}`;
}
