import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject, type Json, type JsonObject } from '../../../src/core/json.ts';
import type { MailboxEvent } from '../../../src/core/mailboxes/events.ts';
import { followMailboxes, type PlaceOf, type Track, type Tracked } from '../../../src/core/mailboxes/tracks.ts';

type Unnumbered = MailboxEvent extends infer E ? (E extends unknown ? Omit<E, 'seq' | 'since'> : never) : never;

const numbered = (events: readonly Unnumbered[]): readonly MailboxEvent[] =>
  events.map((event, index) => ({ ...event, seq: index + 1, since: 'now' }));
/** @param origin the address at the last apply; undefined for who came since */
const renamed = (from: string, to: string, origin: string | undefined = from): Unnumbered => ({
  kind: 'renamed',
  origin,
  from,
  to,
});
const fresh = (address: string, login?: string): Unnumbered => ({ kind: 'new', address, login });
const users = (...names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { name: `entry of ${name}` }]));

/** `a: 'A'` is the user a with the password of A. */
const having = (passwords: Readonly<Record<string, string>>): JsonObject =>
  Object.fromEntries(Object.entries(passwords).map(([name, password]) => [name, { password }]));
const loginOf = (entry: Json | undefined): string =>
  isObject(entry) && typeof entry['password'] === 'string' ? entry['password'] : '';

function follow(
  before: JsonObject,
  events: readonly MailboxEvent[],
  after: JsonObject,
  placeOf: PlaceOf = () => undefined,
): Tracked {
  const logins = {
    applied: (address: string): string => loginOf(before[address]),
    now: (address: string): string => loginOf(after[address]),
  };
  return followMailboxes(before, events, after, 'now', logins, placeOf);
}

type Row = [string, JsonObject, readonly Unnumbered[], JsonObject, string];

/** `a→b` for each mailbox that has another place, `a→-` for one that goes. */
function moves(before: JsonObject, events: readonly Unnumbered[], after: JsonObject): string {
  const tracks = follow(before, numbered(events), after).tracks.filter(({ origin, to }) => origin !== to);
  return tracks.map(({ origin, to, name }) => `${origin}→${to ?? `-${name}`}`).join(' ');
}

