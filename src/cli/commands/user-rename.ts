import { noteEvent } from '../../app/mailboxes/mailboxes.ts';
import { withdrawPurge } from '../../system/purges.ts';
import { isBackAgain, originOf, pendingMailboxes } from '../../app/mailboxes/pending-mailboxes.ts';
import { addressKey } from '../../core/edits/names.ts';
import { renameUser, type RenamedUser } from '../../core/edits/rename.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import type { Place } from '../../app/state/place.ts';
import { usageError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';

const ABOUT = `
Everything that refers to the old address refers to the new one then: groups, aliases, catch-alls, postmaster. The mailbox
moves at the next apply, with folders, flags, Sieve scripts and subscriptions. The password stays; the user logs in with
the new address from then on.`;

export const setup: Setup = (user, action) => {
  editOptions(user.command('rename <old> <new>'), 'change')
    .description('give a user another address; the old one becomes an alias of it')
    .option('--no-alias', 'mail for the old address is refused from then on')
    .addHelpText('after', ABOUT)
    .addHelpText(
      'after',
      example(
        'eboxmail user rename alice@example.com alicia@example.com --apply',
        'eboxmail user rename bob@example.com bob@example.org --no-alias',
      ),
    )
    .action(action(rename));
};

async function rename(
  context: Context,
  oldText: string,
  newText: string,
  options: EditOptions & { alias: boolean },
): Promise<number> {
  const { root } = context.place;
  let done: RenamedUser | undefined;
  let origin: string | undefined;
  const edit = (state: StateFile): StateFile => {
    const plain = renameUser(state, oldText, newText, options.alias);
    // Who goes back before an apply leaves nothing behind: nobody ever knew the address between.
    const pending = pendingMailboxes(context.place, state);
    const isBack = plain.alias && isBackAgain(pending, plain);
    origin = originOf(pending, plain.from)?.origin;
    done = isBack ? renameUser(state, oldText, newText, false) : plain;
    requireAlone(context.place, done.from, done.to);
    return done.state;
  };
  return runEdit(context, options, edit, {
    done: () => words(done),
    data: () => ({ user: done?.to, was: done?.from, alias: done?.alias }),
    beforehand: () => {
      if (done === undefined) return;
      withdrawPurge(root, done.to);
      const { from, to, entry } = done;
      noteEvent(context.place, { kind: 'renamed', origin, from, to }, entry);
    },
  });
}

/** Whose mailbox is whose is told from what is written down, and a batch has not written yet what its lines before did. */
export function requireAlone({ batch }: Place, ...addresses: readonly string[]): void {
  if (batch === undefined) return;
  const isChanged = (key: string | undefined): boolean =>
    key !== undefined && batch.changerOf(['users', key]) !== undefined;
  const changed = addresses.find(
    (address) => isChanged(address) || isChanged(addressKey(batch.state, 'users', address)),
  );
  if (changed !== undefined)
    throw usageError(`an earlier line has changed ${changed}`, 'do this in a batch of its own');
}

function words(done: RenamedUser | undefined): string {
  if (done === undefined) return '';
  const alias = done.alias ? `; ${done.from} is an alias of it now` : '';
  return `renamed the user ${done.from} to ${done.to}${alias}`;
}
