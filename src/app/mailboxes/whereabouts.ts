import { lstat } from '../../system/files.ts';
import { sameJson } from '../../core/state/edit/changes.ts';
import { keyOf, type Track } from '../../core/mailboxes/tracks.ts';
import { archivedMailboxes, archiveKey, type ArchivedMailbox } from './archive.ts';
import { idOf } from './mailbox-ids.ts';
import { readJournal, removeJournal, writeJournal, type JournalEntry } from './mailbox-journal.ts';
import { hasAccount, type MailboxPlan } from './mailbox-plan.ts';
import type { MailboxPlaces } from './mailbox-places.ts';

/** What has to be known of a plan to find mailboxes. */
export type Origins = Pick<MailboxPlan, 'tracks' | 'before' | 'since' | 'known'>;

/**
 * Which directory is whose mailbox while they move: each has the inode that it had, and is in one of a few places. It is written
 * down before the first one moves, and so known again after a crash.
 */
export class Whereabouts {
  /** Mailboxes that an apply which was cut off had brought out of the archive, and of which nothing else is written down any more. */
  readonly broughtBack: readonly Track[];
  private readonly places: MailboxPlaces;
  private readonly plan: Origins;
  private readonly known: Map<string, JournalEntry>;
  private readonly closed: Set<string>;
  private lookUp: ((track: Track) => ArchivedMailbox | undefined) | undefined;

  constructor(places: MailboxPlaces, plan: Origins) {
    this.places = places;
    this.plan = plan;
    const journal = readJournal(places.root, plan.since);
    this.known = new Map(Object.entries(journal?.mailboxes ?? {}));
    this.closed = new Set(journal?.closed);
    const followed = new Set(plan.tracks.map(keyOf));
    const lost = [...this.known.keys()].filter((key) => key.startsWith('#') && !followed.has(key));
    this.broughtBack = lost.map((key) => ({ origin: key.slice(1), archived: true, to: undefined, name: key.slice(1) }));
  }

  isKnown(track: Track): boolean {
    return this.known.has(keyOf(track));
  }

  /** Where it is now; undefined when it is in none of its places, or has none. */
  find(track: Track): string | undefined {
    const entry = this.known.get(keyOf(track));
    return entry?.places.find((path) => this.places.inode(path) === entry.inode) ?? this.archivedAt(track);
  }

  /**
   * The entry that an apply since the last one in force, which was cut off or is at work, has made in the archive for a user's
   * mailbox. It is known by its inode and by its id, as the state may say by now that the user never went.
   */
  archived(track: Track): ArchivedMailbox | undefined {
    return track.archived ? undefined : (this.lookUp ??= this.archivedSince())(track);
  }

  /** Whether its mail was to be deleted by an apply that was cut off, and all of it or a part is. */
  isDeleted(track: Track): boolean {
    return this.known.get(keyOf(track))?.deleted === true;
  }

  /**
   * Written down before anything of it is deleted.
   * @param isMeant is asked then: who takes it back from then on finds it written down
   * @returns whether it is to be deleted
   */
  beginDeletion(track: Track, directory: string, isMeant: () => boolean): boolean {
    const key = keyOf(track);
    const entry = this.known.get(key) ?? { inode: this.places.inode(directory) ?? '', places: [directory] };
    this.known.set(key, { ...entry, deleted: true });
    this.write();
    if (isMeant()) return true;
    this.known.set(key, entry);
    this.write();
    return false;
  }

  /** After something went into the archive or came out of it. */
  lookAgain(): void {
    this.lookUp = undefined;
  }

  private archivedAt(track: Track): string | undefined {
    const path = this.archived(track)?.path ?? undefined;
    return path === undefined || lstat(`${this.places.root}/${path}`) === undefined
      ? undefined
      : `${this.places.root}/${path}`;
  }

