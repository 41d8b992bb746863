import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { changesBetween } from '../../../src/core/state/edit/changes.ts';
import type { Change } from '../../../src/core/state/edit/changes.ts';
import { editText } from '../../../src/core/state/edit/edit-text.ts';
import { spliceWithLayout } from '../../../src/core/state/edit/splice-entries.ts';
import { spliceChanges } from '../../../src/core/state/edit/splice.ts';
import { UneditableError } from '../../../src/core/state/edit/uneditable.ts';
import { parseState } from '../../../src/core/state/parse.ts';

type Row = readonly [what: string, text: string, changes: Readonly<Record<string, Json | undefined>>, expected: string];

/** Paths are written with `/` between the keys. */
function changesOf(given: Readonly<Record<string, Json | undefined>>): Change[] {
  return Object.entries(given).map(([path, value]) => ({ path: path.split('/'), value }));
}

const SCALARS: readonly Row[] = [
  ['plain', 'a: 1 # c\nb: 2\n', { a: 5 }, 'a: 5 # c\nb: 2\n'],
  ['keeps single quotes', "a: 'x' # c\n", { a: "it's" }, "a: 'it''s' # c\n"],
  ['keeps double quotes', 'a: "x" # c\n', { a: 'y' }, 'a: "y" # c\n'],
  ['a number is not quoted', 'a: "x"\n', { a: 3 }, 'a: 3\n'],
  ['looks like a number', 'a: x\n', { a: '12' }, 'a: "12"\n'],
  ['looks like a date', 'a: x\n', { a: '2024-01-01' }, 'a: "2024-01-01"\n'],
  ['looks like a boolean', 'a: x\n', { a: 'yes' }, 'a: "yes"\n'],
  ['colon and hash', 'a: x\n', { a: 'b: c #d' }, 'a: "b: c #d"\n'],
  ['braces', 'a: x\n', { a: '{PLAIN}x' }, 'a: "{PLAIN}x"\n'],
  ['a comma needs quotes in flow only', 'a: x\nb: {c: x}\n', { a: 'x, y', 'b/c': 'x, y' }, 'a: x, y\nb: {c: "x, y"}\n'],
  ['on the next line', 'a:\n  # why\n  x # c\n', { a: 'z' }, 'a:\n  # why\n  z # c\n'],
  ['several lines', 'a: x\n  y\nb: 1\n', { a: 'z' }, 'a: z\nb: 1\n'],
  ['literal to plain', 'a: | # c\n  x\n  y\n\nb: 1\n', { a: 'z' }, 'a: z # c\n\nb: 1\n'],
  ['literal to literal', 'a: | # c\n  x\n\nb: 1\n', { a: 'y\nz\n' }, 'a: | # c\n  y\n  z\n\nb: 1\n'],
  ['plain to literal', 'a: x # c\nb: 1\n', { a: 'y\nz' }, 'a: |- # c\n  y\n  z\nb: 1\n'],
  ['no literal without final newline', 'a: x', { a: 'y\nz\n' }, 'a: "y\\nz\\n"'],
  ['no literal before a deeper comment', 'a: x\n  # c\n', { a: 'y\nz' }, 'a: "y\\nz"\n  # c\n'],
  ['to list', 'a: x # c\n', { a: ['v', 'z'] }, 'a: [v, z] # c\n'],
  ['to map', 'a: x # c\nb: 1\n', { a: { k: 1, l: { m: 2 } } }, 'a: # c\n  k: 1\n  l:\n    m: 2\nb: 1\n'],
  ['to small map', 'a:\n  b:\n    p: x # c\n', { 'a/b/p': { file: 'x' } }, 'a:\n  b:\n    p: {file: x} # c\n'],
  ['absent to scalar', 'a: # c\nb: 1\n', { a: 'x' }, 'a: x # c\nb: 1\n'],
];

