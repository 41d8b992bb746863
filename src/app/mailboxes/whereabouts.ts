import { lstat } from '../../system/files.ts';
import type { Track } from '../../core/mailboxes/tracks.ts';
import { archivedMailboxes, archiveKey } from './archive.ts';
import { readJournal, removeJournal, writeJournal, type JournalEntry } from './mailbox-journal.ts';
import { hasAccount, type MailboxPlan } from './mailbox-plan.ts';
import type { MailboxPlaces } from './mailbox-places.ts';

/**
 * Which directory is whose mailbox while they move: each has the inode that it had, and is in one of a few places. It is written
 * down before the first one moves, and so known again after a crash.
 */
export class Whereabouts {
  /** Mailboxes that an apply which was cut off had brought out of the archive, and of which nothing else is written down any more. */
  readonly broughtBack: readonly Track[];
  private readonly places: MailboxPlaces;
  private readonly plan: MailboxPlan;
  private readonly known: Map<string, JournalEntry>;

  constructor(places: MailboxPlaces, plan: MailboxPlan) {
    this.places = places;
    this.plan = plan;
    this.known = new Map(Object.entries(readJournal(places.root, plan.since)?.mailboxes ?? {}));
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
    return entry?.places.find((path) => this.places.inode(path) === entry.inode);
  }

  /** Where it may be, the place of the last apply first. */
  placesOf(track: Track): readonly string[] {
    return this.known.get(keyOf(track))?.places ?? [];
  }

  /** All of them can be moved again. */
  reopen(): void {
    for (const { places } of this.known.values()) this.places.reopen(places);
  }

  /**
   * Writes down which directory is whose.
   * @param destinations to where it has to be moved
   * @throws failed (exit 1) when one cannot be moved there
   */
  note(tracks: readonly Track[], destinations: (track: Track) => readonly string[]): void {
    for (const track of tracks) {
      const key = keyOf(track);
      const before = this.known.get(key);
      const start = this.start(track);
      const inode = before?.inode ?? (start === undefined ? undefined : this.places.inode(start));
      if (inode === undefined || start === undefined) continue;
      const target = track.to === undefined ? [] : [this.places.home(track.to)];
      const waiting = track.archived ? [] : [this.places.waiting(track.origin)];
      const all = new Set([start, ...waiting, ...target, ...(before?.places ?? [])]);
      this.known.set(key, { inode, places: [...all] });
    }
    if (this.known.size === 0) return;
    for (const track of tracks) {
      const inode = this.known.get(keyOf(track))?.inode;
      if (inode !== undefined) this.places.requireSameDevice(inode, destinations(track));
    }
    writeJournal(this.places.root, { since: this.plan.since, mailboxes: Object.fromEntries(this.known) });
  }

  forget(): void {
    removeJournal(this.places.root);
  }

  /** Where a mailbox was at the last apply; made when its user has got no mail yet, so that the old name leads to it. */
  private start({ origin, archived, to }: Track): string | undefined {
    if (archived) {
      const path = archivedMailboxes(this.places.root).find((mailbox) => archiveKey(mailbox) === origin)?.path;
      return path === null || path === undefined ? undefined : `${this.places.root}/${path}`;
    }
    const home = this.places.home(origin);
    if (to === undefined || lstat(home) !== undefined || this.known.has(origin)) return home;
    return hasAccount(this.plan.before[origin]) ? this.places.makeHome(origin) : undefined;
  }
}

function keyOf({ origin, archived }: Track): string {
  return archived ? `#${origin}` : origin;
}
