import { isUtf8 } from 'node:buffer';
import type { FileChange, InstalledFile } from '../core/plan/plan.ts';
import type { TableType } from '../core/host-facts.ts';
import type { RenderedFile } from '../core/render/rendered-file.ts';
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

/**
 * What stands at a managed path; undefined when nothing does.
 * @param path absolute
 * @param file what should be there, if anything
 */
export function readInstalled(path: string, file: RenderedFile | undefined): InstalledFile | undefined {
  const found = lstat(path);
  if (found === undefined) return undefined;
  const bytes = bytesIfPresent(path) ?? Buffer.alloc(0);
  const index = readIndex(file?.index === undefined ? undefined : indexPath(path, file.index.type));
  // What is not ours in it is written as it is, in whatever encoding.
  const encoding = file?.ownsLine !== undefined && !isUtf8(bytes) ? 'latin1' : undefined;
  return {
    content: bytes.toString(encoding ?? 'utf8'),
    encoding,
    sha256: sha256(bytes),
    mode: found.mode & 0o7777,
    owner: userName(found.uid),
    group: groupName(found.gid),
    ...index,
  };
}

/** What is to be known of an index. @param path undefined when there is none */
export function readIndex(path: string | undefined): Pick<InstalledFile, 'indexSha256' | 'indexMode' | 'indexOwner'> {
  const bytes = path === undefined ? undefined : bytesIfPresent(path);
  if (path === undefined || bytes === undefined) return { indexSha256: undefined };
  const { mode = 0, uid = 0 } = lstat(path) ?? {};
  return { indexSha256: sha256(bytes), indexMode: mode & 0o7777, indexOwner: userName(uid) };
}

/** The bytes that a change writes; undefined when it removes the file. */
export function bytesAfter({ after, encoding }: Pick<FileChange, 'after' | 'encoding'>): Buffer | undefined {
  return after === undefined ? undefined : Buffer.from(after, encoding ?? 'utf8');
}
