import { expect, it } from 'vitest';
import type { FileChange } from '../../../src/core/plan/plan.ts';
import { removalsOf } from '../../../src/core/plan/removals.ts';

function table(name: string, before: readonly string[] | undefined, after: readonly string[]): FileChange {
  const text = (rows: readonly string[]): string => ['# header', ...rows.map((row) => `${row} x`), ''].join('\n');
  return {
    path: `etc/postfix/eboxmail/${name}`,
    reason: '',
    change: 'changed',
    present: 'ours',
    before: before === undefined ? undefined : text(before),
    after: text(after),
    file: undefined,
  };
}

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
] as const)('%s', (_, files, expected) => expect(removalsOf(files)).toEqual(expected));
