import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idOf, idsFor, type KnownMailboxes } from '../../../src/app/mailboxes/mailbox-ids.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import {
  holdersOf,
  type Holder,
  type Kept,
  type MailboxIds,
  type Period,
} from '../../../src/core/mailboxes/holders.ts';
import type { Given, MailboxEvent } from '../../../src/core/mailboxes/events.ts';
import { followMailboxes, type Track } from '../../../src/core/mailboxes/tracks.ts';

/** Nobody can log in. */
const NOBODY = { applied: () => '', now: () => '' };

const ADDRESSES = ['a', 'b', 'c', 'd'];

interface Step {
  readonly do: 'add' | 'remove' | 'purge' | 'rename' | 'restore' | 'apply';
  readonly from: string;
  readonly to: string;
}

type Unnumbered = MailboxEvent extends infer E ? (E extends unknown ? Omit<E, 'seq' | 'since'> : never) : never;

function personOf(entry: Json | undefined): string {
  const { password } = entry as { readonly password: string };
  return password;
}

/** A server on which users come and go, and who is meant by each mailbox. */
class World {
  /** As the state has it: the person at each address. */
  state = new Map<string, string>();
  /** Whose mailbox is in force at each address. */
  mailboxes = new Map<string, string>();
  archive: (Kept & { readonly person: string })[] = [];
  ids: MailboxIds = {};
  readonly periods: Period[] = [];
  readonly #events: MailboxEvent[] = [];
  readonly #purges = new Set<string>();
  #applied: JsonObject = {};
  #people = 0;

  run({ do: what, from, to }: Step): void {
    if (what === 'apply') return this.apply();
    const person = this.state.get(from);
    if (what === 'add' && person === undefined) {
      this.note({ kind: 'new', address: from });
      this.state.set(from, `person ${++this.#people}`);
    } else if (what === 'remove' || what === 'purge') {
      this.state.delete(from);
      if (what === 'purge' && person !== undefined) this.#purges.add(from);
    } else if (what === 'rename' && person !== undefined && !this.state.has(to)) {
      const origin = this.tracks().find((track) => track.to === from)?.origin;
      this.note({ kind: 'renamed', origin, from, to });
      this.state.delete(from);
      this.state.set(to, person);
    } else if (what === 'restore') {
      const found = this.archive.findLast((one) => one.address === from);
      if (found === undefined || this.state.has(to) || [...this.state.values()].includes(found.person)) return;
      this.note({ kind: 'restored', id: found.key, to });
      this.state.set(to, found.person);
    }
  }

  private note(event: Unnumbered): void {
    this.#events.push({ ...event, seq: this.#events.length + 1, since: 'now' });
  }

  entries(): JsonObject {
    return Object.fromEntries([...this.state].map(([address, person]) => [address, { password: person }]));
  }

