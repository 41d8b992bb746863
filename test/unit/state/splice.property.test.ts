import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { isObject } from '../../../src/core/json.ts';
import type { Json } from '../../../src/core/json.ts';
import { changesBetween, sameJson } from '../../../src/core/state/edit/changes.ts';
import type { Change } from '../../../src/core/state/edit/changes.ts';
import { spliceWithLayout } from '../../../src/core/state/edit/splice-entries.ts';
import { spliceChanges } from '../../../src/core/state/edit/splice.ts';
import { UneditableError } from '../../../src/core/state/edit/uneditable.ts';
import { parseState } from '../../../src/core/state/parse.ts';
import { Random } from './random.ts';
import { editRandomly, randomState } from './random-data.ts';
import { writeRandomly } from './random-yaml.ts';
import type { Line, RandomText } from './random-yaml.ts';

vi.setConfig({ testTimeout: 600_000 });
const RUNS = Number(process.env['EBOXMAIL_TEST_RUNS'] ?? 200);

interface Case extends RandomText {
  readonly before: JsonObject;
  readonly after: JsonObject;
}

function randomCase(seed: number): Case {
  const random = new Random(seed);
  const before = randomState(random);
  const written = writeRandomly(before, random.below(2 ** 31));
  return { ...written, before, after: editRandomly(before, random) };
}

function check(property: (given: Case) => void): void {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => property(randomCase(seed))),
    { numRuns: RUNS },
  );
}

describe('spliceChanges with random texts', () => {
  it('reads what was written', () => {
    check(({ text, before }) => {
      const { data, problems } = parseState(text);
      expect(problems.filter(({ rule }) => rule !== 'merge-key')).toEqual([]);
      expect(sameJson(data, before), text).toBe(true);
    });
  });

  it('says what it should say, and leaves all other lines as they are', () => {
    let refused = 0;
    let done = 0;
    check(({ text, lines, before, after }) => {
      const changes = changesBetween(before, after);
      let edited: string;
      try {
        edited = spliceChanges(text, changes);
      } catch (error) {
        if (!(error instanceof UneditableError)) throw error;
        refused += 1;
        if (process.env['EBOXMAIL_TEST_SHOW'] === '1') console.log(`${text}\n=====\n${JSON.stringify(changes)}\n`);
        return;
      }
      done += 1;
      expect(sameJson(parseState(edited).data, after), edited).toBe(true);
      const lost = missingLines(untouched(lines, changes, before, after), edited);
      expect(lost, `${text}\n=====\n${JSON.stringify(changes)}\n=====\n${edited}`).toEqual([]);
      const gone = comments(lines, changes).filter((comment) => !edited.includes(comment));
      expect(gone, `${text}\n=====\n${JSON.stringify(changes)}\n=====\n${edited}`).toEqual([]);
      if (!text.includes('\r')) expect(edited.includes('\r')).toBe(false);
      else expect(/[^\r]\n/.test(edited)).toBe(false);
      expect(edited.startsWith('\uFEFF')).toBe(text.startsWith('\uFEFF'));
    });
    expect(refused / (refused + done)).toBeLessThan(0.02);
  });

  it('does the same the fast way, with the layout of the new text', () => {
    let fast = 0;
    check(({ text, before, after }) => {
      const { layout } = parseState(text);
      const changes = changesBetween(before, after).filter(({ path }) => path.length >= 2);
      if (layout === undefined || changes.length === 0) return;
      const result = attempt(() => spliceWithLayout(text, layout, changes));
      if (result === undefined) return;
      const slow = attempt(() => spliceChanges(text, changes));
      if (result === 'refused' || slow === 'refused') return void expect(slow).toBe(result);
      fast += 1;
      expect(result.text).toBe(slow);
      expect(result.layout).toEqual(parseState(result.text).layout);
    });
    expect(fast).toBeGreaterThan(RUNS / 10);
  });
});

function attempt<T>(action: () => T): T | 'refused' {
  try {
    return action();
  } catch (error) {
    if (error instanceof UneditableError) return 'refused';
    throw error;
  }
}

/** The lines that no change is about. */
function untouched(
  lines: readonly Line[],
  changes: readonly Change[],
  before: JsonObject,
  after: JsonObject,
): string[] {
  const paths = changes.map(({ path }) => path);
  const free = lines.filter(
    ({ owners }) =>
      !owners.some((owner) => paths.some((path) => concerns(owner.path, owner.whole, path, before, after))),
  );
  return free.map(({ text }) => text).filter((text) => text.trim() !== '');
}

/** The comments that are not inside of what is removed, also those on changed lines. */
function comments(lines: readonly Line[], changes: readonly Change[]): string[] {
  return lines.flatMap(({ text, owners }) => {
    const comment = owners.find(({ comment }) => comment !== undefined);
    if (comment?.comment === undefined || comment.whole) return [];
    const lost = changes.some(({ path, value }) => {
      const above = path.every((key, at) => comment.path[at] === key);
      return above && (value === undefined || path.length < comment.path.length);
    });
    return lost || !text.includes(comment.comment) ? [] : [comment.comment];
  });
}

function concerns(
  owner: readonly string[],
  whole: boolean,
  path: readonly string[],
  before: JsonObject,
  after: JsonObject,
): boolean {
  if (path.every((key, at) => owner[at] === key)) return true;
  if (!owner.every((key, at) => path[at] === key)) return false;
  if (whole) return true;
  return owner.length > 0 && (isEmpty(valueAt(before, owner)) || isEmpty(valueAt(after, owner)));
}

function valueAt(data: Json, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    data,
  );
}

function isEmpty(value: Json | undefined): boolean {
  return !isObject(value) || Object.keys(value).length === 0;
}

/** Those of the lines that are not in the text in this order. */
function missingLines(lines: readonly string[], text: string): string[] {
  const there = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  let from = 0;
  return lines.filter((line) => {
    const at = there.indexOf(line, from);
    if (at !== -1) from = at + 1;
    return at === -1;
  });
}
