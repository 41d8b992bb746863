import { randomBytes } from 'node:crypto';
import type { MailboxIds } from '../../core/mailboxes/holders.ts';
import type { Track } from '../../core/mailboxes/tracks.ts';
import { PATHS } from '../../core/render/paths.ts';
import type { AppliedRecord } from '../../system/applied-record.ts';
import { mailboxIdsOf, newestGeneration, readGeneration } from '../../system/generations.ts';
import { archivedIds } from './archive.ts';

/**
 * What mailboxes are known by wherever they go: an address may be somebody else's later. Each gets its id by the first apply
 * with its user, and keeps it at other addresses, in the archive and out of it.
 */
export interface KnownMailboxes {
  /** Of those that the last apply left, by address. */
  readonly inForce: MailboxIds;
  /** By their key in the archive. */
  readonly archived: ReadonlyMap<string, string>;
}

/** @param applied what the last apply left */
export function knownMailboxes(root: string, applied: AppliedRecord | undefined): KnownMailboxes {
  const lib = `${root}/${PATHS.lib}`;
  const ids = applied === undefined || applied.time === '' ? idsBefore(lib) : applied.mailboxes?.ids;
  return { inForce: ids ?? {}, archived: archivedIds(root) };
}

/** After an uninstall of an earlier version the mail is still there, and whoever has the address has the mailbox. */
function idsBefore(lib: string): MailboxIds | undefined {
  const newest = readGeneration(lib, newestGeneration(lib));
  return newest === undefined ? undefined : mailboxIdsOf(lib, newest);
}

/** Undefined for one of earlier versions. */
export function idOf({ inForce, archived }: KnownMailboxes, track: Track): string | undefined {
  return track.archived ? archived.get(track.origin) : inForce[track.origin];
}

/** Where the last apply left it. */
export function placeOf(
  { inForce, archived }: KnownMailboxes,
  mailbox: string,
): Pick<Track, 'origin' | 'archived'> | undefined {
  const [address] = Object.entries(inForce).find(([, id]) => id === mailbox) ?? [];
  if (address !== undefined) return { origin: address, archived: false };
  const [key] = [...archived].find(([, id]) => id === mailbox) ?? [];
  return key === undefined ? undefined : { origin: key, archived: true };
}

/** What mailboxes of these users are known by from now on. @param tracks where those of the last apply went */
export function idsFor(addresses: readonly string[], tracks: readonly Track[], known: KnownMailboxes): MailboxIds {
  // Nearly all stay where they are.
  const moved = tracks.filter(({ origin, archived, to }) => archived || to !== origin);
  const left = new Set(moved.flatMap(({ origin, archived }) => (archived ? [] : [origin])));
  const theirs = new Map(moved.flatMap((track) => (track.to === undefined ? [] : [[track.to, track] as const])));
  const ids: Record<string, string> = {};
  for (const address of addresses) {
    const track = theirs.get(address);
    const id = track !== undefined ? idOf(known, track) : left.has(address) ? undefined : known.inForce[address];
    ids[address] = id ?? freshId();
  }
  return ids;
}

function freshId(): string {
  return randomBytes(9).toString('base64url');
}
