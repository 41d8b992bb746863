import { rmSync } from 'node:fs';
import { failed } from '../../core/errors.ts';
import { isUnwanted, isWanted, type Track } from '../../core/mailboxes/tracks.ts';
import { noDeliveryRuns, kickUsers } from '../../system/dovecot.ts';
import { lstat } from '../../system/files.ts';
import {
  type ArchivedMailbox,
  archiveKey,
  archiveMailboxes,
  dropFromIndex,
  forgetArchived,
  isLost,
  type Leaving,
} from './archive.ts';
import type { MailboxPlan } from './mailbox-plan.ts';
import { idOf } from './mailbox-ids.ts';
import { wordsOfDeleted, wordsOfLost, wordsOfReturned } from './mailbox-words.ts';
import type { MailboxPlaces } from './mailbox-places.ts';
import { readPurges } from '../../system/purges.ts';
import { clearStrays } from './strays.ts';
import { Whereabouts, type Origins } from './whereabouts.ts';

/** What the mover needs to know of a plan. */
export type MovePlan = Origins & Pick<MailboxPlan, 'links' | 'strays'>;

export interface MoverOptions {
  readonly places: MailboxPlaces;
  readonly plan: MovePlan;
  /** Addresses of the users in the state. */
  readonly users: ReadonlySet<string>;
  /** dovecot.conf. */
  readonly config: string;
  /** Whose mail is to be deleted and not kept. */
  readonly purges: ReadonlySet<string>;
  /** Called with what was done, in words for people. */
  readonly say: (line: string) => void;
}

/**
 * Moves mailboxes to the addresses that their users have now, around the moment at which Dovecot learns of these.
 *
 * An address that nobody had before (`alice` becomes `alicia`): the mailbox is there before the account is, and the old
 * name leads to it as long as somebody may use it; deliveries and sessions go on. An address that changes hands (`alice`
 * and `bob` change places, a new user gets the address of a former one): its mailbox steps aside and the name is closed,
 * until Dovecot knows the new accounts; mail for it waits a moment in Postfix. So nobody ever sees another's mail, and
 * nothing is delivered to a fresh mailbox beside the real one.
 */
export class MailboxMover {
  readonly purges: ReadonlySet<string>;
  private readonly places: MailboxPlaces;
  private readonly plan: MovePlan;
  private readonly users: ReadonlySet<string>;
  private readonly config: string;
  private readonly say: (line: string) => void;
  private readonly time = new Date();
  private readonly whereabouts: Whereabouts;
  private readonly contested: ReadonlySet<string>;
  /** Directories that somebody else's mailbox may have to make room for. */
  private readonly wanted: ReadonlySet<string>;
  private readonly jobs: readonly Track[];
  private readonly gone: readonly Track[];
  private readonly links: string[] = [];

  constructor(options: MoverOptions) {
    const { places, plan, users, config, purges, say } = options;
    this.places = places;
    this.plan = plan;
    this.users = users;
    this.config = config;
    this.purges = purges;
    this.say = say;
    const { tracks } = plan;
    this.gone = tracks.filter(({ to, archived }) => to === undefined && !archived);
    const whereabouts = new Whereabouts(places, plan);
    this.whereabouts = whereabouts;
    this.jobs = [...tracks, ...whereabouts.broughtBack].filter(
      (track) =>
        (track.archived ? track.to !== undefined : track.to !== track.origin) ||
        whereabouts.isKnown(track) ||
        whereabouts.archived(track) !== undefined,
    );
    // Also where an apply that was cut off may have told Dovecot that the address is another's.
    const isAway = (track: Track): boolean => whereabouts.find(track) !== places.home(track.origin);
    const left = this.jobs.filter((track) => !track.archived && (track.to !== track.origin || isAway(track)));
    this.contested = new Set(left.flatMap(({ origin }) => (users.has(origin) ? [origin] : [])));
    const targets = this.jobs.flatMap(({ to }) => (to === undefined ? [] : [to]));
    this.wanted = new Set([...this.contested, ...targets].map((address) => places.home(address)));
  }

  /** Whether an address changes hands: then Dovecot must know the new accounts before `handOver`. */
  get handsOver(): boolean {
    return this.contested.size > 0;
  }

  /** Writes down what is to move. @throws failed (exit 1) when something cannot be moved; then nothing was changed */
  prepare(): void {
    for (const { origin } of this.gone) this.places.requireWayToArchive(this.places.home(origin));
    // What an earlier apply left for deliveries that were under way.
    for (const old of this.plan.links) {
      if (!Object.hasOwn(this.plan.before, old)) this.places.open(this.places.home(old));
    }
    this.whereabouts.reopen();
    this.whereabouts.note(this.jobs, (track) => this.destinations(track), this.contested);
  }

