import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Track } from '../../core/mailboxes/tracks.ts';
import type { Domain, MailModel } from '../../core/model.ts';
import type { StateChange } from '../../core/plan/state-words.ts';
import { domainOf, domainsByName, recipientsNow } from '../../core/recipients.ts';
import { PATHS } from '../../core/render/paths.ts';
import type { ReadModel } from '../../core/state/model-of.ts';
import { lastRecord, type AppliedRecord } from '../../system/applied-record.ts';
import { knownMailboxes, type KnownMailboxes } from './mailbox-ids.ts';
import { comeBack } from './login-history.ts';
import { readJournal } from './mailbox-journal.ts';
import { followedMailboxes } from './strangers.ts';
import { readPurges } from '../../system/purges.ts';
import { findStrays, wordsOfStrays, type Strays } from './strays.ts';
import type { Place } from '../state/place.ts';
import { usersOf } from '../state/users-of.ts';
import { lastEvent } from '../../system/mailbox-log.ts';

/** What an apply does about mailboxes. */
export interface MailboxPlan {
  readonly tracks: readonly Track[];
  /** Users' entries at the last apply, by address. */
  readonly before: JsonObject;
  /** Time of the last apply. */
  readonly since: string;
  /** Whether commands wrote anything down since. */
  readonly events: boolean;
  /** Number of the last event that this plan takes up. */
  readonly upTo: number;
  /** Addresses that users had before: mail that Postfix still holds for these goes to the user. */
  readonly former: ReadonlyMap<string, string>;
  /** Addresses of users who are gone, of which the mail goes to others now, and not to one account. */
  readonly scattered: readonly string[];
  /** Addresses of which the mail in the queue goes to others from now on, and to whom. */
  readonly passedOn: ReadonlyMap<string, readonly string[]>;
  /** Users of the last apply whose mailbox is another user's from now on. */
  readonly moved: ReadonlySet<string>;
  /** Users of the last apply whose mailbox goes into the archive, or is deleted. */
  readonly putAway: readonly string[];
  /** Old addresses under which the last apply may have left links. */
  readonly links: readonly string[];
  /** Addresses whose mail commands want deleted and not kept. */
  readonly purges: ReadonlySet<string>;
  /** What is in the way, and no apply that was cut off knows of. */
  readonly strays: Strays;
  /** What mailboxes are known by. */
  readonly known: KnownMailboxes;
  /** In words. */
  readonly changes: readonly StateChange[];
}

export function planMailboxes(
  place: Place,
  inForce: AppliedRecord | undefined,
  state: JsonObject,
  { model, directory }: Pick<ReadModel, 'model' | 'directory'>,
): MailboxPlan {
  const { root } = place;
  const lib = `${root}/${PATHS.lib}`;
  const applied = lastRecord(lib, inForce);
  const { seq, former } = applied?.mailboxes ?? { seq: 0, former: {} };
  const since = applied?.time ?? '';
  const upTo = lastEvent(lib, seq);
  const before = usersOf(applied?.state ?? {});
  const purges = new Set(readPurges(root));
  const { tracks, unknown, strangers } = followedMailboxes(place, applied, state);
  const here = domainsByName(model);
  const changed = tracks.filter(({ origin, archived, to }) => archived || to !== origin);
  const putAway = changed.flatMap(({ origin, archived, to }) =>
    !archived && to === undefined && hasAccount(before[origin]) ? [origin] : [],
  );
  const heirs = heirsOf([...putAway, ...formerOf(putAway, former)], here, directory);
  const moves = movesOf(changed, before);
  const given = new Set(changed.flatMap(({ to }) => (to === undefined ? [] : [to])));
  const newcomers = [...model.users.keys()].filter((one) => !Object.hasOwn(before, one) && !given.has(one));
  const strays = findStrays(
    root,
    since,
    model.domains.keys(),
    () => new Set([...model.users.keys(), ...Object.keys(before)]),
  );
  const toAccounts = [...moves].filter(([, to]) => model.users.get(to)?.account === true);
  return {
    tracks,
    before,
    since,
    events: upTo > seq,
    upTo,
    links: Object.keys(former),
    former: formerAddresses(former, changed, { moves, model, heirs }),
    passedOn: new Map([
      // Postfix knows the address only, and who has that now gets it.
      ...toAccounts.flatMap(([from, to]) =>
        here.has(domainOf(from)) ? [[from, [model.users.get(from)?.account === true ? from : to]] as const] : [],
      ),
      ...heirs,
    ]),
    moved: new Set(toAccounts.map(([origin]) => origin)),
    putAway,
    scattered: [...heirs].flatMap(([origin, recipients]) => (isOneAccount(recipients, model) ? [] : [origin])),
    purges,
    strays,
    known: knownMailboxes(root, applied),
    changes: [
      ...words(changed, purges, model, usersOf(inForce?.state ?? {})),
      ...unknown.map((address) => emptyWords(address, `which mailbox is that of ${address} is not known`)),
      ...strangers.map((address) => emptyWords(address, `${address} had another mailbox with this password`)),
      ...comeBack(place, usersOf(state), newcomers).map((address) =>
        emptyWords(address, `the mailbox that ${address} had is in the archive`),
      ),
      ...(readJournal(root, since) === undefined ? [] : [CUT_OFF]),
      ...wordsOfStrays(root, strays),
    ],
  };
}

