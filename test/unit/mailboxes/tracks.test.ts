import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { followMailboxes, type MailboxEvent } from '../../../src/core/mailboxes/tracks.ts';

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
const fresh = (address: string): Unnumbered => ({ kind: 'new', address });
const users = (...names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { name: `entry of ${name}` }]));

type Row = [string, JsonObject, readonly Unnumbered[], JsonObject, string];

/** `a→b` for each mailbox that has another place, `a→-` for one that goes. */
function moves(before: JsonObject, events: readonly Unnumbered[], after: JsonObject): string {
  const tracks = followMailboxes(before, numbered(events), after, 'now').filter(({ origin, to }) => origin !== to);
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
      users('a', 'b'),
      'a→b b→a',
    ],
    ['a removal', users('a'), [], users(), 'a→-a'],
    ['a removal after a rename', users('a'), [renamed('a', 'b')], users(), 'a→-b'],
    ['a removal, and another takes the address', users('a', 'b'), [renamed('b', 'a')], users('a'), 'a→-a b→a'],
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
    const [track] = followMailboxes(users('b'), events, users('d'), 'now');
    expect(track).toMatchObject({ origin: 'b', to: 'd' });
  });

  it('follows every person through any row of commands', () => {
    const address = fc.constantFrom('a', 'b', 'c', 'd');
    const command = fc.oneof(
      fc.record({ do: fc.constant('rename'), from: address, to: address }),
      fc.record({ do: fc.constant('add'), from: address, to: address }),
      fc.record({ do: fc.constant('remove'), from: address, to: address }),
      // Written down, and then killed, or undone by hand.
      fc.record({ do: fc.constant('nearly rename'), from: address, to: address }),
    );
    fc.assert(
      fc.property(fc.subarray(['a', 'b', 'c', 'd']), fc.array(command, { maxLength: 12 }), (first, commands) => {
        // Who has which address; nobody is like another.
        const people = new Map<string, string>(first.map((name) => [name, name]));
        const events: Unnumbered[] = [];
        const entries = (): JsonObject =>
          Object.fromEntries([...people].map(([name, person]) => [name, { name: person }]));
        const before = entries();
        commands.forEach((step, number) => {
          const { from, to } = step;
          if (step.do === 'remove') people.delete(from);
          else if (step.do === 'add' && !people.has(from)) {
            events.push(fresh(from));
            people.set(from, `new ${number}`);
          } else if (step.do !== 'add' && people.has(from) && !people.has(to)) {
            const origin = followMailboxes(before, numbered(events), entries(), 'now').find(
              (track) => track.to === from,
            )?.origin;
            events.push({ kind: 'renamed', origin, from, to });
            if (step.do === 'nearly rename') return;
            people.set(to, people.get(from) ?? '');
            people.delete(from);
          }
        });
        const places = [...people].filter(([, person]) => first.includes(person)).map(([at, person]) => [person, at]);
        const expected = Object.fromEntries(places) as Record<string, string>;
        const tracks = followMailboxes(before, numbered(events), entries(), 'now');
        for (const { origin, to } of tracks) expect(to).toBe(expected[origin]);
      }),
      { numRuns: 3000 },
    );
  });
});