  /** Before Dovecot learns of the new accounts. */
  begin(): void {
    clearStrays(this.places, this.plan.strays, { since: this.plan.since, time: this.time, say: this.say });
    dropFromIndex(this.places.root, this.returned(isWanted));
    for (const track of this.jobs) {
      if (isUnwanted(track) && this.wanted.has(this.whereabouts.find(track) ?? '')) this.giveBack(track);
      else this.stepAside(track);
    }
    for (const address of this.contested) this.places.close(this.places.home(address));
    for (const track of this.jobs) {
      if (track.to !== undefined && !this.contested.has(track.to)) this.place(track, track.to);
    }
  }

  /** Once Dovecot knows the new accounts, and before Postfix does. */
  async handOver(): Promise<void> {
    if (this.contested.size === 0) return;
    await kickUsers(this.config, this.contested);
    for (const track of this.jobs) {
      if (track.to !== undefined && this.contested.has(track.to)) this.place(track, track.to);
    }
    // There is a way back yet: what is to be deleted waits.
    this.putAway(this.gone.filter(({ origin, name }) => this.contested.has(origin) && !this.purges.has(name)));
    for (const address of this.contested) this.places.open(this.places.home(address));
  }

  /** When everything else is done: sessions of who is gone end, and their mailboxes go into the archive. */
  async end(): Promise<void> {
    const renamed = this.jobs.filter(({ origin, to }) => to !== undefined && !this.users.has(origin));
    await kickUsers(this.config, new Set([...this.gone, ...renamed].map(({ origin }) => origin)));
    this.putAway(this.gone.filter(({ origin, name }) => !this.contested.has(origin) || this.purges.has(name)));
    for (const track of this.jobs) if (isUnwanted(track)) this.giveBack(track);
    // A delivery that knows the old name only may be under way; otherwise the next apply removes the link.
    if (this.links.length > 0 && (await noDeliveryRuns(this.config))) {
      for (const link of this.links) this.places.open(link);
    }
    for (const { origin, archived } of renamed) if (!archived) this.putStrayAway(origin);
    // Closed by one that was cut off, and not in the way of anybody now.
    for (const home of this.whereabouts.closedNames) this.places.openClosed(home);
    dropFromIndex(this.places.root, this.returned(isWanted));
    this.places.removeWaiting();
  }

  /** @throws failed (exit 1) when it can be seen beforehand that `back` would fail; then nothing was changed */
  requireWayBack(): void {
    const { places, whereabouts } = this;
    for (const track of this.jobs) {
      const from = whereabouts.find(track);
      const [first] = track.archived ? whereabouts.placesOf(track) : [places.home(track.origin)];
      const inode = from === undefined || from === first ? undefined : places.inode(from);
      if (from === undefined || first === undefined || inode === undefined) continue;
      places.requireSameDevice(inode, track.archived ? [from, first] : [from, first, places.waiting(track.origin)]);
    }
  }

  /**
   * Everything back to where it was, after an apply that went wrong before `end`: its accounts are those of before again. What
   * an earlier apply that was cut off had moved goes back as well.
   */
  back(): void {
    this.whereabouts.reopen();
    // First, or they would be in the way of whose place they took.
    for (const track of this.jobs) if (track.archived) this.giveBack(track);
    this.whereabouts.lookAgain();
    const here = this.jobs.filter(({ archived }) => !archived);
    const moves = here.flatMap((track) => {
      const from = this.whereabouts.find(track);
      if (this.whereabouts.isDeleted(track)) this.say(wordsOfDeleted(track.origin, from));
      else if (from === undefined && this.whereabouts.isKnown(track))
        this.say(wordsOfLost(track, this.whereabouts.placesOf(track)));
      return from === undefined || from === this.places.home(track.origin) ? [] : [{ from, address: track.origin }];
    });
    const kept = here.filter((track) => typeof this.whereabouts.archived(track)?.path === 'string');
    this.places.moveBack(moves, (address) => this.clear(address));
    // Only now: a name that is free before its mailbox is back would get a fresh one by the next delivery.
    for (const home of [...this.wanted, ...this.links]) this.places.open(home);
    for (const home of this.whereabouts.closedNames) this.places.openClosed(home);
    for (const { origin } of kept) this.say(wordsOfReturned(origin));
    forgetArchived(
      this.places.root,
      this.returned(() => true),
    );
    this.places.removeWaiting();
    this.whereabouts.forget();
  }

  /** A directory that has left the archive is not kept there any more, and neither is the entry of who never got mail. */
  private returned(isBack: (track: Track) => boolean): (mailbox: ArchivedMailbox) => boolean {
    const keys = this.jobs.flatMap((track) => {
      const kept = this.whereabouts.archived(track);
      if (kept === undefined) return [];
      return (kept.path === null ? isBack(track) : isLost(this.places.root, kept)) ? [archiveKey(kept)] : [];
    });
    const all = new Set(keys);
    return (mailbox) => all.has(archiveKey(mailbox));
  }

