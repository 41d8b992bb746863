import { failed } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { holdersOf, type Holder, type Kept, type Period } from '../../core/mailboxes/holders.ts';
import type { Given, StateSigns } from '../../core/mailboxes/events.ts';
import { PATHS } from '../../core/render/paths.ts';
import { parseState } from '../../core/state/parse.ts';
import { lastRecord, readAppliedRecord, type AppliedRecord } from '../../system/applied-record.ts';
import { listGenerations, mailboxIdsOf, readContent, type Generation } from '../../system/generations.ts';
import { lastEvent, withdrawMailboxEvent, type NewEvent } from '../../system/mailbox-log.ts';
import { archivedInOrder, archiveKey, type ArchivedMailbox } from './archive.ts';
import { hasAccount } from './mailbox-plan.ts';
import { broughtOut } from './mailbox-journal.ts';
import { noteEvent } from './mailboxes.ts';
import type { Place } from '../state/place.ts';
import { readPurges, requestPurge, forgetPurges } from '../../system/purges.ts';
import { appliedWhole } from '../state/followed-state.ts';
import { secretsNow, secretsThen, signsOf, type Whole } from '../state/state-signs.ts';
import { usersOf } from '../state/users-of.ts';

/** What was written down about the mailboxes for a rollback. */
export interface WayBack {
  /** In words: who begins with an empty mailbox, and why. */
  readonly empty: readonly string[];
  /** As if nothing had been written down. Call it when the state is as it was. */
  readonly withdraw: () => void;
}

/**
 * Writes down whose mailbox is whose when an earlier state comes back: all get the mailbox that was theirs, wherever it is
 * now, and what others have got since goes into the archive. Where that cannot be told, nobody gets another's. Call it under
 * the lock of the state, before that is written.
 * @param text the state of the generation; @param before that which is there now, if there is one
 */
export function noteWayBack(place: Place, to: Generation, text: string, before: string | undefined): WayBack {
  const { root } = place;
  const lib = `${root}/${PATHS.lib}`;
  const inForce = readAppliedRecord(lib);
  const found = lastRecord(lib, inForce);
  const applied = found?.time === '' ? undefined : found;
  const state = parseState(text).data;
  const then = usersOf(state);
  const generations = listGenerations(lib);
  const periods = periodsSince(lib, generations, to, applied);
  const now = periods.at(-1)?.users() ?? {};
  const holders = holdersOf(Object.keys(then), periods, archiveOf(root, generations, applied?.time ?? ''));
  const given = [...holders].flatMap(([address, holder]) => givenTo(address, holder, now));
  // Mailboxes move from where an apply left them.
  if ((inForce?.time ?? '') === '' && given.length > 0)
    throw failed('nothing is in force, and mailboxes would have to move', 'run "eboxmail apply" first, and then this');
  const purges = readPurges(root);
  // What was to be deleted was meant by the state that goes.
  forgetPurges(root, purges);
  const seq = applied?.mailboxes?.seq ?? 0;
  const signs = (whole: Whole): StateSigns => signsOf(whole, appliedWhole(place, applied));
  const thenSigns = signs({ state, secretOf: secretsThen(to) });
  // Also where nobody moves: users may have had other passwords then.
  const isNeeded = given.length > 0 || lastEvent(lib, seq) > seq || Object.keys(thenSigns.users).length > 0;
  const event = (): NewEvent => ({
    kind: 'back',
    given,
    then: thenSigns,
    before: before === undefined ? undefined : signs({ state: parseState(before).data, secretOf: secretsNow(place) }),
  });
  const number = isNeeded ? noteEvent(place, event()) : undefined;
  const empty = [...holders].flatMap(([address, { kind }]) =>
    hasAccount(then[address]) && (kind === 'gone' || kind === 'unknown') ? [emptyWords(address, kind, to.number)] : [],
  );
  const withdraw = (): void => {
    if (number !== undefined) withdrawMailboxEvent(lib, number);
    for (const address of purges) requestPurge(root, address);
  };
  return { empty, withdraw };
}

function givenTo(to: string, holder: Holder, now: JsonObject): readonly Given[] {
  if (holder.kind === 'archived') return [{ to, archived: holder.key }];
  if (holder.kind === 'in force') return holder.address === to ? [] : [{ to, origin: holder.address }];
  // Nobody has the address: there is nothing to be kept from.
  return Object.hasOwn(now, to) ? [{ to }] : [];
}

function emptyWords(address: string, kind: 'gone' | 'unknown', number: number): string {
  const why =
    kind === 'gone'
      ? `that of generation ${number} was deleted or is no longer in the archive`
      : `which one was that of generation ${number} is not known`;
  return `${address} begins with an empty mailbox: ${why}; see what is kept with: eboxmail user restore --list`;
}

/** That generation and those since, the oldest first, and what is in force. @param generations all, the newest first */
function periodsSince(
  lib: string,
  generations: readonly Generation[],
  to: Generation,
  applied: AppliedRecord | undefined,
): readonly Period[] {
  const since = generations.filter(({ number }) => number >= to.number);
  const periods = since.reverse().map((one): Period => {
    let users: JsonObject | undefined;
    return {
      number: one.number,
      ids: mailboxIdsOf(lib, one),
      users: () => (users ??= usersIn(readContent(lib, one.state))),
      moves: one.moves,
      isNew: (address) => one.summary.some((line) => line.includes(`: the new ${address} begins with an empty `)),
    };
  });
  // After an uninstall of an earlier version the mail is where the newest one left it.
  if (applied === undefined) return periods;
  const users = usersOf(applied.state);
  // Its number is none: it may be newer than the newest that could be written down.
  const inForce = { number: NaN, ids: applied.mailboxes?.ids, users: () => users, moves: [], isNew: () => false };
  return [...periods, inForce];
}

function usersIn(text: string | undefined): JsonObject | undefined {
  return text === undefined ? undefined : usersOf(parseState(text).data);
}

function archiveOf(root: string, generations: readonly Generation[], since: string): readonly Kept[] {
  const numberOf = ({ generation, removed }: ArchivedMailbox): number =>
    generation ?? generations.find(({ time }) => time < removed)?.number ?? 0;
  return archivedInOrder(root, broughtOut(root, since)).map((one) => ({
    key: archiveKey(one),
    address: one.address,
    entry: one.entry,
    generation: numberOf(one),
    id: one.mailbox,
  }));
}
