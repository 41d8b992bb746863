import { rmSync } from 'node:fs';
import type { HostFacts } from '../../core/host-facts.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { stageFile, staged, syncDirectories } from '../../system/files.ts';
import { indexPath } from '../../system/installed.ts';
import { buildIndex } from '../../system/postfix.ts';

/**
 * Puts in place, for a while, the index of a table that has no source. One that is left by a crash is not what was recorded, and
 * the next apply builds it anew.
 * @param index path of the index
 * @returns whether it is in place; what keeps it from that, such as a full disk, is no reason to stop
 */
export async function putInterimIndex(facts: HostFacts, content: string, index: string): Promise<boolean> {
  const type = facts.postfix.tableType;
  const source = `${index}.both`;
  try {
    const { temporary } = stageFile({ path: source, content, mode: 0o644, uid: 0, gid: 0 });
    try {
      await buildIndex('postmap', type, { source: temporary, target: source }, below(facts, PATHS.postfix));
      staged(indexPath(temporary, type), index).commit();
      syncDirectories([index]);
      return true;
    } finally {
      for (const path of [temporary, indexPath(temporary, type)]) rmSync(path, { force: true });
    }
  } catch {
    return false;
  }
}
