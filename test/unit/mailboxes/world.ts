import { idOf, idsFor, type KnownMailboxes } from '../../../src/app/mailboxes/mailbox-ids.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Given, MailboxEvent, StateSigns, UserSigns } from '../../../src/core/mailboxes/events.ts';
import { eventOf, followAll, standingOf, type Followed, type Situation } from '../../../src/core/mailboxes/followed.ts';
import { holdersOf, type Kept, type MailboxIds, type Period } from '../../../src/core/mailboxes/holders.ts';

type Unnumbered = MailboxEvent extends infer E ? (E extends unknown ? Omit<E, 'seq' | 'since'> : never) : never;

/**
 * Address and password, in the order of the file, and a quota. A password is its person's, and a number: `ann 2`.
 */
export type State = readonly (readonly [address: string, password: string, quota?: string])[];

const entryOf = ([, password, quota]: State[number]): JsonObject => ({ password, ...(quota ? { quota } : {}) });
const entriesOf = (state: State): JsonObject => Object.fromEntries(state.map((one) => [one[0], entryOf(one)]));
const signsIn = (state: State, address: string): UserSigns | null => {
  const found = state.find(([one]) => one === address);
  return found === undefined ? null : { login: found[1], entry: JSON.stringify(entryOf(found)) };
};
export const personOf = (password: string | undefined): string => (password ?? '').split(' ')[0] ?? '';

/** A server on which commands are killed and states are put back, and who is meant by each mailbox. */
export class World {
  state: State = [];
  /** States since the last apply, and those of before. */
  seen: State[] = [[]];
  older: State[] = [];
  unknown: readonly string[] = [];
  /** Who has begun with an empty mailbox and had one. */
  robbed: readonly string[] = [];
  /** Whose mailbox is in force at each address. */
  mailboxes = new Map<string, string>();
  #archive: (Kept & { readonly person: string })[] = [];
  #ids: MailboxIds = {};
  #applied: State = [];
  #events: MailboxEvent[] = [];
  #seq = 0;
  /** Changes by hand to what is no user's. */
  #others = 0;
  #appliedOthers = 0;
  #people = 0;
  #generation = 0;
  readonly #periods: (Period & { readonly state: State })[] = [];

  followed(): Followed {
    return followAll(this.situation());
  }