const MAPS: readonly Row[] = [
  ['to an empty file', '', { 'users/a@b.c': { name: 'A' } }, 'users:\n  a@b.c:\n    name: A\n'],
  ['to a file of comments', '# c', { a: 1 }, '# c\na: 1'],
  ['at the end, 4 blanks', 'u:\n    a: {}\nv: 1\n', { 'u/b': { c: {} } }, 'u:\n    a: {}\n    b:\n        c: {}\nv: 1\n'],
  ['before trailing comments', 'u:\n  a: 1 # c\n  # end\n\nv: 1\n', { 'u/b': 2 }, 'u:\n  a: 1 # c\n  b: 2\n  # end\n\nv: 1\n'],
  ['to nothing', 'u: # c\n  # d\nv: 1\n', { 'u/b': {} }, 'u: # c\n  b: {}\n  # d\nv: 1\n'],
  ['to null', 'u: null # c\n', { 'u/b': {} }, 'u: # c\n  b: {}\n'],
  ['to {}', 'u: {} # c\nv: 1\n', { 'u/b': { l: ['x'] } }, 'u: # c\n  b:\n    l: [x]\nv: 1\n'],
  ['missing parents', 'v: 1\n', { 'u/b/c/d': 1 }, 'v: 1\nu:\n  b:\n    c: {d: 1}\n'],
  ['CRLF', 'u:\r\n  a: 1\r\n', { 'u/b': 2 }, 'u:\r\n  a: 1\r\n  b: 2\r\n'],
  ['BOM, no final newline', '\uFEFFu:\n  a: 1', { 'u/b': 2, w: 1 }, '\uFEFFu:\n  a: 1\n  b: 2\nw: 1'],
  ['before the end mark', '---\na: 1\n...\n', { b: 2 }, '---\na: 1\nb: 2\n...\n'],
  ['odd keys', 'u: {}\n', { 'u/*': 1, 'u/@x': 1, 'u/a: b': 1, "u/o'x": 1 }, 'u:\n  "*": 1\n  "@x": 1\n  "a: b": 1\n  o\'x: 1\n'],
  ['list of maps', 'u:\n  a: {}\n', { 'u/a/f': [{ k: 1 }, { k: 2 }] }, 'u:\n  a:\n    f:\n      - {k: 1}\n      - {k: 2}\n'],
  ['remove', 'u:\n  # top\n  a: 1 # c\n  # mid\n  b:\n    c: 2\n  # end\n', { 'u/a': undefined }, 'u:\n  # top\n  # mid\n  b:\n    c: 2\n  # end\n'],
  ['remove the last', 'u: # u\n  # top\n  a: 1 # c\n  # end\nv: 1\n', { 'u/a': undefined }, 'u: {} # u\n  # top\n  # end\nv: 1\n'],
  ['remove a section', '# a\na:\n  b: 1\n\n# c\nc: 1\n', { a: undefined }, '# a\n\n# c\nc: 1\n'],
  ['remove after BOM', '\uFEFFa: 1\nb: 2\n', { a: undefined }, '\uFEFFb: 2\n'],
  ['remove and add without final newline', 'a: 1\nb: 2', { b: undefined, c: 3 }, 'a: 1\nc: 3'],
  ['a list becomes empty', 'a:\n  - x\nb: 1\n', { a: [] }, 'a: []\nb: 1\n'],
  ['a list becomes a scalar', 'a: # c\n  - x\nb: 1\n', { a: 'x' }, 'a: x # c\nb: 1\n'],
]; // prettier-ignore