describe('where mailboxes belong', () => {
  it.each([
    ['nothing', users('a'), [], users('a'), ''],
    ['a rename', users('a'), [renamed('a', 'b')], users('b'), 'a→b'],
    ['a chain', users('a'), [renamed('a', 'b'), renamed('b', 'c', 'a')], users('c'), 'a→c'],
    ['back again', users('a'), [renamed('a', 'b'), renamed('b', 'a', 'a')], users('a'), ''],
    ['two in a row', users('a', 'b'), [renamed('b', 'c'), renamed('a', 'b')], users('b', 'c'), 'a→b b→c'],
    [
      'a swap',
      users('a', 'b'),
      [renamed('a', 't'), renamed('b', 'a'), renamed('t', 'b', 'a')],
      users('b', 'a'),
      'a→b b→a',
    ],
    ['a removal', users('a'), [], users(), 'a→-a'],
    ['a removal after a rename', users('a'), [renamed('a', 'b')], users(), 'a→-b'],
    ['a removal, and another takes the address', users('a', 'b'), [renamed('b', 'a')], users('a'), 'a→-a b→a'],
    [
      'a removal after a rename there and back',
      users('a'),
      [renamed('a', 'b'), renamed('b', 'a', 'a')],
      users(),
      'a→-a',
    ],
    ['a removal and a new user', users('a'), [fresh('a')], users('a'), 'a→-a'],
    ['a rename and a new user', users('a'), [renamed('a', 'b'), fresh('a')], users('a', 'b'), 'a→b'],
    ['a rename, a new user, and the renamed one goes', users('a'), [renamed('a', 'b'), fresh('a')], users('a'), 'a→-b'],
    ['a rename of who came since', users(), [{ kind: 'renamed', from: 'a', to: 'b' }], users('b'), ''],
    ['a removal taken back', users('a'), [fresh('a'), { kind: 'kept', origin: 'a', to: 'a' }], users('a'), ''],
    ['a removal taken back by another name', users('a'), [{ kind: 'kept', origin: 'a', to: 'c' }], users('c'), 'a→c'],
    ['out of the archive', users(), [{ kind: 'restored', id: '1', to: 'a' }], users('a'), '1→a'],
    [
      'out of the archive, and renamed',
      users(),
      [{ kind: 'restored', id: '1', to: 'a' }, renamed('a', 'b', '1')],
      users('b'),
      '1→b',
    ],
    ['out of the archive, and removed', users(), [{ kind: 'restored', id: '1', to: 'a' }], users(), '1→-a'],
    [
      'out of the archive to an address whose user was removed',
      users('a'),
      [{ kind: 'restored', id: '1', to: 'a' }],
      users('a'),
      'a→-a 1→a',
    ],
    ['a rename that was not written to the state', users('a'), [renamed('a', 'b')], users('a'), ''],
    ['the second of two was not written', users('a'), [renamed('a', 'b'), renamed('b', 'c', 'a')], users('b'), 'a→b'],
    [
      'a rename that was not written, and another user has the address later',
      users('a'),
      [renamed('a', 'b')],
      users('a', 'b'),
      '',
    ],
    [
      'one that was undone by hand, then another',
      users('a'),
      [renamed('a', 'b'), renamed('a', 'c')],
      users('c'),
      'a→c',
    ],
    [
      'a swap of which the last step was not written',
      users('a', 'b'),
      [renamed('a', 't'), renamed('b', 'a'), renamed('t', 'b', 'a')],
      users('a', 't'),
      'a→t b→a',
    ],
  ] satisfies readonly Row[])('%s', (_, before, events, after, expected) => {
    expect(moves(before, events, after)).toBe(expected);
  });

  it('follows what was written while an apply was at work by its address', () => {
    // a → b is applied meanwhile; b → c and c → d were written before the apply was recorded.
    const events = numbered([renamed('b', 'c', 'a'), renamed('c', 'd', 'a')]).map((event) => ({
      ...event,
      since: 'before',
    }));
    const [track] = follow(users('b'), events, users('d')).tracks;
    expect(track).toMatchObject({ origin: 'b', to: 'd' });
  });

  it.each([
    ['is in the archive by then', { origin: 'k/1', archived: true }, 'b→b k/1→a'],
    ['was deleted by then', undefined, 'b→b'],
    ['is at another address by then', { origin: 'b', archived: false }, 'b→a'],
  ])('finds what was restored while an apply was at work: it %s', (_, place, expected) => {
    const to = { to: 'a', since: 'before', seq: 1, mailbox: 'id' };
    for (const event of [
      // Another has the address that it was taken from.
      { kind: 'kept', origin: 'b', ...to },
      ...(place === undefined ? [] : [{ kind: 'restored', id: 'k/0', ...to } as const]),
    ] as const) {
      const after = place?.origin === 'b' ? users('a') : users('b', 'a');
      const { tracks } = follow(users('b'), [event], after, () => place);
      expect(tracks.map((track) => `${track.origin}→${track.to ?? '-'}`).join(' ')).toBe(expected);
    }
  });

  const swap = [renamed('a', 't'), renamed('b', 'a'), renamed('t', 'b', 'a')];
  const [A, B, AB] = [{ a: 'A' }, { b: 'B' }, { a: 'A', b: 'B' }];

  it.each([
    ['two who changed places', having(AB), swap, having({ b: 'A', a: 'B' }), 'a→b b→a'],
    ['and the order is another', having(AB), swap, having({ a: 'B', b: 'A' }), 'a→b b→a'],
    ['the state put back', having(AB), swap, having(AB), ''],
    ['put back, and the order is another', having(AB), swap, having({ ...B, ...A }), ''],
    ['put back, and another password', having(AB), swap, having({ a: 'new', b: 'B' }), ''],
    ['put back in part', having(AB), swap, having(A), 'b→-a'],
    ['changed places, and another password', having(AB), swap, having({ b: 'A', a: 'new' }), 'a→b b→a'],
    ['changed places, and other passwords', having(AB), swap, having({ b: 'new', a: 'newer' }), 'a→-a b→-b'],
    [
      'changed places, and other passwords that were written down',
      having(AB),
      [
        ...swap,
        { kind: 'kept', origin: 'a', to: 'b', login: 'new' },
        { kind: 'kept', origin: 'b', to: 'a', login: 'newer' },
      ],
      having({ b: 'new', a: 'newer' }),
      'a→b b→a',
    ],
    ['a rename, and another password', having(AB), [renamed('a', 'c')], having({ c: 'new', b: 'B' }), 'a→c'],
    [
      'renames in a row, and other passwords',
      having(AB),
      [renamed('a', 'c'), renamed('b', 'a')],
      having({ c: 'new', a: 'newer' }),
      'a→c b→a',
    ],
    ['put back to what was between', having(AB), swap, having({ t: 'A', a: 'B' }), 'a→t b→a'],
    [
      'changed places twice, and put back to what was between',
      having(AB),
      [...swap, ...swap],
      having({ b: 'A', a: 'B' }),
      'a→b b→a',
    ],
    ['the same entries', having({ a: 'X', b: 'X' }), swap, having({ b: 'X', a: 'X' }), 'a→b b→a'],
    ['the same entries, put back', having({ a: 'X', b: 'X' }), swap, having({ a: 'X', b: 'X' }), ''],
    ['no passwords', users('a', 'b'), swap, users('b', 'a'), 'a→b b→a'],
    ['no passwords, put back', users('a', 'b'), swap, users('a', 'b'), ''],
    [
      'put back to passwords that were set before the renames',
      having(AB),
      swap.map((event) => ({ ...event, login: event.kind === 'renamed' && event.origin === 'a' ? 'A2' : 'B2' })),
      having({ a: 'A2', b: 'B2' }),
      '',
    ],
    ['a rename and a new user', having(A), [renamed('a', 'b'), fresh('a', 'N')], having({ b: 'A', a: 'N' }), 'a→b'],
    ['the same, put back', having(A), [renamed('a', 'b'), fresh('a', 'N')], having(A), ''],
    [
      'the same, put back with more users',
      having(A),
      [renamed('a', 'b'), fresh('a', 'N')],
      having({ ...A, b: 'Z' }),
      '',
    ],
    [
      'the same, and only the new one is left',
      having(A),
      [renamed('a', 'b'), fresh('a', 'N')],
      having({ a: 'N' }),
      'a→-b',
    ],
    [
      'one who came since under another name',
      having(A),
      [renamed('a', 'b'), { ...renamed('z', 'a', undefined), login: 'N' }],
      having(A),
      '',
    ],
    ['a removal and a new user, put back', having(A), [fresh('a', 'N')], having(A), ''],
    ['a removal and a new user just like the former', having(A), [fresh('a', 'A')], having(A), 'a→-a'],
    ['a removal and a new user without passwords', users('a'), [fresh('a', '')], users('a'), 'a→-a'],
    [
      'out of the archive in the place of one, put back',
      having(A),
      [{ kind: 'restored', id: '1', to: 'a', login: 'O' }],
      having(A),
      '1→-a',
    ],
    ['an event of an earlier version', having(A), [renamed('a', 'b'), fresh('a')], having(A), 'a→-b'],
    [
      'a rollback that changes places of the same entries',
      having(AB),
      [
        {
          kind: 'back',
          given: [
            { to: 'a', origin: 'b' },
            { to: 'b', origin: 'a' },
          ],
        },
      ],
      having(AB),
      'a→b b→a',
    ],
  ] satisfies readonly Row[])('goes by the logins: %s', (_, before, events, after, expected) => {
    expect(moves(before, events, after)).toBe(expected);
  });

  const address = fc.constantFrom('a', 'b', 'c', 'd');
  const command = (...kinds: readonly string[]): fc.Arbitrary<{ do: string; from: string; to: string; back: number }> =>
    fc.record({ do: fc.constantFrom(...kinds), from: address, to: address, back: fc.nat(11) });

  /** @param entryOf nobody is like another where it tells them apart */
  function expectFollowed(
    first: readonly string[],
    commands: readonly { do: string; from: string; to: string; back: number }[],
    entryOf: (person: string) => Json,
  ): void {
    // Who has which address.
    let people: readonly (readonly [string, string])[] = first.map((name) => [name, name]);
    const states = [people];
    const events: Unnumbered[] = [];
    const entries = (): JsonObject => Object.fromEntries(people.map(([name, person]) => [name, entryOf(person)]));
    const before = entries();
    const tracks = (): readonly Track[] => follow(before, numbered(events), entries()).tracks;
    commands.forEach(({ do: kind, from, to, back }, number) => {
      const [person, isFree] = [new Map(people).get(from), (at: string) => people.every(([name]) => name !== at)];
      if (kind === 'remove') people = people.filter(([name]) => name !== from);
      else if (kind === 'put back') people = states[back % states.length] ?? [];
      else if (kind === 'add') {
        if (!isFree(from)) return;
        events.push(fresh(from, loginOf(entryOf(`new ${number}`))));
        people = [...people, [from, `new ${number}`]];
      } else if (person !== undefined && isFree(to)) {
        const origin = tracks().find((track) => track.to === from)?.origin;
        events.push({ kind: 'renamed', origin, from, to, login: loginOf(entryOf(person)) });
        if (kind === 'nearly rename') return;
        people = people.map((one) => (one[0] === from ? [to, person] : one));
      }
      states.push(people);
    });
    const places = people.filter(([, person]) => first.includes(person)).map(([at, person]) => [person, at]);
    const expected = Object.fromEntries(places) as Record<string, string>;
    for (const { origin, to } of tracks()) expect(to).toBe(expected[origin]);
  }

  it('follows every person through any row of commands, of which some are killed or undone by hand', () => {
    const commands = fc.array(command('rename', 'add', 'remove', 'nearly rename'), { maxLength: 12 });
    fc.assert(
      fc.property(fc.subarray(['a', 'b', 'c', 'd']), commands, (first, all) => {
        expectFollowed(first, all, (name) => ({ name }));
      }),
      { numRuns: 3000 },
    );
  });

  it('follows every person with a password, also when earlier states are put back', () => {
    const commands = fc.array(command('rename', 'rename', 'add', 'remove', 'nearly rename', 'put back'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.subarray(['a', 'b', 'c', 'd']), commands, (first, all) => {
        expectFollowed(first, all, (password) => ({ password }));
      }),
      { numRuns: 3000 },
    );
  });

  it('follows by the events alone those of whom one is like another', () => {
    const commands = fc.array(command('rename', 'add', 'remove'), { maxLength: 12 });
    fc.assert(
      fc.property(fc.subarray(['a', 'b', 'c', 'd']), commands, fc.boolean(), (first, all, isSame) => {
        expectFollowed(first, all, (): Json => (isSame ? { password: 'X' } : {}));
      }),
      { numRuns: 3000 },
    );
  });
});
