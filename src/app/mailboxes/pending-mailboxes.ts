import type { Track } from '../../core/mailboxes/tracks.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { PATHS } from '../../core/render/paths.ts';
import { lastRecord } from '../../system/applied-record.ts';
import { archivedMailboxes, type ArchivedMailbox } from './archive.ts';
import { idOf, knownMailboxes, type KnownMailboxes } from './mailbox-ids.ts';
import { broughtOut, isBeingDeleted } from './mailbox-journal.ts';
import type { Place } from '../state/place.ts';
import { followedMailboxes } from './strangers.ts';
import { usersOf } from '../state/users-of.ts';

/** What the next apply would do about mailboxes, as far as commands need to know it. */
export interface PendingMailboxes {
  readonly tracks: readonly Track[];
  /** Users' entries at the last apply, by address. */
  readonly before: JsonObject;
  readonly known: KnownMailboxes;
}

export function pendingMailboxes(place: Place, state: StateFile): PendingMailboxes {
  const applied = lastRecord(`${place.root}/${PATHS.lib}`);
  const { tracks } = followedMailboxes(place, applied, state as unknown as JsonObject);
  return { before: usersOf(applied?.state ?? {}), tracks, known: knownMailboxes(place.root, applied) };
}

/** A user who was removed, but not yet by an apply: the address at the last apply, and the entry of then. */
export function pendingRemoval(
  { tracks, before, known }: PendingMailboxes,
  address: string,
): { origin: string; entry: Json; mailbox: string | undefined } | undefined {
  const track = tracks.find(({ to, archived, name }) => to === undefined && !archived && name === address);
  if (track === undefined) return undefined;
  return { origin: track.origin, entry: before[track.origin] ?? null, mailbox: idOf(known, track) };
}

/** Whether an apply has begun to delete the mail of who was removed: it may be gone by the next one. */
export function isGoing({ root }: Place, origin: string): boolean {
  return isBeingDeleted(root, lastRecord(`${root}/${PATHS.lib}`)?.time ?? '', origin);
}

/** What can come back from the archive, or is on its way; what an apply that was cut off has put there is a removal that was not applied. */
export function archivedForGood(root: string): readonly ArchivedMailbox[] {
  const applied = lastRecord(`${root}/${PATHS.lib}`);
  const inForce = new Set(Object.values(applied?.mailboxes?.ids ?? {}));
  return archivedMailboxes(root, broughtOut(root, applied?.time ?? '')).filter(
    ({ since, mailbox }) => since !== applied?.time || mailbox === undefined || !inForce.has(mailbox),
  );
}

/** Whether a rename gives a user the address of the last apply back. */
export function isBackAgain(
  pending: PendingMailboxes,
  { from, to }: { readonly from: string; readonly to: string },
): boolean {
  const track = originOf(pending, from);
  return track?.archived === false && track.origin === to && !Object.hasOwn(pending.before, from);
}

/** The mailbox that belongs to an address of the state; undefined for a user who came since the last apply. */
export function originOf({ tracks }: PendingMailboxes, address: string): Track | undefined {
  return tracks.find(({ to }) => to === address);
}
