import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { sameJson } from '../../../src/core/state/edit/changes.ts';

describe('two values of a state', () => {
  it.each<[Json, Json]>([
    [
      { a: 1, b: [{ c: null }] },
      { b: [{ c: {} }], a: 1 },
    ],
    [null, {}],
    [{ a: { b: null } }, { a: { b: {} } }],
    [JSON.parse('{"__proto__": 1}') as Json, JSON.parse('{"__proto__": 1}') as Json],
  ])('%j and %j are the same', (one, other) => {
    expect([sameJson(one, other), sameJson(other, one)]).toEqual([true, true]);
  });

  it.each<[Json, Json]>([
    [{ a: 1 }, { a: 1, b: null }],
    [{ a: 1 }, { b: 1 }],
    [{ a: null }, {}],
    [null, { a: null }],
    [{}, []],
    [['a'], { 0: 'a' }],
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    [JSON.parse('{"__proto__": 1}') as Json, {}],
    ['', null],
    [0, false],
  ])('%j and %j are not', (one, other) => {
    expect([sameJson(one, other), sameJson(other, one)]).toEqual([false, false]);
  });

  it('nothing is not the same as null', () => {
    expect([sameJson(undefined, null), sameJson(undefined, undefined)]).toEqual([false, true]);
  });
});
