import { dirname } from 'node:path';
import { EboxmailError, EXIT, failed } from '../../core/errors.ts';
import { handEditDiff, unifiedDiff } from '../../core/plan/diff.ts';
import { countRemovals, FREE_REMOVALS, whatStops, type Removals } from '../../core/plan/removals.ts';
import type { FileChange, Plan } from '../../core/plan/plan.ts';
import { PATHS } from '../../core/render/paths.ts';
import { bytesIfPresent, lstat, makeDirectory, writeAtomically } from '../../system/files.ts';
import { sha256 } from '../../system/hash.ts';
import { isUntouched } from '../../system/undo.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { Place } from '../state/place.ts';

const APPLY = 'eboxmail apply';

/** How many addresses a hint names. */
const SHOWN = 20;

/** Files whose content eboxmail did not write, or somebody edited since, that an apply would replace. */
export function othersFiles({ files }: Plan): readonly FileChange[] {
  return files.filter(({ present }) => present === 'foreign' || present === 'edited');
}

/** @throws exit 7, with every version of each file, when they may not be replaced */
export async function requireConsent(
  { root }: Place,
  plan: Plan,
  {
    adopt,
    adoptEdited,
    askConsent,
    again = APPLY,
  }: Pick<ApplyOptions, 'adopt' | 'adoptEdited' | 'askConsent' | 'again'>,
): Promise<void> {
  const others = othersFiles(plan)
    .filter(({ present }) => !(present === 'edited' && adoptEdited === true))
    // Whoever started an apply that was cut off has agreed already.
    .filter(({ path }) => !isUntouched(`${root}/${PATHS.lib}`, `${root}/${path}`));
  if (others.length === 0 || adopt || (await askConsent?.(others)) === true) return;
  const edited = others.some(({ present }) => present === 'edited');
  throw new EboxmailError(
    EXIT.consent,
    `consent is needed to replace ${others.length === 1 ? 'a file' : `${others.length} files`}`,
    [
      ...others.map((file) => versionsOf(file, root)),
      `"${again} --adopt" replaces what is named above and keeps the originals`,
      // A rollback would replace the state in which they are then.
      ...(edited && again === APPLY
        ? ['"eboxmail apply --keep-edits" takes edits into "overrides" of the state, where they can be said']
        : []),
    ].join('\n'),
  );
}

/** @throws exit 7 when more stops than goes without a second yes */
export async function requireRemovals(
  { removals }: Plan,
  {
    allowRemovals = FREE_REMOVALS,
    askRemovals,
    again = APPLY,
  }: Pick<ApplyOptions, 'allowRemovals' | 'askRemovals' | 'again'>,
): Promise<void> {
  const count = countRemovals(removals);
  if (count <= allowRemovals || (await askRemovals?.(removals)) === true) return;
  throw new EboxmailError(
    EXIT.consent,
    `${whatStops(removals)} would stop working, which needs a second yes`,
    `${whichThey(removals, again)}; if that is meant: ${again} --allow-removals ${count}`,
  );
}

/** A plan shows them only for the state that is there. */
function whichThey({ addresses, mailboxes }: Removals, again: string): string {
  if (again === APPLY) return 'see which with "eboxmail plan"';
  const all = [...new Set([...addresses, ...mailboxes])];
  const left = all.length - SHOWN;
  return `they are ${all.slice(0, SHOWN).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

/**
 * What the plan showed is what may be replaced: who edits a file while the question is on the screen is not overrun.
 * @throws exit 7 when a file is no longer what it was when the plan was made
 */
export function requireUnchanged({ root }: Place, { files }: Plan, again = APPLY): void {
  const changed = files.flatMap(({ path, beforeSha256 }) => {
    const target = `${root}/${path}`;
    const now = lstat(target) === undefined ? undefined : sha256(bytesIfPresent(target) ?? '');
    return now === beforeSha256 ? [] : [target];
  });
  if (changed.length === 0) return;
  throw new EboxmailError(
    EXIT.consent,
    `${changed.join(', ')} changed meanwhile, so nothing was changed`,
    `run "${again}" again: it shows what is there now`,
  );
}

/** Why a file needs consent, and its versions: as it was written, as it is, as it would be. */
export function versionsOf(file: FileChange, root: string): string {
  const { path, present, reason } = file;
  const edit = handEditDiff(file);
  return [
    present === 'foreign'
      ? `${root}/${path} was not written by eboxmail (${reason}):`
      : `${root}/${path} was edited by hand since the last apply:`,
    ...(edit === '' ? [] : [edit.trimEnd(), 'what apply would make of it:']),
    unifiedDiff(file).trimEnd(),
  ].join('\n');
}

/** Copies what is about to be replaced and was never ours. */
export function keepOriginals({ root }: Place, plan: Plan): void {
  for (const { path } of othersFiles(plan)) {
    // As they are, and not as text: they may be in any encoding.
    const content = bytesIfPresent(`${root}/${path}`);
    if (content === undefined) continue;
    const base = `${root}/${PATHS.lib}/backup/${path}`;
    makeDirectory(`${root}/${PATHS.lib}/backup`, 0o700);
    makeDirectory(dirname(base), 0o700);
    const candidates = [base, ...Array.from({ length: 999 }, (_, n) => `${base}.${n + 1}`)];
    const free = candidates.find((candidate) => lstat(candidate) === undefined);
    if (free === undefined)
      throw failed(`too many originals are kept in ${dirname(base)}`, 'remove those you do not need');
    writeAtomically({ path: free, content, mode: 0o600, uid: 0, gid: 0 });
  }
}
