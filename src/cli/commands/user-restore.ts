import { archiveKey, type ArchivedMailbox } from '../../app/mailboxes/archive.ts';
import type { Place } from '../../app/state/place.ts';
import { readState } from '../../app/state/load-state.ts';
import { noteEvent } from '../../app/mailboxes/mailboxes.ts';
import { withdrawPurge } from '../../system/purges.ts';
import {
  archivedForGood,
  isGoing,
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

const DELETED = 'an apply has begun to delete the mail, and only what is left of it comes back with apply';

/** A mailbox that can come back, from the archive or from a removal that no apply has seen. */
interface Candidate {
  readonly number: number;
  readonly address: string;
  readonly entry: UserEntry;
  readonly archived: ArchivedMailbox | undefined;
  readonly event: (to: string) => NewEvent;
  /** The address at the last apply; undefined for one of the archive. */
  readonly origin: string | undefined;
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
  const wanted = options.as ?? address;
  const target = addressArgument(wanted, state);
  const find = (current: StateFile): Candidate => {
    const candidate = choose(candidates(context.place, current), address, options.from);
    if (candidate.taken !== undefined)
      throw alreadyExists(`that mailbox comes back as ${candidate.taken} already`, 'see: eboxmail plan');
    return candidate;
  };
  let found = find(state);
  let isDeleted = false;
  requireAlone(context.place, address, target);
  const isLocked = found.entry.password === undefined && found.entry.account !== false;
  const edit = (current: StateFile): StateFile => {
    // An apply may have put it into the archive meanwhile.
    found = find(current);
    return restoreUser(current, wanted, found.entry);
  };
  return runEdit(context, options, edit, {
    done: () => `restored the user ${target}; ${isDeleted ? DELETED : 'the mailbox comes back with apply'}`,
    next: isLocked ? [`it has no password: eboxmail user passwd ${target}`] : [],
    data: () => ({ user: target, was: address, id: found.archived?.id ?? null }),
    beforehand: () => {
      withdrawPurge(root, address);
      isDeleted = found.origin !== undefined && isGoing(context.place, found.origin);
      noteEvent(context.place, found.event(target), found.entry);
    },
  });
}

function entryOf(entry: Json): UserEntry {
  return isObject(entry) ? entry : {};
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
    const { origin, entry, mailbox } = removal;
    const event = (to: string): NewEvent => ({ kind: 'kept', origin, mailbox, to });
    return [
      {
        number: next(name),
        address: name,
        entry: entryOf(entry),
        archived: undefined,
        event,
        origin,
        taken: undefined,
      },
    ];
  });
}

function archivedOnes(
  root: string,
  { tracks }: PendingMailboxes,
  next: (address: string) => number,
): readonly Candidate[] {
  return archivedForGood(root).map((archived) => {
    const { address, entry, mailbox } = archived;
    const id = archiveKey(archived);
    const taken = tracks.find((track) => track.archived && track.origin === id)?.to;
    const event = (to: string): NewEvent => ({ kind: 'restored', id, mailbox, to });
    return { number: next(address), address, entry: entryOf(entry), archived, event, origin: undefined, taken };
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
