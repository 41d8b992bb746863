import type { HostFacts } from '../../core/host-facts.ts';
import { rowsGone, withRows } from '../../core/plan/table-rows.ts';
import { domainOf } from '../../core/recipients.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { readIfPresent } from '../../system/files.ts';
import { indexPath } from '../../system/installed.ts';
import type { Undo } from '../../system/undo.ts';
import { putInterimIndex } from './interim-table.ts';

/**
 * On the way back, as long as addresses of the configuration that goes stand for mailboxes: their domains may be new in it, and
 * what Postfix has put there in the place of an old address would leave for the outside. So for a while it takes the
 * domains of both for its own.
 * @returns which file is not to be put back before that is over
 */
export async function domainsOfBoth(
  facts: HostFacts,
  undo: Undo,
  addresses: readonly string[],
): Promise<(target: string) => boolean> {
  const table = below(facts, `${PATHS.tables}/mailbox_domains`);
  const before = undo.textBefore(table);
  const isThere = (domain: string): boolean => before?.includes(`\n${domain} `) === true;
  if (before === undefined || addresses.every((address) => isThere(domainOf(address)))) return () => false;
  const extra = rowsGone(readIfPresent(table), before);
  const index = indexPath(table, facts.postfix.tableType);
  return (await putInterimIndex(facts, withRows(before, extra), index)) ? (target) => target === index : () => false;
}
