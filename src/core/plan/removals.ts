import { PATHS } from '../render/paths.ts';
import type { FileChange } from './plan.ts';

/** What stops when a plan is applied: addresses that mail was taken for until now, and mailboxes that are put away. */
export interface Removals {
  readonly addresses: readonly string[];
  readonly mailboxes: readonly string[];
}

/** So many may stop without a second yes. */
export const FREE_REMOVALS = 10;

/** Read from the tables themselves, so that it is what Postfix will do. */
export function removalsOf(files: readonly FileChange[]): Removals {
  const mailboxes = goneFrom(files, 'mailboxes');
  const aliases = goneFrom(files, 'aliases');
  const stays = new Set([...keysAfter(files, 'mailboxes'), ...keysAfter(files, 'aliases')]);
  const addresses = [...new Set([...mailboxes, ...aliases])].filter((address) => !stays.has(address));
  return { addresses, mailboxes };
}

function goneFrom(files: readonly FileChange[], table: string): readonly string[] {
  const file = tableIn(files, table);
  if (file === undefined) return [];
  const left = new Set(keys(file.after));
  return keys(file.before).filter((key) => !left.has(key));
}

/** A table that does not change says nothing here, and what it holds did not become less either. */
function keysAfter(files: readonly FileChange[], table: string): readonly string[] {
  return keys(tableIn(files, table)?.after);
}

function tableIn(files: readonly FileChange[], table: string): FileChange | undefined {
  return files.find(({ path }) => path === `${PATHS.tables}/${table}`);
}

function keys(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split('\n')
    .flatMap((line) => (line === '' || line.startsWith('#') ? [] : line.slice(0, line.indexOf(' '))));
}
