import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { personOf, World, type State } from './world.ts';

const COMMANDS = ['add', 'remove', 'passwd', 'rename', 'restore', 'swap', 'swap', 'replace', 'replace'] as const;
const KINDS = [...COMMANDS, 'rollback', 'rollback', 'rollback', 'put back', 'put back', 'put back'] as const;
type Kind =
  (typeof KINDS)[number] | 'apply' | 'mix' | 'by hand' | 'quotas by hand' | 'others by hand' | 'passwd of all';

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
  else if (what === 'passwd of all') for (const [at] of world.state) world.passwd(at, killed);
  else if (what === 'others by hand') world.editOthers();
  else if (what === 'quotas by hand') world.edit(([at, password]) => [at, password, String(choice)]);
  else if (what === 'by hand') {
    let index = 0;
    world.edit((one) => (one[0] === from ? [one[0], `${personOf(one[1])} by hand ${choice} ${index++}`, one[2]] : one));
  } else if (what === 'mix') {
    const other = world.seen[choice % world.seen.length]?.find(([one]) => one === from);
    const rest = world.state.filter(([one]) => one !== from);
    world.put(other === undefined ? rest : [...rest, other]);
  } else {
    world.apply();
    expectOwn(world);
  }
}

/** A password that is set when nothing else was done to the address is not written down. */
function mention(world: World): void {
  for (const [at] of world.state) {
    world.rename(at, 'between', false);
    world.rename('between', at, false);
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

  it('is never another’s, and known, where earlier states are put back among commands and edits of other things', () => {
    const kinds = [
      ...COMMANDS,
      'passwd of all',
      'others by hand',
      'quotas by hand',
      'put back',
      'put back',
      'apply',
    ] as const;
    fc.assert(
      fc.property(history, fc.array(step(...kinds), { maxLength: 12 }), (before, steps) => {
        const world = worldAfter(before);
        mention(world);
        for (const one of steps) {
          run(world, one);
          if (one.do === 'apply') mention(world);
        }
        world.apply();
        expectOwn(world);
        expect([world.unknown, world.robbed]).toEqual([[], []]);
      }),
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
