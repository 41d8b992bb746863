import { createTwoFilesPatch } from 'diff';
import { PATHS } from '../render/paths.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import { maskAccountFiles, maskFetchFiles, maskRelayLogins } from './mask.ts';
import type { FileChange } from './plan.ts';

/** A file's change as a unified diff, without secrets; empty when only its owner, mode or index changes. */
export function unifiedDiff({ path, before, after, file }: FileChange): string {
  const secret = file?.secret ?? secretIn(path);
  const mask = secret === undefined ? undefined : MASKS[secret];
  const shown = mask?.(before, after) ?? { before, after };
  if (shown.before === shown.after) return '';
  const oldName = before === undefined ? '/dev/null' : `a/${path}`;
  const newName = after === undefined ? '/dev/null' : `b/${path}`;
  const patch = createTwoFilesPatch(oldName, newName, shown.before ?? '', shown.after ?? '', undefined, undefined, {
    context: 2,
  });
  return patch.replace(/^=+\n/, '');
}

const MASKS = {
  'account-file': maskAccountFiles,
  'relay-login': maskRelayLogins,
  'fetch-file': maskFetchFiles,
} as const;

/** What was edited by hand since the last apply, as a unified diff; empty when that is not known. */
export function handEditDiff(file: FileChange): string {
  return file.written === undefined ? '' : unifiedDiff({ ...file, before: file.written, after: file.before });
}

/** A removed file is no longer rendered, so only its path tells that it holds secrets. */
function secretIn(path: string): RenderedFile['secret'] {
  if (path === PATHS.accounts) return 'account-file';
  if (path.startsWith(`${PATHS.fetchFiles}/`) && path.endsWith('.rc')) return 'fetch-file';
  return path.startsWith(PATHS.relayLogins) ? 'relay-login' : undefined;
}
