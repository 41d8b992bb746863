import type { Json, JsonObject } from '../json.ts';
import { sameJson } from '../state/edit/changes.ts';

/** Where the mailboxes of an earlier generation are now. */

/** What each mailbox is known by wherever it goes, by the address that it has. */
export type MailboxIds = Readonly<Record<string, string>>;

/** A generation, or what is in force, as far as mailboxes go. */
export interface Period {
  readonly number: number;
  /** Undefined in those of earlier versions. */
  readonly ids: MailboxIds | undefined;
  /** Entries of the users by address; undefined when that is no longer readable. Asked only where there are no ids. */
  readonly users: () => JsonObject | undefined;
  /** Mailboxes that got another address by it. */
  readonly moves: readonly { readonly from: string; readonly to: string }[];
  /** Whether by it somebody new got the address. */
  readonly isNew: (address: string) => boolean;
}

/** A mailbox in the archive. */
export interface Kept {
  readonly key: string;
  readonly address: string;
  /** The user's at that generation; null for a mailbox of nobody. */
  readonly entry: Json;
  /** Number of the generation in force before it came there. */
  readonly generation: number;
  readonly id: string | undefined;
}

export type Holder =
  | { readonly kind: 'in force'; readonly address: string }
  | { readonly kind: 'archived'; readonly key: string }
  /** It is neither in force nor in the archive, or which one it was cannot be told: then nobody gets one. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'unknown' };

/** How far a mailbox was followed. */
type Found = Holder | { readonly kind: 'id'; readonly id: string };

const UNKNOWN = { kind: 'unknown' } as const;

/**
 * @param addresses those of the first period
 * @param periods the generation that is asked about and all since, the oldest first, and last what is in force
 */
export function holdersOf(
  addresses: readonly string[],
  periods: readonly Period[],
  archive: readonly Kept[],
): ReadonlyMap<string, Holder> {
  const now = new Map(Object.entries(periods.at(-1)?.ids ?? {}).map(([address, id]) => [id, address] as const));
  const kept = new Map(archive.flatMap(({ id, key }) => (id === undefined ? [] : [[id, key] as const])));
  const holderOf = (found: Found): Holder => {
    if (found.kind !== 'id') return found;
    const address = now.get(found.id);
    if (address !== undefined) return { kind: 'in force', address };
    const key = kept.get(found.id);
    return key === undefined ? { kind: 'gone' } : { kind: 'archived', key };
  };
  const follow = follower(periods, archive);
  const holders = addresses.map((address) => [address, holderOf(follow(address))] as const);
  const claims = new Map<string, number>();
  for (const [, holder] of holders) claims.set(nameOf(holder), (claims.get(nameOf(holder)) ?? 0) + 1);
  const isSole = (holder: Holder): boolean => nameOf(holder) === '' || claims.get(nameOf(holder)) === 1;
  return new Map(holders.map(([address, holder]) => [address, isSole(holder) ? holder : UNKNOWN]));
}

function nameOf(holder: Holder): string {
  if (holder.kind === 'in force') return holder.address;
  return holder.kind === 'archived' ? `#${holder.key}` : '';
}

function follower(periods: readonly Period[], archive: readonly Kept[]): (address: string) => Found {
  const last = periods.length - 1;
  const addressOf = periods.map(({ ids }) => reversed(ids));
  /** From a period with ids as far as all have them: whatever came between, they tell. */
  const jump = (at: number, address: string): { at: number; address: string } | Found => {
    const id = periods[at]?.ids?.[address];
    if (id === undefined) return UNKNOWN;
    let end = at;
    while (periods[end + 1]?.ids !== undefined) end += 1;
    const then = end === last ? undefined : addressOf[end]?.().get(id);
    return then === undefined ? { kind: 'id', id } : { at: end, address: then };
  };
  return (address) => {
    let place = { at: 0, address };
    for (;;) {
      if (periods[place.at]?.ids !== undefined) {
        const next = jump(place.at, place.address);
        if ('kind' in next) return next;
        place = next;
      }
      if (place.at === last) return { kind: 'in force', address: place.address };
      const next = step(periods, place, archive);
      if (typeof next !== 'string') return next;
      place = { at: place.at + 1, address: next };
    }
  };
}

/** By addresses, between two generations of which one has no ids. @returns the address, while it is in force */
function step(
  periods: readonly Period[],
  { at, address }: { readonly at: number; readonly address: string },
  archive: readonly Kept[],
): string | Found {
  const [before, after] = [periods[at], periods[at + 1]];
  const [then, users] = [before?.users(), after?.users()];
  const entry = then?.[address];
  if (before === undefined || after === undefined || then === undefined || users === undefined || entry === undefined)
    return UNKNOWN;
  const moved = after.moves.find(({ from }) => from === address)?.to;
  if (moved !== undefined) return moved;
  const left = archive.filter(
    (one) => one.generation === before.number && one.entry !== null && sameJson(one.entry, entry),
  );
  const theirs = left.filter((one) => one.address === address);
  const [mailbox, ...others] = theirs.length > 0 ? theirs : left.filter((one) => !Object.hasOwn(then, one.address));
  const isThere = Object.hasOwn(users, address) && !after.moves.some(({ to }) => to === address);
  // What came between two that do not follow one another is not known, but an entry that is the same is the same user's.
  const isNext = after.number === before.number + 1 || sameJson(users[address] ?? null, entry);
  if (isThere && theirs.length === 0 && !after.isNew(address)) return isNext ? address : UNKNOWN;
  if (mailbox === undefined || others.length > 0) return UNKNOWN;
  return mailbox.id === undefined ? { kind: 'archived', key: mailbox.key } : { kind: 'id', id: mailbox.id };
}

function reversed(ids: MailboxIds | undefined): () => ReadonlyMap<string, string> {
  let map: ReadonlyMap<string, string> | undefined;
  return () => (map ??= new Map(Object.entries(ids ?? {}).map(([address, id]) => [id, address] as const)));
}
