import { EboxmailError, EXIT } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import { handEditsOf, type HandEdits } from '../../core/plan/hand-edits.ts';
import type { FileChange } from '../../core/plan/plan.ts';
import type { Overrides } from '../../core/model.ts';
import { whyNoDovecotOverride } from '../../core/raw-dovecot.ts';
import { whyNoOverride, type Refusal } from '../../core/raw-postfix.ts';
import { PATHS } from '../../core/render/paths.ts';
import type { AppliedRecord } from '../../system/applied-record.ts';
import { keepCopy } from '../../system/backup.ts';
import { bytesIfPresent, lstat, writeAtomically } from '../../system/files.ts';
import { sha256 } from '../../system/hash.ts';
import { withApplyLock } from './apply-lock.ts';
import { editState } from '../state/edit-state.ts';
import type { Place } from '../state/place.ts';
import { prepare } from '../plan/prepare.ts';

/**
 * Takes what was edited by hand in our files into `overrides` of the state, so that an apply keeps it.
 * @returns what was taken
 * @throws exit 7 when an edit cannot be said there; then nothing was written
 */
export async function keepEdits(place: Place): Promise<HandEdits> {
  const { plan, applied, model, textSha256 } = await prepare(place);
  const edits = handEditsOf(plan.files);
  const reasons = [
    ...edits.inexpressible,
    ...refusals(edits, model.overrides.postfix),
    ...mixed(edits, applied, textSha256),
  ];
  if (reasons.length > 0) {
    throw new EboxmailError(
      EXIT.consent,
      'some of what was edited by hand cannot be taken into "overrides"',
      [...reasons, 'undo these edits, or replace them with "eboxmail apply --adopt"'].join('\n'),
    );
  }
  if (edits.postfix.size > 0 || edits.dovecot.length > 0) {
    await editState(place, (state) => withOverrides(state, edits));
    if (applied?.unfinished === undefined) await withApplyLock(place, async () => putBack(place, plan.files));
  }
  return edits;
}

/**
 * What the last apply wrote, until the next has proven what is in the state now: the edited files may be just what that writes, and
 * going back would go back to what does not work.
 */
function putBack({ root }: Place, files: readonly FileChange[]): void {
  for (const { path, present, written, beforeSha256 } of files) {
    const target = `${root}/${path}`;
    const found = lstat(target);
    // Edited once more by now: for the apply to find.
    if (present !== 'edited' || written === undefined || found === undefined) continue;
    if (sha256(bytesIfPresent(target) ?? '') !== beforeSha256) continue;
    keepCopy(root, `${root}/${PATHS.lib}`, path);
    const { mode, uid, gid } = found;
    writeAtomically({ path: target, content: written, mode: mode & 0o7777, uid, gid });
  }
}

/** What the state itself would refuse. */
function refusals({ postfix, dovecot }: HandEdits, before: Overrides['postfix']): readonly string[] {
  const all = new Map([...before, ...postfix]);
  const refused = (path: string, reason: Refusal | undefined): readonly string[] =>
    reason === undefined ? [] : [`${path}: ${reason.message}: ${reason.hint}`];
  return [
    ...[...postfix].flatMap(([name, value]) => refused(PATHS.mainCf, whyNoOverride(name, value, all))),
    ...refused(PATHS.dovecotConf, whyNoDovecotOverride(dovecot.join('\n'))),
  ];
}

/** An apply of another state was cut off: which lines are its own cannot be told from those of a person. */
function mixed({ postfix, dovecot }: HandEdits, applied: AppliedRecord | undefined, state: string): readonly string[] {
  const due = applied?.unfinished;
  if (due === undefined || due.state === state || postfix.size + dovecot.length === 0) return [];
  return ['an apply of another state was cut off: what it wrote cannot be told from what was edited'];
}

function withOverrides(state: StateFile, { postfix, dovecot }: HandEdits): StateFile {
  const before = state.overrides ?? {};
  const text = [before.dovecot?.trimEnd() ?? '', ...dovecot].filter((line) => line !== '').join('\n');
  return {
    ...state,
    overrides: {
      ...before,
      ...(postfix.size === 0 ? {} : { postfix: { ...before.postfix, ...Object.fromEntries(postfix) } }),
      ...(dovecot.length === 0 ? {} : { dovecot: `${text}\n` }),
    },
  };
}
