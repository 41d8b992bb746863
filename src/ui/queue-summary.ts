import { widthOf } from './width.ts';
import { BUCKET_MINUTES, type QueueSummary } from '../core/queue/summary.ts';
import { shortSize } from './queue-rows.ts';
import { padded } from './table.ts';
import type { Terminal } from './terminal.ts';
import { visibleField } from '../core/visible.ts';

/** As qshape(1) has it: a line a domain, a column an age in minutes; elsewhere than on a terminal with tabs and no header. */
export function summaryText(summary: QueueSummary, terminal: Pick<Terminal, 'tables'>, limit: number): string {
  const last = BUCKET_MINUTES.at(-1) ?? 0;
  const header = ['DOMAIN', 'MESSAGES', ...BUCKET_MINUTES.map((minutes) => `<${minutes}m`), `>=${last}m`];
  const rows = [
    ['TOTAL', summary.messages, ...summary.ages],
    ...summary.domains.slice(0, limit).map(({ domain, messages, ages }) => [domain, messages, ...ages]),
  ].map((row) => row.map((cell) => visibleField(String(cell))));
  if (!terminal.tables) return rows.map((row) => `${row.join('\t')}\n`).join('');
  const width = rows.reduce((most, [domain = '']) => Math.max(most, widthOf(domain)), 0);
  const line = ([domain = '', ...cells]: readonly string[]): string =>
    `${padded(domain, width)}${cells.map((cell, column) => `  ${cell.padStart(column === 0 ? 8 : 6)}`).join('')}\n`;
  const queues = Object.entries(summary.queues).map(([queue, count]) => `${count} ${queue}`);
  const total = `${summary.messages} messages, ${shortSize(summary.size)}`;
  return `${total}${queues.length === 0 ? '' : ` (${queues.join(', ')})`}\n\n${[header, ...rows].map(line).join('')}`;
}