  private archivedSince(): (track: Track) => ArchivedMailbox | undefined {
    const { since, before, known } = this.plan;
    const all = archivedMailboxes(this.places.root).filter((one) => one.since === since && !isNobodys(one));
    if (all.length === 0) return () => undefined;
    const inodes = new Map(
      all.map((one) => [this.places.inode(`${this.places.root}/${one.path ?? ''}`), one] as const),
    );
    const ids = new Map(all.map((one) => [one.mailbox, one] as const));
    return (track) => {
      const [inode, id] = [this.known.get(keyOf(track))?.inode, idOf(known, track)];
      const found = inode === undefined ? undefined : inodes.get(inode);
      if (found?.path !== null && found !== undefined && found.mailbox === id) return found;
      // Mail that came too late to be written down; who has got some since has a mailbox.
      if (inode === undefined && this.places.isTaken(this.places.home(track.origin))) return undefined;
      if (id !== undefined) return ids.get(id);
      // Of an earlier version.
      const isTheirs = (one: ArchivedMailbox): boolean =>
        one.mailbox === undefined && one.address === track.name && sameJson(one.entry, before[track.origin] ?? null);
      return inode === undefined ? all.find(isTheirs) : undefined;
    };
  }

  /** Where it may be, the place of the last apply first. */
  placesOf(track: Track): readonly string[] {
    return this.known.get(keyOf(track))?.places ?? [];
  }

  /** All of them can be moved again. */
  reopen(): void {
    for (const { places } of this.known.values()) this.places.reopen(places);
    this.places.reopen(this.closedNames);
  }

  /** Names that this apply has closed, or one that was cut off. */
  get closedNames(): readonly string[] {
    return [...this.closed].map((address) => this.places.home(address));
  }

  /**
   * Writes down which directory is whose.
   * @param destinations to where it has to be moved
   * @param closed addresses whose names are to be closed meanwhile
   * @throws failed (exit 1) when one cannot be moved there
   */
  note(tracks: readonly Track[], destinations: (track: Track) => readonly string[], closed: Iterable<string>): void {
    for (const track of tracks) {
      const key = keyOf(track);
      const before = this.known.get(key);
      const start = this.start(track);
      const inode = before?.inode ?? (start === undefined ? undefined : this.places.inode(start));
      if (inode === undefined || start === undefined) continue;
      const target = track.to === undefined ? [] : [this.places.home(track.to)];
      const waiting = track.archived ? [] : [this.places.waiting(track.origin)];
      const all = new Set([start, ...waiting, ...target, ...(before?.places ?? [])]);
      this.known.set(key, { ...before, inode, places: [...all] });
    }
    for (const address of closed) this.closed.add(address);
    if (this.known.size + this.closed.size === 0) return;
    for (const track of tracks) {
      const inode = this.known.get(keyOf(track))?.inode;
      if (inode !== undefined) this.places.requireSameDevice(inode, destinations(track));
    }
    this.write();
  }

  forget(): void {
    removeJournal(this.places.root);
  }

  private write(): void {
    const closed = [...this.closed];
    writeJournal(this.places.root, { since: this.plan.since, mailboxes: Object.fromEntries(this.known), closed });
  }

  /** Where a mailbox was at the last apply; made when its user has got no mail yet, so that the old name leads to it. */
  private start(track: Track): string | undefined {
    const { origin, archived, to } = track;
    if (archived) {
      // One that was cut off may have brought it out already.
      const [first] = this.placesOf(track);
      if (first !== undefined) return first;
      const path = archivedMailboxes(this.places.root).find((mailbox) => archiveKey(mailbox) === origin)?.path;
      return path === null || path === undefined ? undefined : `${this.places.root}/${path}`;
    }
    const kept = this.archivedAt(track);
    if (kept !== undefined && !this.isKnown(track)) return kept;
    const home = this.places.home(origin);
    if (this.known.has(origin) || this.places.isTaken(home)) return home;
    if (to === undefined) return undefined;
    // What was about to be made when the power failed is not to be taken for a mailbox.
    this.places.open(home);
    return hasAccount(this.plan.before[origin]) ? this.places.makeHome(origin) : undefined;
  }
}

/** What was in the way of a mailbox. */
function isNobodys({ mailbox, entry }: ArchivedMailbox): boolean {
  return mailbox === undefined && entry === null;
}
