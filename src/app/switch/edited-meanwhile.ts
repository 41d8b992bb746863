import { EboxmailError, isSystemError } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { readAppliedRecord } from '../../system/applied-record.ts';
import { keepCopy } from '../../system/backup.ts';
import { bytesIfPresent } from '../../system/files.ts';
import { sha256 } from '../../system/hash.ts';
import { indexPaths } from '../../system/installed.ts';
import type { Undo } from '../../system/undo.ts';

/** Files that somebody edited since an apply that is taken back began: they are neither as it found them nor as it wrote them. */
export function editedMeanwhile(root: string, undo: Undo): readonly string[] {
  const written = readAppliedRecord(`${root}/${PATHS.lib}`)?.unfinished?.files;
  // Nobody edits an index.
  const indexes = new Set(undo.files.flatMap(({ target }) => indexPaths(target)));
  return undo.files.flatMap(({ target, sha256: before }) => {
    const bytes = indexes.has(target) ? undefined : bytesIfPresent(target);
    if (bytes === undefined) return [];
    const [path, now] = [target.slice(root.length + 1), sha256(bytes)];
    return now === before || written?.get(path)?.includes(now) === true ? [] : [path];
  });
}

/** Going back overwrites them. @returns what to say of it */
export function keepEdited(root: string, undo: Undo): readonly string[] {
  return editedMeanwhile(root, undo).map((path) => {
    const said = `${root}/${path} was edited while the apply was at work, and is as it was before that`;
    try {
      return `${said}; what was edited is in ${keepCopy(root, `${root}/${PATHS.lib}`, path) ?? '?'}`;
    } catch (error) {
      if (!isSystemError(error) && !(error instanceof EboxmailError)) throw error;
      return `${said}; what was edited could not be kept: ${error.message}`;
    }
  });
}
