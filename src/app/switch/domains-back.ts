import { rmSync } from 'node:fs';
import type { HostFacts } from '../../core/host-facts.ts';
import { domainOf } from '../../core/recipients.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { readIfPresent, stageFile, staged, syncDirectories } from '../../system/files.ts';
import { indexPath } from '../../system/installed.ts';
import { buildIndex } from '../../system/postfix.ts';
import type { Undo } from '../../system/undo.ts';

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
  const rows = (readIfPresent(table) ?? '').split('\n').filter((row) => row !== '' && !row.startsWith('#'));
  const extra = rows.filter((row) => !isThere(row.slice(0, row.indexOf(' '))));
  const index = indexPath(table, facts.postfix.tableType);
  return (await build(facts, `${before}${extra.join('\n')}\n`, index)) ? (target) => target === index : () => false;
}

/** @returns whether it is in place; what keeps it from that, such as a full disk, is no reason to stop */
async function build(facts: HostFacts, content: string, index: string): Promise<boolean> {
  const type = facts.postfix.tableType;
  const { temporary: source } = stageFile({ path: `${index}.both`, content, mode: 0o644, uid: 0, gid: 0 });
  try {
    await buildIndex('postmap', type, source, below(facts, PATHS.postfix));
    staged(indexPath(source, type), index).commit();
    syncDirectories([index]);
    return true;
  } catch {
    return false;
  } finally {
    for (const path of [source, indexPath(source, type)]) rmSync(path, { force: true });
  }
}
