import { PATHS } from '../render/paths.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import type { FileChange } from './plan.ts';

/** What stops when a plan is applied: addresses that mail was taken for until now, and mailboxes that are put away. */
export interface Removals {
  readonly addresses: readonly string[];
  readonly mailboxes: readonly string[];
}

/** So many may stop without a second yes. */
export const FREE_REMOVALS = 10;

/**
 * Read from the tables themselves, so that it is what Postfix will do.
 * @param rendered all files as they should be: an address may leave one table and stay in another, which does not change
 */
export function removalsOf(files: readonly FileChange[], rendered: readonly RenderedFile[]): Removals {
  const mailboxes = goneFrom(files, 'mailboxes');
  const aliases = goneFrom(files, 'aliases');
  // Mostly nothing goes, and there may be thousands that stay.
  if (mailboxes.length + aliases.length === 0) return { addresses: [], mailboxes: [] };
  const stays = new Set([...keysAfter(rendered, 'mailboxes'), ...keysAfter(rendered, 'aliases')]);
  const addresses = [...new Set([...mailboxes, ...aliases])].filter((address) => !stays.has(address));
  return { addresses, mailboxes };
}

function goneFrom(files: readonly FileChange[], table: string): readonly string[] {
  const file = tableIn(files, table);
  if (file === undefined) return [];
  const left = new Set(keys(file.after));
  return keys(file.before).filter((key) => !left.has(key));
}

function keysAfter(rendered: readonly RenderedFile[], table: string): readonly string[] {
  return keys(tableIn(rendered, table)?.content);
}

function tableIn<File extends { readonly path: string }>(files: readonly File[], table: string): File | undefined {
  return files.find(({ path }) => path === `${PATHS.tables}/${table}`);
}

function keys(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split('\n')
    .flatMap((line) => (line === '' || line.startsWith('#') ? [] : line.slice(0, line.indexOf(' '))));
}
