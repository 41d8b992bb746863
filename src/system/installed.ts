import type { InstalledFile } from '../core/plan/plan.ts';
import type { TableType } from '../core/host-facts.ts';
import { bytesIfPresent, lstat } from './files.ts';
import { sha256 } from './hash.ts';
import { groupName, userName } from './identity.ts';

const INDEX_ENDINGS: Readonly<Record<TableType, string>> = { cdb: '.cdb', lmdb: '.lmdb', hash: '.db' };

/** The indexed form of a table is a file beside its source (postmap(1)); that of a Sieve script has its name but the end. */
export function indexPath(source: string, type: string): string {
  if (type === 'svbin') return source.replace(/(\.sieve)?$/, '.svbin');
  return source + (INDEX_ENDINGS[type as TableType] ?? `.${type}`);
}

/** Where the indexed form of a table may be, whatever its kind. */
export function indexPaths(source: string): readonly string[] {
  if (source.endsWith('.sieve')) return [indexPath(source, 'svbin')];
  return Object.values(INDEX_ENDINGS).map((ending) => source + ending);
}

/** What stands at a managed path; undefined when nothing does. */
export function readInstalled(path: string, indexType: string | undefined): InstalledFile | undefined {
  const found = lstat(path);
  if (found === undefined) return undefined;
  const bytes = bytesIfPresent(path) ?? Buffer.alloc(0);
  const index = indexType === undefined ? undefined : bytesIfPresent(indexPath(path, indexType));
  return {
    content: bytes.toString('utf8'),
    sha256: sha256(bytes),
    mode: found.mode & 0o7777,
    owner: userName(found.uid),
    group: groupName(found.gid),
    indexSha256: index === undefined ? undefined : sha256(index),
  };
}