const CUT_OFF: StateChange = {
  kind: 'changed',
  path: ['users'],
  text: 'mailboxes: what an apply that was cut off began to move gets to its place',
};

function emptyWords(address: string, why: string): StateChange {
  const text = `${why}: ${address} begins with an empty one; see what is kept with: eboxmail user restore --list`;
  return { kind: 'changed', path: ['users', address], text };
}

/** @param inForce of these a removal is told already */
function words(
  changed: readonly Track[],
  purges: ReadonlySet<string>,
  { users }: MailModel,
  inForce: JsonObject,
): readonly StateChange[] {
  const given = new Set(changed.flatMap(({ to }) => (to === undefined ? [] : [to])));
  return changed.flatMap(({ origin, archived, to, name }): StateChange[] => {
    if (to === origin || (archived && to === undefined)) return [];
    const change = (text: string, kind: StateChange['kind'] = 'changed'): StateChange[] => [
      { kind, path: ['users', to ?? origin], text },
    ];
    if (archived) return change(`mailbox of ${to ?? ''} comes back from the archive: ${origin}`);
    if (to !== undefined) return change(`mailbox of ${origin} becomes that of ${to}`);
    const isPurged = purges.has(name);
    if (!users.has(origin) && isPurged) return change(`mail of ${name} is deleted`, 'removed');
    if (!users.has(origin) && Object.hasOwn(inForce, origin)) return [];
    if (!users.has(origin)) return change(`mailbox of the former ${name} goes into the archive`);
    const instead = given.has(origin) ? `${origin} gets another mailbox` : `the new ${origin} begins with an empty one`;
    if (isPurged) return change(`mailbox of the former ${name} is deleted: ${instead}`);
    return change(`mailbox of the former ${name} goes into the archive: ${instead}`);
  });
}

/**
 * Who is a user again or is gone is no longer followed. A user who is gone, and whose mail goes to one account now, is
 * followed by that account: what Postfix has accepted already knows only the mailbox.
 */
function formerAddresses(
  known: Readonly<Record<string, string>>,
  changed: readonly Track[],
  {
    moves,
    model,
    heirs,
  }: {
    readonly moves: ReadonlyMap<string, string>;
    readonly model: MailModel;
    readonly heirs: ReadonlyMap<string, readonly string[]>;
  },
): ReadonlyMap<string, string> {
  const { users } = model;
  const now = new Map(
    changed.flatMap(({ origin, archived, to }) => (archived || to === undefined ? [] : [[origin, to]])),
  );
  const gone = new Set(changed.filter(({ to }) => to === undefined).map(({ origin }) => origin));
  const all = new Map<string, string>();
  for (const [old, address] of Object.entries(known)) {
    if (!gone.has(address)) all.set(old, now.get(address) ?? address);
  }
  for (const [origin, to] of moves) all.set(origin, to);
  for (const [origin, recipients] of heirs) if (isOneAccount(recipients, model)) all.set(origin, recipients[0] ?? '');
  for (const [old, address] of all) if (users.has(old) || users.get(address)?.account !== true) all.delete(old);
  return all;
}

/** Who had an account, and has another address now. */
function movesOf(changed: readonly Track[], before: JsonObject): ReadonlyMap<string, string> {
  return new Map(
    changed.flatMap(({ origin, archived, to }) =>
      !archived && to !== undefined && to !== origin && hasAccount(before[origin]) ? [[origin, to]] : [],
    ),
  );
}

/** Addresses that these had before. */
function formerOf(users: readonly string[], former: Readonly<Record<string, string>>): readonly string[] {
  const wanted = new Set(users);
  return Object.entries(former).flatMap(([old, user]) => (wanted.has(user) ? [old] : []));
}

/** Where mail for addresses of users who are gone ends now, of those of which it ends anywhere. */
function heirsOf(
  addresses: readonly string[],
  here: ReadonlyMap<string, Domain>,
  directory: ReadModel['directory'],
): ReadonlyMap<string, readonly string[]> {
  const heirs = new Map<string, readonly string[]>();
  for (const address of addresses) {
    const recipients = recipientsNow(address, here, directory);
    if (recipients.length > 0) heirs.set(address, recipients);
  }
  return heirs;
}

function isOneAccount([first, ...others]: readonly string[], { users }: MailModel): boolean {
  return others.length === 0 && first !== undefined && users.get(first)?.account === true;
}

export function hasAccount(entry: Json | undefined): boolean {
  return !isObject(entry) || entry['account'] !== false;
}
