import { createTwoFilesPatch } from 'diff';
import { PATHS } from '../render/paths.ts';
import { maskAccountFiles } from './mask.ts';
import type { FileChange } from './plan.ts';

/** A file's change as a unified diff, without secrets; empty when only its owner, mode or index changes. */
export function unifiedDiff({ path, before, after, file }: FileChange): string {
  const shown =
    file?.secret === 'account-file' || isAccountFile(path) ? maskAccountFiles(before, after) : { before, after };
  if (shown.before === shown.after) return '';
  const oldName = before === undefined ? '/dev/null' : `a/${path}`;
  const newName = after === undefined ? '/dev/null' : `b/${path}`;
  const patch = createTwoFilesPatch(oldName, newName, shown.before ?? '', shown.after ?? '', undefined, undefined, {
    context: 2,
  });
  return patch.replace(/^=+\n/, '');
}

/** A removed file is no longer rendered, so only its path tells that it holds secrets. */
function isAccountFile(path: string): boolean {
  return path === PATHS.accounts;
}
