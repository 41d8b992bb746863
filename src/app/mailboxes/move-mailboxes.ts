import { rmSync } from 'node:fs';
import { failed } from '../../core/errors.ts';
import type { Track } from '../../core/mailboxes/tracks.ts';
import { noDeliveryRuns, kickUsers } from '../../system/dovecot.ts';
import { lstat } from '../../system/files.ts';
import { forgetArchived, type ArchivedMailbox, archivedMailboxes, archiveMailboxes, type Leaving } from './archive.ts';
import type { MailboxPlan } from './mailbox-plan.ts';
import { idOf } from './mailbox-ids.ts';
import type { MailboxPlaces } from './mailbox-places.ts';
import { Whereabouts } from './whereabouts.ts';

export interface MoverOptions {
  readonly places: MailboxPlaces;
  readonly plan: MailboxPlan;
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
  private readonly plan: MailboxPlan;
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
    const left = tracks.filter(({ origin, to, archived }) => !archived && to !== origin && users.has(origin));
    this.contested = new Set(left.map(({ origin }) => origin));
    this.gone = tracks.filter(({ to, archived }) => to === undefined && !archived);
    this.whereabouts = new Whereabouts(places, plan);
    this.jobs = [...tracks, ...this.whereabouts.broughtBack].filter(
      (track) =>
        (track.archived ? track.to !== undefined : track.to !== track.origin) || this.whereabouts.isKnown(track),
    );
    const targets = this.jobs.flatMap(({ to }) => (to === undefined ? [] : [to]));
    this.wanted = new Set([...this.contested, ...targets].map((address) => places.home(address)));
  }

  /** Whether an address changes hands: then Dovecot must know the new accounts before `handOver`. */
  get handsOver(): boolean {
    return this.contested.size > 0;
  }

  /** Writes down what is to move. @throws failed (exit 1) when something cannot be moved; then nothing was changed */
  prepare(): void {
    // What an earlier apply left for deliveries that were under way.
    for (const old of this.plan.links) {
      if (!Object.hasOwn(this.plan.before, old)) this.places.open(this.places.home(old));
    }
    this.whereabouts.reopen();
    this.whereabouts.note(this.jobs, (track) => this.destinations(track));
  }

  /** Before Dovecot learns of the new accounts. */
  begin(): void {
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
    this.putAway(this.gone.filter(({ origin }) => this.contested.has(origin)));
    for (const address of this.contested) this.places.open(this.places.home(address));
  }

  /** When everything else is done: sessions of who is gone end, and their mailboxes go into the archive. */
  async end(): Promise<void> {
    const renamed = this.jobs.filter(({ origin, to }) => to !== undefined && !this.users.has(origin));
    await kickUsers(this.config, new Set([...this.gone, ...renamed].map(({ origin }) => origin)));
    this.putAway(this.gone.filter(({ origin }) => !this.contested.has(origin)));
    for (const track of this.jobs) if (isUnwanted(track)) this.giveBack(track);
    // A delivery that knows the old name only may be under way; otherwise the next apply removes the link.
    if (this.links.length > 0 && (await noDeliveryRuns(this.config))) {
      for (const link of this.links) this.places.open(link);
    }
    for (const { origin, archived } of renamed) if (!archived) this.putStrayAway(origin);
    this.places.removeWaiting();
  }

  /**
   * Everything back to where it was, after an apply that went wrong before `end`: its accounts are those of before again. What
   * an earlier apply that was cut off had moved goes back as well.
   */
  back(): void {
    this.whereabouts.reopen();
    const here = this.jobs.filter(({ archived }) => !archived);
    const moves = here.flatMap((track) => {
      const from = this.whereabouts.find(track) ?? this.away(track);
      return from === undefined || from === this.places.home(track.origin) ? [] : [{ from, address: track.origin }];
    });
    // First, or they would be in the way of whose place they took.
    for (const track of this.jobs) if (track.archived) this.giveBack(track);
    this.places.moveBack(moves, (address) => this.clear(address));
    // Only now: a name that is free before its mailbox is back would get a fresh one by the next delivery.
    for (const home of [...this.wanted, ...this.links]) this.places.open(home);
    forgetArchived(this.places.root, (mailbox) => here.some((track) => this.isAway(track, mailbox)));
    this.places.removeWaiting();
    this.whereabouts.forget();
  }

  /** Where `handOver` put the mailbox of who is gone. */
  private away(track: Track): string | undefined {
    const found = archivedMailboxes(this.places.root).find((mailbox) => this.isAway(track, mailbox))?.path;
    return found === undefined || found === null ? undefined : `${this.places.root}/${found}`;
  }

  private isAway({ name, to, archived }: Track, mailbox: ArchivedMailbox): boolean {
    return !archived && to === undefined && mailbox.address === name && mailbox.since === this.plan.since;
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
    if (now === home) {
      if (link && lstat(old) === undefined) this.places.link(old, home);
      if (link) this.links.push(old);
      return;
    }
    if (now === undefined) {
      if (!this.whereabouts.isKnown(track)) return;
      throw failed(
        `the mailbox of ${track.name} is in none of ${this.whereabouts.placesOf(track).join(', ')}`,
        'put it back and try again',
      );
    }
    const leavesLink = link && now === old;
    this.places.move(now, home, () => this.clear(to), leavesLink ? 'link' : 'free');
    if (leavesLink) this.links.push(old);
    if (track.archived) this.say(`mailbox of ${to} is back from the archive`);
    else if (to !== track.origin) this.say(`mailbox of ${track.origin} is now that of ${to}`);
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
    const { since, before } = this.plan;
    const indexed = new Set(archivedMailboxes(root).flatMap((one) => (one.since === since ? [one.address] : [])));
    const leaving = tracks.flatMap((track): Leaving[] => {
      const { origin, name } = track;
      const isKnown = this.whereabouts.isKnown(track);
      const home = this.places.home(origin);
      // The first mail of all may have come meanwhile.
      const isLate = !isKnown && !this.contested.has(origin) && lstat(home) !== undefined;
      const directory = isLate ? home : this.whereabouts.find(track);
      // An apply that was cut off did it already.
      if (directory === undefined && (isKnown || indexed.has(name))) return [];
      const mailbox = idOf(this.plan.known, track);
      if (!this.purges.has(name)) return [{ directory, address: name, entry: before[origin] ?? null, since, mailbox }];
      if (directory === undefined) return [];
      rmSync(directory, { recursive: true, force: true });
      this.say(`mail of ${name} deleted`);
      return [];
    });
    for (const { address, path } of archiveMailboxes(root, leaving, this.time)) {
      if (path !== null) this.say(`mail of ${address} kept in ${root}/${path}`);
    }
  }
}

function isUnwanted({ archived, to }: Track): boolean {
  return archived && to === undefined;
}
