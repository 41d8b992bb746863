import { describe, expect, it } from 'vitest';
import { isObject, type Json, type JsonObject } from '../../../src/core/json.ts';
import { editText } from '../../../src/core/state/edit/edit-text.ts';
import { parseState } from '../../../src/core/state/parse.ts';
import { UneditableError } from '../../../src/core/state/edit/uneditable.ts';

/** The data with another key for an entry of `users`, in its place. */
function renamed(data: JsonObject, from: string, to: string): JsonObject {
  const users = data['users'];
  const entries = Object.entries(isObject(users) ? users : {}).map(([key, value]): [string, Json] => [
    key === from ? to : key,
    value,
  ]);
  return { ...data, users: Object.fromEntries(entries) };
}

const B = 'b@example.com';

describe('a key that changes', () => {
  it.each([
    [
      'in its place, with its comments',
      'users:\n  # top\n  a: # c\n    x: 1 # d\n\n  # mid\n  z:\n',
      'users:\n  # top\n  b@example.com: # c\n    x: 1 # d\n\n  # mid\n  z:\n',
    ],
    ['without a value', 'users:\n  a: # c\n  z: {}\n', 'users:\n  b@example.com: # c\n  z: {}\n'],
    ['in double quotes', 'users:\n  "a": {x: 1}\n', 'users:\n  "b@example.com": {x: 1}\n'],
    ['in single quotes', "users:\n  'a': {x: 1}\n", "users:\n  'b@example.com': {x: 1}\n"],
    ['in flow', 'users: {z: {}, a: {x: 1}, y: {}} # c\n', 'users: {z: {}, b@example.com: {x: 1}, y: {}} # c\n'],
    [
      'with CRLF',
      '# \r\nusers:\r\n  z:\r\n    x: 1\r\n  a:\r\n    x: 1 # c\r\n  y: {}\r\n',
      '# \r\nusers:\r\n  z:\r\n    x: 1\r\n  b@example.com:\r\n    x: 1 # c\r\n  y: {}\r\n',
    ],
    ['at the end of a file without a line break', 'users:\n  a: {x: 1}', 'users:\n  b@example.com: {x: 1}'],
    [
      'with an anchor as its value',
      'users:\n  z: &q {x: 1}\n  a: *q\n',
      'users:\n  z: &q {x: 1}\n  b@example.com: *q\n',
    ],
    ['behind a BOM', '\uFEFFusers:\n  a: {x: 1}\n', '\uFEFFusers:\n  b@example.com: {x: 1}\n'],
  ])('%s', (_, text, expected) => {
    const { data, layout } = parseState(text);
    for (const known of [layout, undefined]) {
      const edited = editText(text, known, data, renamed(data, 'a', B));
      expect(edited.text).toBe(expected);
      if (edited.layout !== undefined) expect(edited.layout).toEqual(parseState(expected).layout);
    }
  });

  it('goes along with other changes, and an edit after it finds everything', () => {
    const text = 'users:\n  a: {x: 1} # c\n  z: {}\ngroups:\n  g: {members: [a, z]} # d\n';
    const { data, layout } = parseState(text);
    const after = { ...renamed(data, 'a', B), groups: { g: { members: [B, 'z'] } } };
    const once = editText(text, layout, data, after);
    const expected = 'users:\n  b@example.com: {x: 1} # c\n  z: {}\ngroups:\n  g: {members: [b@example.com, z]} # d\n';
    expect(once.text).toBe(expected);
    const twice = editText(once.text, once.layout, after, { ...after, users: { [B]: { x: 1 }, z: { x: 2 } } });
    expect(twice.text).toBe(expected.replace('z: {}', 'z:\n    x: 2'));
  });

  it('is not made of what only looks alike', () => {
    const text = 'users:\n  a: {x: 1} # c\n';
    const { data } = parseState(text);
    expect(editText(text, undefined, data, { users: { [B]: { x: 1 } } }).text).toBe(
      'users:\n  b@example.com:\n    x: 1\n',
    );
  });

  it('is refused when it is an anchor', () => {
    const text = 'users:\n  &k a: {x: 1}\nother: *k\n';
    const { data } = parseState(text);
    expect(() => editText(text, undefined, data, renamed(data, 'a', B))).toThrow(UneditableError);
  });
});
