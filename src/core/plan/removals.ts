import type { RenderedFile } from '../render/rendered-file.ts';
import type { FileChange } from './plan.ts';
import { rowsGone, rowsOf, tableIn } from './table-rows.ts';

/** What stops when a plan is applied: addresses that mail was taken for until now, and mailboxes that are put away. */
export interface Removals {
  readonly addresses: readonly string[];
  readonly mailboxes: readonly string[];
}

/** What an apply does to mailboxes, by the address at the last one. */
export interface MailboxFates {
  /** Those that are another user's from now on, by a rename. */
  readonly moved: ReadonlySet<string>;
  /** Those that go into the archive, or are deleted, also where somebody else has the address then. */
  readonly putAway: readonly string[];
}

/** How much that is: an address and its mailbox are one. */
export function countRemovals({ addresses, mailboxes }: Removals): number {
  return new Set([...addresses, ...mailboxes]).size;
}

/** The same in words. */
export function whatStops(removals: Removals): string {
  const count = countRemovals(removals);
  const [address, mailbox] = count === 1 ? ['address', 'mailbox'] : ['addresses', 'mailboxes'];
  if (removals.addresses.length === count) return `${count} ${address}`;
  return `${count} ${removals.addresses.length === 0 ? mailbox : `${address} and ${mailbox}`}`;
}

/** So many may stop without a second yes. */
export const FREE_REMOVALS = 10;

/**
 * Read from the tables themselves, so that it is what Postfix will do.
 * @param rendered all files as they should be: an address may leave one table and stay in another, which does not change
 */
export function removalsOf(
  files: readonly FileChange[],
  rendered: readonly RenderedFile[],
  { moved, putAway }: MailboxFates,
): Removals {
  const left = goneFrom(files, 'mailboxes');
  const aliases = goneFrom(files, 'aliases');
  const mailboxes = [...new Set([...left.filter((address) => !moved.has(address)), ...putAway])];
  // Mostly nothing goes, and there may be thousands that stay.
  if (left.length + aliases.length === 0) return { addresses: [], mailboxes };
  const stays = new Set([...keysAfter(rendered, 'mailboxes'), ...keysAfter(rendered, 'aliases')]);
  const addresses = [...new Set([...left, ...aliases])].filter((address) => !stays.has(address));
  return { addresses, mailboxes };
}

function goneFrom(files: readonly FileChange[], table: string): readonly string[] {
  const file = tableIn(files, table);
  return rowsGone(file?.before, file?.after).map(({ key }) => key);
}

function keysAfter(rendered: readonly RenderedFile[], table: string): readonly string[] {
  return rowsOf(tableIn(rendered, table)?.content).map(({ key }) => key);
}