const FLOWS: readonly Row[] = [
  ['add', 'a: {b: 1, c: 2} # c\n', { 'a/d': 3 }, 'a: {b: 1, c: 2, d: 3} # c\n'],
  ['add with blanks', 'a: { b: 1 }\n', { 'a/d': 3 }, 'a: { b: 1, d: 3 }\n'],
  ['add behind a trailing comma', 'a: {b: 1,}\n', { 'a/d': 3 }, 'a: {b: 1, d: 3,}\n'],
  ['add on a line', 'a: {\n  b: 1 # b\n}\n', { 'a/d': 3 }, 'a: {\n  b: 1, # b\n  d: 3\n}\n'],
  ['add on a line behind a comma', 'a: {\n  b: 1, # b\n}\n', { 'a/d': 3 }, 'a: {\n  b: 1, # b\n  d: 3,\n}\n'],
  ['fill nested {}', 'a: {b: {}}\n', { 'a/b/c': 1 }, 'a: {b: {c: 1}}\n'],
  ['fill {} with comments', 'a: {\n  # c\n}\n', { 'a/b': 1 }, 'a: {b: 1\n  # c\n}\n'],
  ['value of a lone key', 'a: {b, c: }\n', { 'a/b': 1, 'a/c': 2 }, 'a: {b: 1, c: 2 }\n'],
  ['remove first', 'a: {b: 1, c: 2}\n', { 'a/b': undefined }, 'a: {c: 2}\n'],
  ['remove middle', 'a: {b: 1, c: 2, d: 3}\n', { 'a/c': undefined }, 'a: {b: 1, d: 3}\n'],
  ['remove last', 'a: {b: 1, c: 2}\n', { 'a/c': undefined }, 'a: {b: 1}\n'],
  ['remove last two', 'a: { b: 1, c: 2, d: 3 }\n', { 'a/c': undefined, 'a/d': undefined }, 'a: { b: 1 }\n'],
  ['remove all', 'a: { b: 1 } # c\n', { 'a/b': undefined }, 'a: {} # c\n'],
  ['remove a line', 'a: {\n  b: 1, # b\n  # c\n  c: 2 # d\n}\n', { 'a/b': undefined }, 'a: {\n  # c\n  c: 2 # d\n}\n'],
  ['remove the last line', 'a: {\n  b: 1, # b\n  c: 2 # d\n}\n', { 'a/c': undefined }, 'a: {\n  b: 1, # b\n}\n'],
];

const LISTS: readonly Row[] = [
  ['flow', 'a: [x, y, z] # c\n', { a: ['x', 'z', 'w'] }, 'a: [x, z, w] # c\n'],
  ['flow, first', 'a: [x, y]\n', { a: ['w', 'x', 'y'] }, 'a: [w, x, y]\n'],
  ['flow, lines', 'a: [\n  x, # x\n  y # y\n]\n', { a: ['x', 'y', 'z'] }, 'a: [\n  x, # x\n  y, # y\n  z\n]\n'],
  ['block', 'a:\n  - x # x\n  # y\n  - y\nb: 1\n', { a: ['x', 'z'] }, 'a:\n  - x # x\n  # y\n  - z\nb: 1\n'],
  ['block, first', 'a:\n- x # x\n- y\n', { a: ['w', 'x', 'y'] }, 'a:\n- w\n- x # x\n- y\n'],
  ['block, no final newline', 'a:\n- x', { a: ['x', 'z'] }, 'a:\n- x\n- z'],
  ['map in block list', 'a:\n  - b: 1\n    c: 2 # c\n  - d\n', { a: [{ b: 3, c: 2 }, 'd'] }, 'a:\n  - b: 3\n    c: 2 # c\n  - d\n'],
  ['first key of a map in a list', 'a:\n  - b: 1\n    c: 2\n', { a: [{ c: 2 }] }, 'a:\n  - c: 2\n'],
  ['map in flow list', 'a: [{b: 1, c: "x"}, d]\n', { a: [{ b: 2, c: 'x' }, 'd'] }, 'a: [{b: 2, c: "x"}, d]\n'],
  ['nested compact', 'a:\n- - x\n  - y\n', { a: [['z']] }, 'a:\n- [z]\n'],
]; // prettier-ignore

