import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finderOf } from '../../../src/core/log/needles.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function placeIn(text: string, needles: readonly string[], from = 0): number {
  const haystack = bytes(text);
  return finderOf(needles.map(bytes))(haystack, from, haystack.length);
}

describe('the search for many needles', () => {
  it.each([
    ['the first of them', 'x needle hay straw', ['straw', 'needle'], 2],
    ['at the very beginning', 'needle', ['needle'], 0],
    ['at the very end', 'hay needle', ['needle'], 4],
    ['in another case', 'hay NEEdle', ['needLE'], 4],
    ['one inside another', 'xx needless', ['needless', 'needle'], 3],
    ['a longer one that does not fit any more', 'xx needle', ['needless', 'dl'], 6],
    ['none', 'hay nedle neeedle', ['needle'], -1],
    ['none of none', 'hay', [], -1],
    ['beyond ASCII', 'für alice@bücher.test', ['@bücher'], bytes('für alice').length],
  ])('finds %s', (_, text, needles, place) => {
    expect(placeIn(text, needles)).toBe(place);
  });

  it('does not find what begins before `from` or ends behind `to`', () => {
    expect(placeIn('needle', ['needle'], 1)).toBe(-1);
    expect(finderOf([bytes('needle')])(bytes('needle'), 0, 5)).toBe(-1);
  });

  it('finds what a look at every place finds', () => {
    const letter = fc.constantFrom('a', 'b', 'A', 'B', 'z', '@', '<');
    const word = fc.string({ unit: letter, minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.string({ unit: letter, maxLength: 80 }),
        fc.array(word, { minLength: 1, maxLength: 8 }),
        (text, needles) => {
          const places = needles
            .map((one) => text.toLowerCase().indexOf(one.toLowerCase()))
            .filter((place) => place >= 0);
          expect(placeIn(text, needles)).toBe(places.length === 0 ? -1 : Math.min(...places));
        },
      ),
    );
  });
});
