import { failed } from '../../core/errors.ts';
import type { FileChange } from '../../core/plan/plan.ts';
import { readsFetchFile } from '../../system/fetchmail.ts';
import { writeAtomically } from '../../system/files.ts';

/** Has fetchmail read every file that is about to be put in place. */
export async function checkFetchFiles(staging: string, changes: readonly FileChange[]): Promise<void> {
  const path = `${staging}/fetchmailrc`;
  for (const { file, after } of changes) {
    if (file?.secret !== 'fetch-file' || after === undefined) continue;
    writeAtomically({ path, content: after, mode: 0o600, uid: 0, gid: 0, volatile: true });
    if (await readsFetchFile(path)) continue;
    throw failed(`fetchmail does not accept ${file.path}, so nothing was changed`, `it is ${file.reason}`);
  }
}
