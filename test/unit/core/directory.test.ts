import { describe, expect, it } from 'vitest';
import type { Directory } from '../../../src/core/directory.ts';
import { modelOf } from '../../../src/core/state/model-of.ts';
import type { StateFile } from '../../../src/core/generated/state-types.ts';

/** A directory of aliases, with four accounts, a user without one, and three groups. */
function directoryOf(aliases: Readonly<Record<string, string | string[]>>): Directory {
  const state = {
    version: 1,
    server: { mailname: 'mx.example.com' },
    domains: { 'example.com': { aliases: ['example.net', 'example.eu'] }, 'example.org': {} },
    users: {
      'a@example.com': {},
      'b@example.com': {},
      'c@example.com': {},
      'd@example.org': {},
      'no@example.com': { account: false },
    },
    groups: {
      ab: { members: ['a@example.com', 'b@example.com', 'no@example.com'] },
      none: { members: ['no@example.com'] },
      empty: { members: [] },
    },
    aliases: Object.fromEntries(Object.entries(aliases).map(([name, targets]) => [`${name}@example.com`, targets])),
  };
  return modelOf(state as StateFile).directory;
}

const at = (names: string): string[] =>
  names
    .split(' ')
    .filter(Boolean)
    .map((name) => (name.includes('@') ? name : `${name}@example.com`));

describe('resolving', () => {
  it.each([
    ['an account', {}, 'a', 'a', '', ''],
    ['an alias', { x: 'a@example.com' }, 'x', 'a', '', ''],
    ['in whatever case', { X: 'A@Example.COM' }, 'x', 'a', '', ''],
    ['an alias in another domain', { x: 'd@example.org' }, 'x', 'd@example.org', '', ''],
    ['a chain', { x: 'y@example.com', y: 'z@example.com', z: 'a@example.com' }, 'x', 'a', '', ''],
    ['a list, in its order', { x: ['b@example.com', 'a@example.com'] }, 'x', 'b a', '', ''],
    ['a group: members with an account', { x: 'ab' }, 'x', 'a b', '', ''],
    [
      'several ways to one mailbox',
      { x: ['y@example.com', 'ab', 'a@example.com'], y: 'a@example.com' },
      'x',
      'a b',
      '',
      '',
    ],
    [
      'a diamond',
      { x: ['y@example.com', 'z@example.com'], y: 'w@example.com', z: 'w@example.com', w: 'a@example.com' },
      'x',
      'a',
      '',
      '',
    ],
    ['somewhere else', { x: 'Out@elsewhere.example' }, 'x', '', 'Out@elsewhere.example', ''],
    [
      'everything at once',
      { x: ['c@example.com', 'y@elsewhere.example', 'ab'] },
      'x',
      'c a b',
      'y@elsewhere.example',
      '',
    ],
    ['a group without accounts', { x: 'none' }, 'x', '', '', ''],
    ['an empty group', { x: ['empty', 'a@example.com'] }, 'x', 'a', '', ''],
    ['a user without an account', { x: ['no@example.com', 'a@example.com'] }, 'x', 'a', '', 'no'],
    ['something that is not there', { x: 'y@example.com', y: 'gone@example.com' }, 'x', '', '', 'gone'],
    ['an unknown address', {}, 'gone', '', '', 'gone'],
  ])('%s', (_, aliases, name, accounts, externals, dangling) => {
    const [address = ''] = at(name);
    expect(directoryOf(aliases as unknown as Record<string, string | string[]>).resolve(address)).toEqual({
      accounts: at(accounts),
      externals: at(externals),
      dangling: at(dangling),
      cycle: undefined,
      tooLong: false,
    });
  });

  it.each([
    ['itself', { x: 'x@example.com' }, 'x', 'x x'],
    ['two', { x: 'y@example.com', y: 'x@example.com' }, 'x', 'x y x'],
    ['a way into a circle', { x: 'y@example.com', y: 'z@example.com', z: 'y@example.com' }, 'x', 'y z y'],
    [
      'behind an account',
      { x: ['a@example.com', 'y@example.com'], y: ['b@example.com', 'x@example.com'] },
      'x',
      'x y x',
    ],
  ])('finds the circle: %s', (_, aliases, name, cycle) => {
    const [address = ''] = at(name);
    expect(directoryOf(aliases as unknown as Record<string, string | string[]>).resolve(address).cycle).toEqual(
      at(cycle),
    );
  });

  it('still delivers to the accounts beside a circle', () => {
    const directory = directoryOf({ x: ['a@example.com', 'y@example.com'], y: ['b@example.com', 'x@example.com'] });
    expect(directory.resolve('x@example.com').accounts).toEqual(at('a b'));
  });

  it('answers the same again', () => {
    const directory = directoryOf({ x: 'ab' });
    expect(directory.resolve('x@example.com')).toBe(directory.resolve('x@example.com'));
  });

  it('visits shared targets once, so that many ways cost little', () => {
    const layers = 40;
    const aliases = Object.fromEntries(
      Array.from({ length: layers }, (_, layer) => {
        const next =
          layer + 1 === layers ? ['a@example.com'] : [`l${layer + 1}@example.com`, `m${layer + 1}@example.com`];
        return [
          [`l${layer}`, next],
          [`m${layer}`, next],
        ] as const;
      }).flat(),
    );
    expect(directoryOf(aliases).resolve('l0@example.com').accounts).toEqual(['a@example.com']);
  });
});

describe('entries', () => {
  const directory = directoryOf({ x: 'a@example.com' });

  it.each([
    ['a@example.com', 'account'],
    ['x@example.com', 'alias'],
    ['no@example.com', undefined],
    ['a@example.net', undefined],
    ['gone@example.com', undefined],
    ['constructor@example.com', undefined],
  ])('%s: %s', (address, kind) => expect(directory.entry(address)?.kind).toBe(kind));

  it('accounts are users with one', () => {
    expect(directory.account('a@example.com')?.key).toBe('a@example.com');
    expect(directory.account('no@example.com')).toBeUndefined();
    expect(directory.account('x@example.com')).toBeUndefined();
  });

  it('domains have all their names', () => {
    expect(directory.namesOf('example.com')).toEqual(['example.com', 'example.net', 'example.eu']);
    expect(directory.namesOf('example.org')).toEqual(['example.org']);
  });

  it('unknown groups have nobody', () => {
    expect(directory.groupAccounts('gone')).toEqual([]);
    expect(directory.groupAccounts('ab')).toEqual(['a@example.com', 'b@example.com']);
  });
});