  /** The apply is recorded: what there is to know of it is in the record. */
  finish(): void {
    this.whereabouts.forget();
  }

  /** Beside the archive is the place for those that wait. */
  private destinations({ origin, archived, to }: Track): readonly string[] {
    const waiting = !archived && (to === undefined || this.contested.has(origin)) ? [this.places.waiting(origin)] : [];
    return to === undefined ? waiting : [...waiting, this.places.home(to)];
  }

  /** Out of a place that is another's now. */
  private stepAside(track: Track): void {
    const now = this.whereabouts.find(track);
    if (now === undefined || track.archived) return;
    const isThere = track.to !== undefined && !this.contested.has(track.to) && now === this.places.home(track.to);
    if (!isThere && this.wanted.has(now))
      this.places.move(now, this.places.waiting(track.origin), () => undefined, 'closed');
  }

  private place(track: Track, to: string): void {
    const now = this.whereabouts.find(track);
    const home = this.places.home(to);
    const old = this.places.home(track.origin);
    const link = !track.archived && !this.users.has(track.origin);
    const isDeleted = this.whereabouts.isDeleted(track);
    if (isDeleted) this.say(wordsOfDeleted(to, now));
    if (now === home) {
      if (link) this.keepWay(old, home);
      return;
    }
    if (now === undefined) {
      if (isDeleted || !this.whereabouts.isKnown(track)) return;
      throw failed(wordsOfLost(track, this.whereabouts.placesOf(track)), 'put it back and try again');
    }
    this.places.move(now, home, () => this.clear(to), link && now === old ? 'link' : 'free');
    if (link) this.keepWay(old, home);
    const isBack = track.archived || this.whereabouts.archived(track) !== undefined;
    if (isBack) this.say(wordsOfReturned(to));
    else if (to !== track.origin) this.say(`mailbox of ${track.origin} is now that of ${to}`);
  }

  /** The old name leads to the new one until the end, also where one that was cut off had moved the mailbox from there. */
  private keepWay(old: string, home: string): void {
    if (lstat(old) === undefined) this.places.link(old, home);
    this.links.push(old);
  }

  /** A mailbox that was begun under the old name all the same is not mixed with the real one, and not left there. */
  private putStrayAway(address: string): void {
    if (lstat(this.places.home(address))?.isDirectory() === true) this.clear(address);
  }

  private clear(address: string): void {
    const said = this.places.clear(address, this.plan.since, this.time);
    if (said !== undefined) this.say(said);
  }

  /** An apply that was cut off had brought it back, and now it is not wanted any more. */
  private giveBack(track: Track): void {
    const now = this.whereabouts.find(track);
    const [first] = this.whereabouts.placesOf(track);
    if (now !== undefined && first !== undefined && now !== first)
      this.places.move(now, first, () => undefined, this.wanted.has(now) ? 'closed' : 'free');
  }

  private putAway(tracks: readonly Track[]): void {
    const { root } = this.places;
    const { since, before, known } = this.plan;
    // One may have been archived by an apply that was cut off, and got back from there.
    const given = new Set(this.jobs.flatMap((track) => (track.to === undefined ? [] : this.whereabouts.find(track))));
    const leaving = tracks.flatMap((track): Leaving[] => {
      const { origin, name } = track;
      const isKnown = this.whereabouts.isKnown(track);
      const home = this.places.home(origin);
      // The first mail of all may have come meanwhile.
      const isLate = !isKnown && !this.contested.has(origin) && this.places.isTaken(home);
      const directory = isLate ? home : this.whereabouts.find(track);
      const kept = this.whereabouts.archived(track);
      const isKept = typeof kept?.path === 'string';
      const isPurged = this.purges.has(name);
      // An apply that was cut off did it already.
      if (directory === undefined && (isKnown || kept !== undefined)) return [];
      if (given.has(directory ?? '') || (!isPurged && isKept)) return [];
      const leaves = { directory, address: name, entry: before[origin] ?? null, since, mailbox: idOf(known, track) };
      if (!isPurged) return [leaves];
      if (directory === undefined) return [];
      const isMeant = (): boolean => readPurges(root).includes(name);
      if (!this.whereabouts.beginDeletion(track, directory, isMeant)) return isKept ? [] : [leaves];
      rmSync(directory, { recursive: true, force: true });
      this.say(`mail of ${name} deleted`);
      return [];
    });
    for (const { address, path } of archiveMailboxes(root, leaving, this.time)) {
      if (path !== null) this.say(`mail of ${address} kept in ${root}/${path}`);
    }
  }
}
