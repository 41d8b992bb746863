import { describe, expect, it } from 'vitest';
import { personOf, World } from './world.ts';

/** One password by hand, of which nothing is ever written down. */
const byHand = (world: World, ...addresses: readonly string[]): void => {
  world.edit((one) => (addresses.includes(one[0]) ? [one[0], `${personOf(one[1])} by hand`, one[2]] : one));
};
const quotas = (world: World): void => world.edit(([at, password]) => [at, password, '1 GB']);
const passwd = (world: World, ...addresses: readonly string[]): void => {
  for (const one of addresses) world.passwd(one, false);
};
const swap = (world: World): void => {
  world.rename('a', 'between', false);
  world.rename('b', 'a', false);
  world.rename('between', 'b', false);
};
const replace = (world: World): void => {
  world.remove('a', false);
  world.add('a', false);
};
const takeOver = (world: World): void => {
  world.remove('a', false);
  world.rename('b', 'a', false);
};
const undone = (world: World, commands: (world: World) => void): void => {
  const { state } = world;
  commands(world);
  world.put(state);
};

type Row = [string, (world: World) => void];

/** Who has which address, of two who had one each at the last apply. */
function worldAfter(steps: (world: World) => void): World {
  const world = new World();
  for (const one of ['a', 'b']) world.add(one, false);
  world.apply();
  steps(world);
  world.apply();
  for (const [at, password] of world.state) expect(world.mailboxes.get(at)).toBe(personOf(password));
  return world;
}

describe('what was undone by putting the state back', () => {
  it.each([
    ['passwd; replaced, undone', (w) => (passwd(w, 'a'), undone(w, replace))],
    ['swapped, undone; others by hand; passwd', (w) => (undone(w, swap), w.editOthers(), passwd(w, 'a', 'b'))],
    ['others; swapped, undone; passwd', (w) => (w.editOthers(), undone(w, swap), passwd(w, 'a', 'b'))],
    ['others; replaced, undone; passwd', (w) => (w.editOthers(), undone(w, replace), passwd(w, 'a'))],
    ['others; taken over, undone; passwd', (w) => (w.editOthers(), undone(w, takeOver), passwd(w, 'a', 'b'))],
    ['swapped, undone; quotas by hand', (w) => (undone(w, swap), quotas(w))],
    ['swapped, undone; quotas by hand; passwd', (w) => (undone(w, swap), quotas(w), passwd(w, 'b', 'a'))],
    ['replaced, undone; quotas by hand', (w) => (undone(w, replace), quotas(w))],
    ['replaced, undone; quotas by hand; passwd', (w) => (undone(w, replace), quotas(w), passwd(w, 'a'))],
    [
      'swapped, undone; one by hand, then passwd of the other',
      (w) => (undone(w, swap), byHand(w, 'a'), passwd(w, 'b')),
    ],
    [
      'swapped, undone; one by hand, then passwd of both',
      (w) => (undone(w, swap), byHand(w, 'a'), passwd(w, 'a', 'b')),
    ],
    ['swapped, undone; one by hand', (w) => (undone(w, swap), byHand(w, 'b'))],
    [
      'swapped, undone; one by hand, a command, the other',
      (w) => (undone(w, swap), byHand(w, 'a'), w.add('c', false), byHand(w, 'b')),
    ],
    ['by hand; replaced, undone', (w) => (byHand(w, 'a'), undone(w, replace))],
    ['by hand; swapped, undone', (w) => (byHand(w, 'a'), undone(w, swap))],
    ['passwd of both; swapped, undone', (w) => (passwd(w, 'a', 'b'), undone(w, swap))],
    ['passwd; taken over, undone', (w) => (passwd(w, 'a'), undone(w, takeOver))],
    ['replaced, undone; another by hand, and passwd', (w) => (undone(w, replace), byHand(w, 'b'), passwd(w, 'a'))],
    ['replaced, undone; a command, and by hand', (w) => (undone(w, replace), w.add('c', false), byHand(w, 'b'))],
    ['twice; passwd between', (w) => (undone(w, swap), passwd(w, 'a', 'b'), undone(w, swap), passwd(w, 'b', 'a'))],
    ['taken over, undone; by hand', (w) => (undone(w, takeOver), byHand(w, 'a'))],
    ['renamed, undone; by hand', (w) => (undone(w, (one) => one.rename('a', 'c', false)), byHand(w, 'a', 'b'))],
  ] satisfies Row[])('takes no mailbox from anybody: %s', (_, steps) => {
    expect(worldAfter(steps)).toMatchObject({ robbed: [], unknown: [] });
  });

  it.each([
    ['renamed; passwd', (w) => (w.rename('a', 'c', false), passwd(w, 'c'))],
    ['renamed; by hand', (w) => (w.rename('a', 'c', false), byHand(w, 'c'))],
    ['renamed in a row; by hand', (w) => (w.rename('a', 'c', false), w.rename('b', 'a', false), byHand(w, 'a', 'c'))],
    ['renamed, another came; by hand', (w) => (w.rename('a', 'c', false), w.add('a', false), byHand(w, 'a', 'c'))],
    ['swapped; passwd', (w) => (swap(w), passwd(w, 'a', 'b'))],
    ['swapped; quotas by hand', (w) => (swap(w), quotas(w))],
    ['swapped; one by hand', (w) => (swap(w), byHand(w, 'a'))],
    [
      'swapped; one by hand, a command, the other',
      (w) => (swap(w), byHand(w, 'a'), w.editOthers(), w.add('c', false), byHand(w, 'b')),
    ],
    [
      'swapped; undone and done again; passwd',
      (w) => {
        const { state } = w;
        swap(w);
        const swapped = w.state;
        w.put(state);
        passwd(w, 'a', 'b');
        w.put(swapped);
        passwd(w, 'b', 'a');
      },
    ],
    ['replaced; passwd', (w) => (replace(w), passwd(w, 'a'))],
    ['taken over; passwd', (w) => (takeOver(w), passwd(w, 'a'))],
    ['taken over; by hand', (w) => (takeOver(w), byHand(w, 'a'))],
  ] satisfies Row[])('and what was not comes to pass: %s', (_, steps) => {
    expect(worldAfter(steps)).toMatchObject({ robbed: [], unknown: [] });
  });

  it.each([
    ['swapped, undone', (w) => undone(w, swap)],
    ['swapped', swap],
    [
      'swapped, undone, and a command when nobody was known any more',
      (w) => (undone(w, swap), byHand(w, 'a', 'b'), w.add('c', false)),
    ],
    ['taken over, undone', (w) => undone(w, takeOver)],
    ['others; taken over, undone', (w) => (w.editOthers(), undone(w, takeOver))],
  ] satisfies Row[])('gives nobody another’s where both have a password that nobody ever saw: %s', (_, steps) => {
    const { robbed, unknown } = worldAfter((world) => (steps(world), byHand(world, 'a', 'b')));
    expect([robbed.length, [...unknown].sort()]).toEqual([2, ['a', 'b']]);
  });

  it('gives nobody the mailbox of a former user where that was undone, done again, and the password is nobody’s', () => {
    const world = worldAfter((one) => {
      const { state } = one;
      replace(one);
      const replaced = one.state;
      one.put(state);
      one.add('c', false);
      one.put(replaced);
      byHand(one, 'a');
    });
    expect(world.unknown).toEqual(['a']);
  });
});
