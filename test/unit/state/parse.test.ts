import { describe, expect, it } from 'vitest';
import { absoluteSpans } from '../../../src/core/state/layout.ts';
import { parseState } from '../../../src/core/state/parse.ts';

describe('parseState', () => {
  it.each<[string, unknown]>([
    ['', {}],
    ['# nothing\n', {}],
    ['---\n', {}],
    ['a: 1\nb: [x, 2, true, null]\n', { a: 1, b: ['x', 2, true, null] }],
    ['123: a\ntrue: b\nnull: c\n0x1F: d\n~: e\n1.50: f\n', { '123': 'a', true: 'b', null: 'c', '0x1F': 'd', '~': 'e', '1.50': 'f' }],
    ['a: yes\nb: 2024-01-01\nc: .inf\nd: 0o17\n', { a: 'yes', b: '2024-01-01', c: '.inf', d: 15 }],
    ['a: &x [1]\nb: *x\n', { a: [1], b: [1] }],
    ['a: !!str 12\n', { a: '12' }],
    ['"<<": 1\n', { '<<': 1 }],
    ['\uFEFFa: "x\r\n  y"\r\nb: |\r\n  z\r\n', { a: 'x y', b: 'z\n' }],
  ])('reads %j', (text, data) => {
    const parsed = parseState(text);
    expect(parsed.problems).toEqual([]);
    expect(parsed.data).toEqual(data);
  }); // prettier-ignore

  it('takes __proto__ for a key like any other', () => {
    const { data } = parseState('a: {__proto__: {evil: 1}}\n__proto__: {evil: 2}\n');
    expect(Object.keys(data)).toEqual(['a', '__proto__']);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect((data as Record<string, unknown>)['evil']).toBeUndefined();
    expect(Object.keys(data['a'] as object)).toEqual(['__proto__']);
  });

  it.each<[string, string, [number, number], string]>([
    ['a: 1\nb: 2\na: 3\n', 'duplicate-key', [3, 1], 'The key `a` is there on line 1 and again on line 3'],
    ['a: {b: 1, b: 2}\n', 'duplicate-key', [1, 11], 'The key `b` is there twice on line 1'],
    ['a: 1\n---\nb: 2\n', 'several-documents', [2, 1], 'A second YAML document starts here: a state is one document'],
    ['- a\n', 'top-level', [1, 1], 'The file must hold a map of keys like `users:` and `domains:` at its top level'],
    ['\uFEFFx\n', 'top-level', [1, 1], 'The file must hold a map of keys like `users:` and `domains:` at its top level'],
    ['a: !foo x\n', 'tag', [1, 9], 'The tag `!foo` is not supported'],
    ['a: !!binary eA==\n', 'tag', [1, 13], 'The tag `!!binary` is not supported'],
    ['a: &x {b: 1}\nc:\n  <<: *x\n', 'merge-key', [3, 3], 'Merge keys (`<<`) are not supported'],
    ['? [a]\n: 1\n', 'complex-key', [1, 3], 'A key must be a plain text, not a map, a list or an alias'],
    ['a: *x\n', 'alias', [1, 4], 'The alias `*x` has no anchor `&x` before it'],
    ['a: &x [*x]\n', 'alias', [1, 8], 'The alias `*x` stands inside of what it means'],
    ['a: @x\n', 'syntax', [1, 4], 'A text cannot start with this character (plain value cannot start with reserved character @)'],
    ['a:\n\tb: 1\n', 'syntax', [2, 1], 'Tabs cannot be used for indentation'],
  ])('reports %j', (text, rule, [line, column], message) => {
    const [problem] = parseState(text).problems;
    expect(problem).toMatchObject({ rule, severity: 'error', position: { line, column }, message });
  }); // prettier-ignore

  it('reports all syntax errors, each on one line', () => {
    const { problems, data } = parseState('a: "\\q"\nb: @x\n');
    expect(problems.map(({ position }) => position)).toEqual([{ line: 1, column: 5 }, { line: 2, column: 4 }]);
    expect(problems.every(({ message }) => !message.includes('\n'))).toBe(true);
    expect(data).toEqual({});
  }); // prettier-ignore

  it('is not blown up by aliases', () => {
    const levels = Array.from({ length: 30 }, (_, at) => `l${at}: &l${at} [${Array(9).fill(at === 0 ? 'x' : `*l${at - 1}`).join(', ')}]`);
    const { problems } = parseState(`${levels.join('\n')}\n`);
    expect(problems.map(({ rule }) => rule)).toEqual(['alias']);
  }); // prettier-ignore

  it('finds duplicates among thousands of keys fast', () => {
    const users = Array.from({ length: 5000 }, (_, at) => `  u${at}: {}\n`).join('');
    const { problems } = parseState(`users:\n${users}  u17: {}\n`);
    expect(problems.map(({ path, position }) => [path, position?.line])).toEqual([[['users', 'u17'], 5002]]);
  });
});

describe('locate', () => {
  const parsed = parseState('a:\r\n  b: [x, {c: 1}]\r\n  d:\r\ne: &e\r\n  f: 1\r\ng: *e\r\n');
  it.each<[(string | number)[], 'key' | 'value', [number, number]]>([
    [['a'], 'key', [1, 1]],
    [['a'], 'value', [2, 3]],
    [['a', 'b', 0], 'value', [2, 7]],
    [['a', 'b', 1, 'c'], 'key', [2, 11]],
    [['a', 'b', 1, 'c'], 'value', [2, 14]],
    [['a', 'd'], 'value', [3, 3]],
    [['a', 'd', 'x'], 'value', [3, 3]],
    [['a', 'b', 7, 'x'], 'key', [2, 3]],
    [['g', 'f'], 'value', [5, 6]],
    [[], 'value', [1, 1]],
    [['none'], 'key', [1, 1]],
  ])('%j %s', (path, at, [line, column]) => {
    expect(parsed.locate(path, at)).toEqual({ line, column });
  });
});

describe('layout', () => {
  it('gives the lines of each entry', () => {
    const text = '# top\r\nversion: 1\r\nu:\r\n  # c\r\n  a:\r\n    b: |\r\n      x\r\n\r\n  c: {} # d\r\n  # end\r\nv:\r\n    w: 1';
    const { layout } = parseState(text);
    if (layout === undefined) throw new Error('no layout');
    expect(layout.eol).toBe('\r\n');
    expect(layout.sections.map(({ key, indent, keys }) => [key, indent, keys])).toEqual([['u', 2, ['a', 'c']], ['v', 4, ['w']]]);
    const lines = absoluteSpans(layout).map((spans) => spans.map(({ start, end }) => text.slice(start, end)));
    expect(lines).toEqual([['  a:\r\n    b: |\r\n      x\r\n', '  c: {} # d\r\n'], ['    w: 1']]);
    expect(JSON.parse(JSON.stringify(layout))).toEqual(layout);
  }); // prettier-ignore

  it.each(['u: &x\n  a: 1\n', 'u:\n  a: !!str 1\n', '{u: {a: 1}}\n', 'u:\n  a: 1\r\nv: 1\n', 'u:\n  a: |+\n    x\n\n', 'a: 1\na: 2\n'])('is undefined for %j', (text) => {
    expect(parseState(text).layout).toBeUndefined();
  }); // prettier-ignore

  it.each(['u:\n  ? a\n  : 1\n', 'u: {a: 1}\n', 'u:\n- a\n', 'u: 1\n'])('has no section for %j', (text) => {
    expect(parseState(text).layout?.sections).toEqual([]);
  });
});
