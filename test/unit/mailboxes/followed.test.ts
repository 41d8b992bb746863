import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idOf, idsFor, type KnownMailboxes } from '../../../src/app/mailboxes/mailbox-ids.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Given, MailboxEvent, StateSigns, UserSigns } from '../../../src/core/mailboxes/events.ts';
import { followAll, startAgain, type Followed, type Situation } from '../../../src/core/mailboxes/followed.ts';
import { holdersOf, type Kept, type MailboxIds, type Period } from '../../../src/core/mailboxes/holders.ts';

type Unnumbered = MailboxEvent extends infer E ? (E extends unknown ? Omit<E, 'seq' | 'since'> : never) : never;

/** Address and password, in the order of the file. A password is its person's, and a number: `ann 2`. */
type State = readonly (readonly [string, string])[];

const entriesOf = (state: State): JsonObject =>
  Object.fromEntries(state.map(([address, password]) => [address, { password }]));
const signsIn = (state: State, address: string): UserSigns | null => {
  const found = state.find(([one]) => one === address);
  return found === undefined ? null : { login: found[1], entry: JSON.stringify({ password: found[1] }) };
};
const personOf = (password: string | undefined): string => (password ?? '').split(' ')[0] ?? '';

/** A server on which commands are killed and states are put back, and who is meant by each mailbox. */
class World {
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
      signOf: JSON.stringify,
      placeOf: () => undefined,
      signs: () => ({
        now: signsOf(this.state),
        applied: JSON.stringify(this.#applied),
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
    return { whole: JSON.stringify(state), users };
  }

  private note(event: Unnumbered, sign?: string): void {
    const seq = Math.max(this.#seq, ...this.#events.map((one) => one.seq)) + 1;
    const after = event.after ?? this.followed().lineages;
    this.#events.push({
      ...event,
      seq,
      since: String(this.#generation),
      after,
      ...(sign === undefined ? {} : { sign }),
    });
  }

  /** As a command writes it, unless it is killed before that. */
  private write(state: State, isKilled: boolean, event?: Unnumbered, sign?: string): void {
    const again = startAgain(this.situation());
    if (again !== undefined) this.note({ kind: 'back', ...again, after: [] });
    const { isSure, lineages } = this.followed();
    if (event !== undefined) this.note(event, sign);
    if (isSure && this.#events.some(({ kind, seq }) => kind === 'back' && seq > this.#seq))
      this.note({ kind: 'seen', state: this.signsOf(state), after: lineages });
    if (!isKilled) this.put(state);
  }

  put(state: State): void {
    this.state = state;
    this.seen.push(state);
  }

  private at(address: string): string | undefined {
    return this.state.find(([one]) => one === address)?.[1];
  }

  add(address: string, isKilled: boolean): void {
    if (this.at(address) !== undefined) return;
    const password = `person${++this.#people} 1`;
    const entry = JSON.stringify({ password });
    this.write([...this.state, [address, password]], isKilled, { kind: 'new', address }, entry);
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
    this.write(
      this.state.map((one) => (one[0] === address ? ([address, next] as const) : one)),
      isKilled,
    );
  }

  rename(from: string, to: string, isKilled: boolean): void {
    const password = this.at(from);
    if (password === undefined || this.at(to) !== undefined) return;
    const origin = this.followed().tracks.find((track) => track.to === from)?.origin;
    const state = this.state.map((one) => (one[0] === from ? ([to, password] as const) : one));
    this.write(state, isKilled, { kind: 'renamed', origin, from, to }, JSON.stringify({ password }));
  }

  restore(from: string, to: string, isKilled: boolean): void {
    const found = this.#archive.findLast((one) => one.address === from);
    if (found === undefined || this.at(to) !== undefined) return;
    if (this.followed().tracks.some(({ archived, origin, to: now }) => archived && origin === found.key && now)) return;
    const password = (found.entry as { readonly password: string }).password;
    if (this.state.some((one) => personOf(one[1]) === personOf(password))) return;
    const event: Unnumbered = { kind: 'restored', id: found.key, to };
    this.write([...this.state, [to, password]], isKilled, event, JSON.stringify(found.entry));
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
    if (given.length > 0 || this.#events.length > 0)
      this.note({
        kind: 'back',
        given,
        then: this.signsOf(then),
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

const COMMANDS = ['add', 'remove', 'passwd', 'rename', 'restore', 'swap', 'swap', 'replace', 'replace'] as const;
const KINDS = [...COMMANDS, 'rollback', 'rollback', 'rollback', 'put back', 'put back', 'put back'] as const;
type Kind = (typeof KINDS)[number] | 'apply' | 'mix' | 'by hand';

const address = fc.constantFrom('a', 'b', 'c');
const step = (...kinds: readonly Kind[]) =>
  fc.record({ do: fc.constantFrom(...kinds), from: address, to: address, choice: fc.nat(30), isKilled: fc.boolean() });
type Step = typeof step extends (...args: never) => fc.Arbitrary<infer S> ? S : never;

function run(world: World, { do: what, from, to, choice, isKilled }: Step): void {
  const killed = isKilled && choice % 3 === 0;
  if (what === 'add') world.add(from, killed);
  else if (what === 'remove') world.remove(from, killed);
  else if (what === 'passwd') world.passwd(from, killed);
  else if (what === 'rename') world.rename(from, to, killed);
  else if (what === 'swap') {
    for (const [one, other] of [
      [from, 'between'],
      [to, from],
      ['between', to],
    ] as const)
      world.rename(one, other, killed && one === to);
  } else if (what === 'replace') {
    world.remove(from, false);
    world.add(from, killed);
  } else if (what === 'restore') world.restore(from, to, killed);
  else if (what === 'rollback') world.rollback(choice, isKilled);
  else if (what === 'put back') world.put(world.seen[choice % world.seen.length] ?? []);
  else if (what === 'by hand') {
    const edited = world.state.map(([at, password], index) =>
      at === from ? ([at, `${personOf(password)} by hand ${choice} ${index}`] as const) : ([at, password] as const),
    );
    world.put(edited);
  } else if (what === 'mix') {
    const other = world.seen[choice % world.seen.length]?.find(([one]) => one === from);
    const rest = world.state.filter(([one]) => one !== from);
    world.put(other === undefined ? rest : [...rest, other]);
  } else {
    world.apply();
    expectOwn(world);
  }
}

function expectOwn(world: World): void {
  for (const [at, password] of world.state) expect(world.mailboxes.get(at)).toBe(personOf(password));
}

describe('whose mailbox is whose, whatever was killed and put back', () => {
  const history = fc.array(step(...COMMANDS, 'apply', 'apply', 'apply'), { maxLength: 8 });

  function worldAfter(before: readonly Step[]): World {
    const world = new World();
    for (const one of ['a', 'b']) world.add(one, false);
    world.apply();
    for (const one of before) run(world, one);
    world.apply();
    return world;
  }

  it('leaves a doubt where somebody’s password was never seen, and none of others', () => {
    const world = worldAfter([]);
    const given = world.state;
    world.rename('a', 'between', false);
    world.rename('b', 'a', false);
    world.rename('between', 'b', false);
    world.apply();
    const changed = world.state;
    for (const number of [0, 0]) world.rollback(number, false);
    expect(world.state).toEqual(given);
    const edited = (state: State, address: string): State =>
      state.map((one) => (one[0] === address ? ([address, `${personOf(one[1])} by hand`] as const) : one));
    for (const state of [given, changed]) {
      world.state = edited(state, 'a');
      expect(world.followed()).toMatchObject({ unknown: ['a'], isSure: false });
      world.state = state;
      expect(world.followed()).toMatchObject({ unknown: [], isSure: true });
    }
  });

  it('is never another’s, and known, where states are put back as they were', () => {
    fc.assert(
      fc.property(history, fc.array(step(...KINDS, 'apply'), { maxLength: 10 }), (before, steps) => {
        const world = worldAfter(before);
        for (const one of steps) run(world, one);
        world.apply();
        expectOwn(world);
        // A password that was set before there was a rollback is not written down.
        if (steps.every((one) => one.do !== 'passwd')) expect([world.unknown, world.robbed]).toEqual([[], []]);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 5000) },
    );
  });

  it('is never another’s, where passwords are changed by hand when a rollback was killed', () => {
    fc.assert(
      fc.property(
        history,
        fc.array(step('add', 'remove', 'passwd', 'rollback', 'rollback', 'put back', 'put back'), { maxLength: 10 }),
        fc.array(step('by hand', 'add', 'rollback'), { maxLength: 6 }),
        (before, steps, last) => {
          const world = worldAfter(before);
          for (const one of [...steps, ...last]) run(world, one);
          world.apply();
          expectOwn(world);
        },
      ),
      { numRuns: Number(process.env['RUNS'] ?? 5000) },
    );
  });

  it('is never another’s where a state is put together of several', () => {
    fc.assert(
      fc.property(
        history,
        fc.array(step(...KINDS.filter((kind) => kind !== 'passwd')), { maxLength: 10 }),
        fc.array(step('mix'), { maxLength: 3 }),
        (before, steps, last) => {
          const world = worldAfter(before);
          for (const one of [...steps, ...last]) run(world, one);
          world.apply();
          expectOwn(world);
        },
      ),
      { numRuns: Number(process.env['RUNS'] ?? 5000) },
    );
  });
});
