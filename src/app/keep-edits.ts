import { EboxmailError, EXIT } from '../core/errors.ts';
import type { StateFile } from '../core/generated/state-types.ts';
import { handEditsOf, type HandEdits } from '../core/plan/hand-edits.ts';
import { editState } from './edit-state.ts';
import type { Place } from './place.ts';
import { prepare } from './prepare.ts';

/**
 * Takes what was edited by hand in our files into `overrides` of the state, so that an apply keeps it.
 * @returns what was taken
 * @throws exit 7 when an edit cannot be said there; then nothing was written
 */
export async function keepEdits(place: Place): Promise<HandEdits> {
  const { plan } = await prepare(place);
  const edits = handEditsOf(plan.files);
  if (edits.inexpressible.length > 0) {
    throw new EboxmailError(
      EXIT.consent,
      'some of what was edited by hand cannot be taken into "overrides"',
      [...edits.inexpressible, 'undo these edits, or replace them with "eboxmail apply --adopt"'].join('\n'),
    );
  }
  if (edits.postfix.size > 0 || edits.dovecot.length > 0)
    await editState(place, (state) => withOverrides(state, edits));
  return edits;
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