  tracks(): readonly Track[] {
    return followMailboxes(this.#applied, this.#events, this.entries(), 'now', NOBODY).tracks;
  }

  /** @returns the generation that it makes */
  apply(): void {
    const generation = this.periods.length;
    const tracks = this.tracks();
    const known: KnownMailboxes = {
      inForce: this.ids,
      archived: new Map(this.archive.map(({ key, id }) => [key, id ?? ''])),
    };
    const before = this.#applied;
    const next = new Map([...this.state].map(([address, person]) => [address, `empty of ${person}`]));
    const kept = [...this.archive];
    for (const track of tracks) {
      const { origin, archived, to, name } = track;
      const mine = archived ? this.archive.find(({ key }) => key === origin)?.person : this.mailboxes.get(origin);
      if (to !== undefined) next.set(to, mine ?? '');
      if (to === undefined && !archived && !this.#purges.has(name))
        kept.push({
          key: `${name}/${kept.length}/${generation}`,
          address: name,
          entry: before[origin] ?? null,
          generation,
          id: idOf(known, track),
          person: mine ?? '',
        });
    }
    const back = new Set(tracks.flatMap(({ archived, to, origin }) => (archived && to !== undefined ? [origin] : [])));
    this.archive = kept.filter(({ key }) => !back.has(key));
    for (const [address, whose] of next) next.set(address, whose.replace('empty of ', ''));
    this.ids = idsFor([...this.state.keys()], tracks, known);
    this.mailboxes = next;
    const users = this.entries();
    const fresh = tracks.filter(({ origin, to, archived }) => to === undefined && !archived && this.state.has(origin));
    this.#applied = users;
    this.#events.length = 0;
    this.#purges.clear();
    this.periods.push({
      number: generation + 1,
      ids: this.ids,
      users: () => users,
      moves: tracks.flatMap(({ origin, to, archived }) =>
        archived || to === undefined || to === origin ? [] : [{ from: origin, to }],
      ),
      isNew: (address) => fresh.some(({ origin }) => origin === address),
    });
  }

  get inForce(): Period {
    const users = this.#applied;
    return { number: NaN, ids: this.ids, users: () => users, moves: [], isNew: () => false };
  }

  /** Goes back in this world, as a rollback does. */
  goBack(then: JsonObject, holders: ReadonlyMap<string, Holder>): void {
    const given = [...holders].flatMap(([to, holder]): Given[] => {
      if (holder.kind === 'archived') return [{ to, archived: holder.key }];
      if (holder.kind === 'in force') return holder.address === to ? [] : [{ to, origin: holder.address }];
      return Object.hasOwn(this.#applied, to) ? [{ to }] : [];
    });
    this.#purges.clear();
    this.note({ kind: 'back', given });
    this.state = new Map(Object.entries(then).map(([address, entry]) => [address, personOf(entry)]));
    this.apply();
  }
}

const step = fc.record({
  do: fc.constantFrom('add', 'remove', 'purge', 'rename', 'rename', 'restore', 'apply', 'apply'),
  from: fc.constantFrom(...ADDRESSES),
  to: fc.constantFrom(...ADDRESSES),
}) satisfies fc.Arbitrary<Step>;

describe('the mailboxes of an earlier generation', () => {
  it('are those of the same people, through any history', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(), (steps, choice) => {
        const world = new World();
        for (const one of steps) world.run(one);
        world.apply();
        const at = choice % world.periods.length;
        const then = world.periods[at]?.users() ?? {};
        const reachable = new Set([...world.mailboxes.values(), ...world.archive.map(({ person }) => person)]);
        const holders = holdersOf(Object.keys(then), [...world.periods.slice(at), world.inForce], world.archive);
        const gone = [...holders].filter(([, { kind }]) => kind === 'gone' || kind === 'unknown');
        for (const [address, entry] of Object.entries(then)) {
          const person = personOf(entry);
          expect(gone.some(([one]) => one === address)).toBe(!reachable.has(person));
        }
        world.goBack(then, holders);
        for (const [address, person] of world.state) expect(world.mailboxes.get(address)).toBe(person);
        // What is nobody's now is in the archive.
        const kept = new Set([...world.mailboxes.values(), ...world.archive.map(({ person }) => person)]);
        for (const person of reachable) expect(kept).toContain(person);
      }),
      { numRuns: 3000 },
    );
  });

  it('are never those of others, where some generations know no ids, or are not readable', () => {
    let [found, all] = [0, 0];
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 24 }),
        fc.nat(),
        fc.array(fc.constantFrom('ids', 'none', 'none', 'none', 'lost'), { maxLength: 30 }),
        (steps, choice, what) => {
          const world = new World();
          for (const one of steps) world.run(one);
          world.apply();
          const at = choice % world.periods.length;
          const then = world.periods[at]?.users() ?? {};
          const periods = world.periods.slice(at).flatMap((period, index): Period[] => {
            const kind = what[index] ?? 'none';
            if (kind === 'lost' && index > 0) return [];
            return [kind === 'ids' ? period : { ...period, ids: undefined }];
          });
          const isKnown = what.length % 2 === 0;
          const inForce = isKnown ? world.inForce : { ...world.inForce, ids: undefined };
          const archive = world.archive.map((one) => (isKnown ? one : { ...one, id: undefined }));
          const holders = holdersOf(Object.keys(then), [...periods, inForce], archive);
          for (const [address, holder] of holders) {
            const mailbox =
              holder.kind === 'in force'
                ? world.mailboxes.get(holder.address)
                : holder.kind === 'archived'
                  ? world.archive.find(({ key }) => key === holder.key)?.person
                  : undefined;
            all += 1;
            if (mailbox === undefined) continue;
            found += 1;
            expect(mailbox).toBe(personOf(then[address]));
          }
        },
      ),
      { numRuns: 3000 },
    );
    // Most are found all the same.
    expect(found / all).toBeGreaterThan(0.5);
  });
});
