import { failed } from '../../core/errors.ts';
import type { MailModel } from '../../core/model.ts';
import type { FileChange } from '../../core/plan/plan.ts';
import { PATHS } from '../../core/render/paths.ts';
import { readsFetchFile, requireFetchmail } from '../../system/fetchmail.ts';
import { makeDirectory, writeAtomically } from '../../system/files.ts';
import { groupId, requireUser } from '../../system/identity.ts';

/** The directories of the service that fetches mail; it writes into its own as a user without other rights. */
export async function ensureFetchPlace(root: string, model: MailModel): Promise<void> {
  if (!model.fetch.enabled) return;
  await requireFetchmail();
  const owner = requireUser('fetchmail');
  makeDirectory(`${root}/${PATHS.fetchFiles}`, 0o755);
  makeDirectory(`${root}/${PATHS.fetchState}`, 0o700, owner, groupId('nogroup') ?? 0);
  makeDirectory(`${root}/${PATHS.fetchLogs}`, 0o750, owner, groupId('adm') ?? 0);
}

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
