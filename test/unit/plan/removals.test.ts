import { expect, it } from 'vitest';
import type { FileChange } from '../../../src/core/plan/plan.ts';
import { countRemovals, removalsOf, whatStops } from '../../../src/core/plan/removals.ts';
import type { RenderedFile } from '../../../src/core/render/rendered-file.ts';

const text = (rows: readonly string[]): string => ['# header', ...rows.map((row) => `${row} x`), ''].join('\n');

const at = (name: string): string => `etc/postfix/eboxmail/${name}`;

/** A table as it should be. */
function rendered(path: string, content: string): RenderedFile {
  return { path, content, reason: '', mode: 0o644, owner: 'root', group: 'root', onChange: 'nothing' };
}

function table(name: string, before: readonly string[] | undefined, after: readonly string[]): FileChange {
  return {
    path: at(name),
    reason: '',
    change: 'changed',
    present: 'ours',
    before: before === undefined ? undefined : text(before),
    after: text(after),
    file: undefined,
  };
}

const NO_FATES = { moved: new Set<string>(), putAway: [] };

it.each([
  ['nothing changes', [], { addresses: [], mailboxes: [] }],
  ['the first apply', [table('mailboxes', undefined, ['a@x'])], { addresses: [], mailboxes: [] }],
  ['an alias goes', [table('aliases', ['a@x', 'b@x'], ['b@x'])], { addresses: ['a@x'], mailboxes: [] }],
  [
    'a mailbox goes with its forms',
    [table('mailboxes', ['a@x'], []), table('aliases', ['a@y'], [])],
    { addresses: ['a@x', 'a@y'], mailboxes: ['a@x'] },
  ],
  [
    'a mailbox becomes an alias',
    [table('mailboxes', ['a@x'], []), table('aliases', [], ['a@x'])],
    { addresses: [], mailboxes: ['a@x'] },
  ],
  ['other tables', [table('sender_logins', ['a@x'], [])], { addresses: [], mailboxes: [] }],
] as const)('%s', (_, files, expected) =>
  expect(
    removalsOf(
      files,
      files.map(({ path, after = '' }) => rendered(path, after)),
      NO_FATES,
    ),
  ).toEqual(expected),
);

it('an address that leaves one table stays in another that does not change', () => {
  const files = [table('aliases', ['@x', 'a@x', 'b@x'], [])];
  const all = [rendered(at('aliases'), text([])), rendered(at('mailboxes'), text(['a@x']))];
  expect(removalsOf(files, all, NO_FATES)).toEqual({ addresses: ['@x', 'b@x'], mailboxes: [] });
});

it('a mailbox that another user has goes on, and one that is put away does not, whoever has its address', () => {
  const files = [table('mailboxes', ['a@x', 'b@x', 'c@x'], ['c@x', 'd@x'])];
  const all = [rendered(at('mailboxes'), text(['c@x', 'd@x'])), rendered(at('aliases'), text(['a@x', 'b@x']))];
  const fates = { moved: new Set(['a@x']), putAway: ['b@x', 'c@x'] };
  expect(removalsOf(files, all, fates)).toEqual({ addresses: [], mailboxes: ['b@x', 'c@x'] });
  expect(removalsOf([], all, fates)).toEqual({ addresses: [], mailboxes: ['b@x', 'c@x'] });
});

it.each([
  [['a@x'], [], '1 address'],
  [['a@x', 'a@y'], ['a@x'], '2 addresses'],
  [[], ['a@x', 'b@x'], '2 mailboxes'],
  [['a@x', 'a@y'], ['a@x', 'b@x'], '3 addresses and mailboxes'],
] as const)('%j and the mailboxes %j are %s', (addresses, mailboxes, words) => {
  expect(whatStops({ addresses, mailboxes })).toBe(words);
  expect(countRemovals({ addresses, mailboxes })).toBe(Number(words.split(' ')[0]));
});
