import { directoryChanges, type DirectoryChange } from '../../core/plan/directory-changes.ts';
import { isOwnDirectory, type WantedDirectory } from '../../core/render/directories.ts';
import { PATHS } from '../../core/render/paths.ts';
import type { AppliedRecord } from '../../system/applied-record.ts';
import { isGone, isSeenEmpty, readDirectory } from '../../system/directories.ts';
import { groupName } from '../../system/identity.ts';

/** Those of ours; what others have made of theirs is up to them. @param applied what the last apply left */
export function directoriesToPutRight(
  root: string,
  wanted: readonly WantedDirectory[],
  applied: AppliedRecord | undefined,
): readonly DirectoryChange[] {
  const own = wanted.filter(isOwnDirectory).map(withNameOfGroup);
  const found = own.flatMap(({ path }) => {
    const there = readDirectory(`${root}/${path}`);
    return there === undefined ? [] : [[path, there] as const];
  });
  const hadMail = applied !== undefined && applied.time !== '';
  const gone = hadMail && isGone(`${root}/${PATHS.mail}`) ? [PATHS.mail] : [];
  const hadUsers = hadMail && Object.keys(applied.state['users'] ?? {}).length > 0;
  return directoryChanges(own, new Map(found), new Set(gone)).map((change) => {
    const isBare = change.before === undefined || isSeenEmpty(`${root}/${change.path}`);
    return hadUsers && change.path === PATHS.mail && isBare ? { ...change, lacksMail: true } : change;
  });
}

/** As a directory that is there is told. */
function withNameOfGroup(directory: WantedDirectory): WantedDirectory {
  return typeof directory.group === 'number' ? { ...directory, group: groupName(directory.group) } : directory;
}