describe('spliceChanges', () => {
  describe.each([
    ['scalars', SCALARS],
    ['block maps', MAPS],
    ['flow maps', FLOWS],
    ['lists', LISTS],
  ])('%s', (_, rows) => {
    it.each(rows)('%s', (_what, text, changes, expected) => {
      expect(spliceChanges(text, changesOf(changes))).toBe(expected);
    });
  });

  it.each([
    ['a: &x {b: 1}\nc: *x\n', { 'c/b': 2 }, ['c']],
    ['a: &x {b: 1}\nc: *x\n', { 'a/b': 2 }, ['a', 'b']],
    ['a: &x {b: 1}\nc: *x\n', { a: undefined }, ['a']],
    ['a: [1\n', { a: 1 }, ['a']],
    ['- a\n', { a: 1 }, ['a']],
  ])('refuses %j', (text, changes, path) => {
    const error = (() => {
      try {
        return spliceChanges(text, changesOf(changes));
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(UneditableError);
    expect(error).toMatchObject({ path, message: expect.stringContaining('edit the file by hand') as string });
  });

  it('edits beside anchors', () => {
    expect(spliceChanges('a: &x {b: 1}\nc: *x\n', changesOf({ d: 2, c: 3 }))).toBe('a: &x {b: 1}\nc: 3\nd: 2\n');
  });
});

describe('changesBetween', () => {
  it.each<[Record<string, Json>, Record<string, Json>, Change[]]>([
    [{ a: 1 }, { a: 1 }, []],
    [{ a: null }, { a: {} }, []],
    [{ a: null }, { a: { b: 1 } }, [{ path: ['a', 'b'], value: 1 }]],
    [{ a: { b: 1 } }, { a: null }, [{ path: ['a'], value: null }]],
    [{ a: { b: 1 } }, { a: {} }, [{ path: ['a', 'b'], value: undefined }]],
    [{ a: { b: [1, 2], c: 1 } }, { a: { b: [1], c: 1 } }, [{ path: ['a', 'b'], value: [1] }]],
    [{ a: 1 }, { b: { c: 1 } }, [{ path: ['a'], value: undefined }, { path: ['b'], value: { c: 1 } }]],
  ])('%j to %j', (before, after, changes) => {
    expect(changesBetween(before, after)).toEqual(changes);
  });
}); // prettier-ignore

describe('spliceWithLayout', () => {
  const users = Array.from({ length: 10_000 }, (_, at) => `  u${at}@example.com:\n    name: User ${at} # ${at}\n`);
  const text = `version: 1\nusers:\n${users.join('')}groups:\n  a: {members: []}\n`;
  const parsed = parseState(text);
  const layout = parsed.layout;

  it('is compact', () => {
    expect(JSON.stringify(layout).length).toBeLessThan(text.length * 0.6);
  });

  it('edits one of ten thousand entries in a few milliseconds', () => {
    if (layout === undefined) throw new Error('no layout');
    const changes = changesOf({ 'users/u7@example.com/name': 'X', 'users/new@example.com': { name: 'New' } });
    const started = performance.now();
    const result = spliceWithLayout(text, layout, changes);
    const spent = performance.now() - started;
    expect(result?.text).toContain('name: X # 7\n');
    expect(result?.text).toContain('# 9999\n  new@example.com:\n    name: New\ngroups:\n');
    expect(result?.layout).toEqual(parseState(result?.text ?? '').layout);
    expect(spent).toBeLessThan(100);
  });

  it('leaves to spliceChanges what is no entry', () => {
    if (layout === undefined) throw new Error('no layout');
    expect(spliceWithLayout(text, layout, changesOf({ version: 2 }))).toBeUndefined();
    expect(spliceWithLayout(text, layout, changesOf({ 'groups/a': undefined }))).toBeUndefined();
    expect(spliceWithLayout(text, layout, changesOf({ 'aliases/a': 'b' }))).toBeUndefined();
  });

  it('is chosen by editText when it can do the work', () => {
    const small = parseState('users:\n  a: {x: 1}\n');
    const fast = editText('users:\n  a: {x: 1}\n', small.layout, small.data, { users: { a: { x: 2 } } });
    expect(fast.text).toBe('users:\n  a: {x: 2}\n');
    expect(fast.layout).toEqual(small.layout);
    const slow = editText('users:\n  a: {x: 1}\n', small.layout, small.data, {});
    expect(slow).toEqual({ text: '', layout: undefined });
  });
});