  private situation(): Situation {
    const signsOf = (state: State): StateSigns => this.signsOf(state);
    return {
      before: entriesOf(this.#applied),
      after: entriesOf(this.state),
      events: this.#events,
      seq: this.#seq,
      since: String(this.#generation),
      placeOf: () => undefined,
      logins: {
        applied: (address) => signsIn(this.#applied, address)?.login ?? '',
        now: (address) => signsIn(this.state, address)?.login ?? '',
      },
      signs: () => ({
        now: signsOf(this.state),
        applied: JSON.stringify([this.#appliedOthers, this.#applied]),
        appliedAt: (address) => signsIn(this.#applied, address),
      }),
    };
  }

  private signsOf(state: State): StateSigns {
    const addresses = new Set([...state, ...this.#applied].map(([address]) => address));
    const differ = [...addresses].filter(
      (address) => JSON.stringify(signsIn(state, address)) !== JSON.stringify(signsIn(this.#applied, address)),
    );
    const users = Object.fromEntries(differ.map((address) => [address, signsIn(state, address)]));
    return { whole: JSON.stringify([this.#others, state]), users };
  }

  private note(event: Unnumbered, login?: string): void {
    const seq = Math.max(this.#seq, ...this.#events.map((one) => one.seq)) + 1;
    const after = event.after ?? this.followed().lineages;
    this.#events.push({
      ...event,
      seq,
      since: String(this.#generation),
      after,
      ...(login === undefined ? {} : { login }),
    });
  }

  private noteStanding(next: State): void {
    const { standing, lineages: after } = standingOf(this.situation());
    const stays = (address: string): boolean => next.some((one) => one[0] === address && one[1] === this.at(address));
    for (const one of standing)
      if (!one.isWritten || ((!one.isQuiet || !stays(one.to)) && !one.isKnown()))
        this.note({ ...eventOf(one), after }, this.at(one.to));
  }

  /** As a command writes it, unless it is killed before that. */
  private write(state: State, isKilled: boolean, event?: Unnumbered, login?: string): void {
    this.noteStanding(state);
    const { isSure, lineages } = this.followed();
    if (event !== undefined) this.note(event, login);
    if (isSure && this.#events.some(({ kind, seq }) => kind === 'back' && seq > this.#seq))
      this.note({ kind: 'seen', state: this.signsOf(state), after: lineages });
    if (!isKilled) this.put(state);
  }

  put(state: State): void {
    this.state = state;
    this.seen.push(state);
  }

  /** By hand. */
  editOthers(): void {
    this.#others += 1;
  }

  /** By hand. */
  edit(change: (one: State[number]) => State[number]): void {
    this.put(this.state.map(change));
  }

  private at(address: string): string | undefined {
    return this.state.find(([one]) => one === address)?.[1];
  }

  add(address: string, isKilled: boolean): void {
    if (this.at(address) !== undefined) return;
    const password = `person${++this.#people} 1`;
    this.write([...this.state, [address, password]], isKilled, { kind: 'new', address }, password);
  }

  remove(address: string, isKilled: boolean): void {
    this.write(
      this.state.filter(([one]) => one !== address),
      isKilled,
    );
  }

  passwd(address: string, isKilled: boolean): void {
    const password = this.at(address);
    if (password === undefined) return;
    const next = `${personOf(password)} ${++this.#people}`;
    const state = this.state.map((one) => (one[0] === address ? ([address, next, one[2]] as const) : one));
    this.noteStanding(state);
    const { standing } = standingOf(this.situation());
    const found = standing.find(({ to, isWritten }) => to === address && isWritten && this.#events.length > 0);
    this.write(state, isKilled, found && eventOf(found), found && next);
  }

  rename(from: string, to: string, isKilled: boolean): void {
    const password = this.at(from);
    if (password === undefined || this.at(to) !== undefined) return;
    const origin = this.followed().tracks.find((track) => track.to === from)?.origin;
    const state = this.state.map((one) => (one[0] === from ? ([to, password, one[2]] as const) : one));
    this.write(state, isKilled, { kind: 'renamed', origin, from, to }, password);
  }

  restore(from: string, to: string, isKilled: boolean): void {
    const found = this.#archive.findLast((one) => one.address === from);
    if (found === undefined || this.at(to) !== undefined) return;
    if (this.followed().tracks.some(({ archived, origin, to: now }) => archived && origin === found.key && now)) return;
    const password = (found.entry as { readonly password: string }).password;
    if (this.state.some((one) => personOf(one[1]) === personOf(password))) return;
    const event: Unnumbered = { kind: 'restored', id: found.key, to };
    this.write([...this.state, [to, password]], isKilled, event, password);
  }

  /** @param isKilled before the state is there; otherwise only before anything of it is applied */
  rollback(choice: number, isKilled: boolean): void {
    const at = choice % Math.max(1, this.#periods.length);
    const to = this.#periods[at];
    if (to === undefined) return;
    const inForce: Period = {
      number: NaN,
      ids: this.#ids,
      users: () => entriesOf(this.#applied),
      moves: [],
      isNew: () => false,
    };
    const then = to.state;
    const holders = holdersOf(
      then.map(([address]) => address),
      [...this.#periods.slice(at), inForce],
      this.#archive,
    );
    const given = [...holders].flatMap(([address, holder]): Given[] => {
      if (holder.kind === 'archived') return [{ to: address, archived: holder.key }];
      if (holder.kind === 'in force')
        return holder.address === address ? [] : [{ to: address, origin: holder.address }];
      return this.#applied.some(([one]) => one === address) ? [{ to: address }] : [];
    });
    const signs = this.signsOf(then);
    if (given.length > 0 || this.#events.length > 0 || Object.keys(signs.users).length > 0)
      this.note({
        kind: 'back',
        given,
        then: signs,
        before: this.followed().isSure ? this.signsOf(this.state) : undefined,
      });
    if (!isKilled) this.put(then);
  }

  apply(): void {
    const { tracks, unknown } = this.followed();
    this.unknown = unknown;
    const known: KnownMailboxes = {
      inForce: this.#ids,
      archived: new Map(this.#archive.map(({ key, id }) => [key, id ?? ''])),
    };
    const next = new Map<string, string>();
    const before = entriesOf(this.#applied);
    const kept = [...this.#archive];
    for (const track of tracks) {
      const { origin, archived, to, name } = track;
      const mine = archived ? this.#archive.find(({ key }) => key === origin)?.person : this.mailboxes.get(origin);
      if (to !== undefined) next.set(to, mine ?? '');
      if (to === undefined && !archived)
        kept.push({
          key: `${name}/${kept.length}/${this.#generation}`,
          address: name,
          entry: before[origin] ?? null,
          generation: this.#generation,
          id: idOf(known, track),
          person: mine ?? '',
        });
    }
    const back = new Set(tracks.flatMap(({ archived, to, origin }) => (archived && to !== undefined ? [origin] : [])));
    this.#archive = kept.filter(({ key }) => !back.has(key));
    this.#ids = idsFor(
      this.state.map(([address]) => address),
      tracks,
      known,
    );
    const fresh = this.state.filter(([address]) => !next.has(address));
    const had = new Set([...this.mailboxes.values(), ...this.#archive.map(({ person }) => person)]);
    this.robbed = fresh.flatMap(([, password]) => (had.has(personOf(password)) ? [personOf(password)] : []));
    for (const [address, password] of fresh) next.set(address, personOf(password));
    this.mailboxes = next;
    this.#applied = this.state;
    this.#appliedOthers = this.#others;
    this.#seq = Math.max(this.#seq, ...this.#events.map(({ seq }) => seq));
    this.#events = [];
    this.#generation += 1;
    this.older.push(...this.seen);
    this.seen = [this.state];
    const [ids, state] = [this.#ids, this.state];
    this.#periods.push({
      number: this.#generation,
      ids,
      users: () => entriesOf(state),
      moves: [],
      isNew: () => false,
      state,
    });
  }
}
