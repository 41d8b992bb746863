import { archiveKey, type ArchivedMailbox } from '../../app/mailboxes/archive.ts';
import type { Place } from '../../app/state/place.ts';
import { readState } from '../../app/state/load-state.ts';
import { noteEvent } from '../../app/mailboxes/mailboxes.ts';
import { withdrawPurge } from '../../app/mailboxes/purges.ts';
import {
  archivedForGood,
  pendingMailboxes,
  pendingRemoval,
  type PendingMailboxes,
} from '../../app/mailboxes/pending-mailboxes.ts';
import { addressArgument } from '../../core/edits/names.ts';
import { restoreUser } from '../../core/edits/users.ts';
import { alreadyExists, notFound, usageError } from '../../core/errors.ts';
import type { StateFile, UserEntry } from '../../core/generated/state-types.ts';
import { isObject, type Json } from '../../core/json.ts';
import type { NewEvent } from '../../system/mailbox-log.ts';
import { nearestAddress } from '../../core/state/unknown-key.ts';
import { approximateSize } from '../../core/units.ts';
import { showTable } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';
import { requireAlone } from './user-rename.ts';

const ABOUT = `
The user's entry comes back as it was (name, password, quota), and the mailbox with folders, flags and Sieve scripts at the
next apply. Groups and aliases that the user was taken out of do not. "user restore --list" numbers the mailboxes of each
address, the newest first.`;

interface RestoreOptions extends EditOptions {
  readonly list?: boolean;
  readonly as?: string;
  readonly from?: string;
}

export const setup: Setup = (user, action) => {
  editOptions(user.command('restore [address]'), 'change')
    .description('bring a removed user and the mailbox back')
    .option('--list', 'list the mailboxes that can come back, of one address or of all')
    .option('--as <address>', 'give the user this address')
    .option(
      '--from <which>',
      'which of several mailboxes of the address: a number or an id of the list; default: 1, the newest',
    )
    .addHelpText('after', ABOUT)
    .addHelpText(
      'after',
      example(
        'eboxmail user restore --list',
        'eboxmail user restore bob@example.com --apply',
        'eboxmail user restore bob@example.com --as bob.old@example.com --from 2',
      ),
    )
    .action(action(restore));
};

/** A mailbox that can come back, from the archive or from a removal that no apply has seen. */
interface Candidate {
  readonly number: number;
  readonly address: string;
  readonly entry: Json;
  readonly archived: ArchivedMailbox | undefined;
  readonly event: (to: string) => NewEvent;
  /** Who is to get it already. */
  readonly taken: string | undefined;
}

async function restore(
  context: Context,
  text: string | undefined,
  options: RestoreOptions,
): Promise<number | undefined> {
  const state = await readState(context.place);
  const address = text === undefined ? undefined : addressArgument(text, state);
  if (options.list === true) return list(context, state, address);
  if (address === undefined)
    throw usageError('whose mailbox?', 'name an address; see them with: eboxmail user restore --list');
  const { root } = context.place;
  const found = choose(candidates(context.place, state), address, options.from);
  if (found.taken !== undefined)
    throw alreadyExists(`that mailbox comes back as ${found.taken} already`, 'see: eboxmail plan');
  const wanted = options.as ?? address;
  const target = addressArgument(wanted, state);
  requireAlone(context.place, address, target);
  const entry = isObject(found.entry) ? (found.entry as unknown as UserEntry) : {};
  const isLocked = entry.password === undefined && entry.account !== false;
  return runEdit(context, options, (current) => restoreUser(current, wanted, entry), {
    done: `restored the user ${target}; the mailbox comes back with apply`,
    next: isLocked ? [`it has no password: eboxmail user passwd ${target}`] : [],
    data: { user: target, was: address, id: found.archived?.id ?? null },
    beforehand: () => {
      withdrawPurge(root, address);
      noteEvent(context.place, found.event(target), entry);
    },
  });
}

function candidates(place: Place, state: StateFile): readonly Candidate[] {
  const pending = pendingMailboxes(place, state);
  const numbers = new Map<string, number>();
  const next = (address: string): number => {
    const number = (numbers.get(address) ?? 0) + 1;
    numbers.set(address, number);
    return number;
  };
  return [...removedOnes(pending, next), ...archivedOnes(place.root, pending, next)];
}

function removedOnes(pending: PendingMailboxes, next: (address: string) => number): readonly Candidate[] {
  return pending.tracks.flatMap(({ name }): Candidate[] => {
    const removal = pendingRemoval(pending, name);
    if (removal === undefined) return [];
    const { origin, entry } = removal;
    const event = (to: string): NewEvent => ({ kind: 'kept', origin, to });
    return [{ number: next(name), address: name, entry, archived: undefined, event, taken: undefined }];
  });
}

function archivedOnes(
  root: string,
  { tracks }: PendingMailboxes,
  next: (address: string) => number,
): readonly Candidate[] {
  return archivedForGood(root).map((archived) => {
    const { address, entry } = archived;
    const id = archiveKey(archived);
    const taken = tracks.find((track) => track.archived && track.origin === id)?.to;
    return { number: next(address), address, entry, archived, event: (to) => ({ kind: 'restored', id, to }), taken };
  });
}

function choose(all: readonly Candidate[], address: string, from = '1'): Candidate {
  const theirs = all.filter((one) => one.address === address);
  if (theirs.length === 0) {
    const near = nearestAddress(
      address,
      all.map((one) => one.address),
    );
    const hint = near === undefined ? 'see what there is with: eboxmail user restore --list' : `did you mean ${near}?`;
    throw notFound(`no mailbox of ${address} is in the archive`, hint);
  }
  const found = theirs.find(({ number, archived }) => String(number) === from || archived?.id === from);
  if (found !== undefined) return found;
  throw notFound(
    `${address} has no archived mailbox ${from}`,
    `see them with: eboxmail user restore --list ${address}`,
  );
}

async function list(context: Context, state: StateFile, only: string | undefined): Promise<undefined> {
  const shown = candidates(context.place, state).filter(({ address }) => only === undefined || address === only);
  if (context.json) {
    printJson(
      context,
      shown.map(({ number, address, archived, taken }) => ({
        address,
        number,
        id: archived?.id ?? null,
        removed: archived?.removed ?? null,
        messages: archived?.messages ?? null,
        bytes: archived?.bytes ?? null,
        path: archived?.path ?? null,
        restoredAs: taken ?? null,
      })),
    );
    return undefined;
  }
  const rows = shown.map(({ number, address, archived, taken }) => [
    address,
    String(number),
    archived?.id ?? '(removed, not applied yet)',
    archived === undefined ? '' : String(archived.messages),
    archived === undefined ? '' : approximateSize(archived.bytes),
    taken === undefined ? '' : `comes back as ${taken}`,
  ]);
  await showTable(context.terminal, ['ADDRESS', 'NUMBER', 'ID', 'MESSAGES', 'SIZE', ''], rows);
  return undefined;
}
