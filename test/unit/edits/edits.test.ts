import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addAlias, aliasRemovalEffects, removeAlias } from '../../../src/core/edits/aliases.ts';
import {
  addDomain,
  addDomainAlias,
  addressesIn,
  removeDomain,
  removeDomainAlias,
} from '../../../src/core/edits/domains.ts';
import { renameUser } from '../../../src/core/edits/rename.ts';
import { addUser, removeUser, restoreUser, setUser, type UserSettings } from '../../../src/core/edits/users.ts';
import { EboxmailError, EXIT, Unneeded } from '../../../src/core/errors.ts';
import type { StateFile } from '../../../src/core/generated/state-types.ts';

const HASH = '{SHA512-CRYPT}$6$s$x';

const STATE = parse(`
version: 1
server: {mailname: mx.example.com}
defaults: {user: {domain: Example.com}}
domains:
  Example.com: {aliases: [example.net]}
  bücher.example:
  empty.example: {}
users:
  alice@example.com: {name: Alice, quota: 1 GB}
  Bob@Example.com:
  carol@example.com: {account: false}
  leser@bücher.example:
groups:
  Staff: {members: [alice@example.com, BOB@example.com]}
  ghosts: {members: [carol@example.com]}
aliases:
  al@example.com: alice@example.com
  Info@Example.com: [alice@example.com, bob@example.com, out@elsewhere.example]
  chain@example.com: AL@example.com
  buch@bücher.example: [leser@xn--bcher-kva.example, al@example.com]
`) as StateFile;

type Edit = (state: StateFile) => StateFile;

/** What an edit changes: each section that differs, as it is then. */
function after(edit: Edit, state = STATE): Partial<StateFile> {
  const edited = edit(state);
  const names = new Set([...Object.keys(state), ...Object.keys(edited)]) as Set<keyof StateFile>;
  const changed = [...names].filter((name) => JSON.stringify(state[name]) !== JSON.stringify(edited[name]));
  return Object.fromEntries(changed.map((name) => [name, edited[name]]));
}

/** What an edit refuses to do: its exit code, and what it says. */
function refusal(edit: Edit, state = STATE): string {
  const before = JSON.stringify(state);
  try {
    edit(state);
  } catch (error) {
    expect(JSON.stringify(state)).toBe(before);
    if (error instanceof EboxmailError)
      return `${error.exitCode}${error instanceof Unneeded ? ' unneeded' : ''}: ${error.message}`;
    throw error;
  }
  return 'done';
}

const { users, aliases, domains, groups } = STATE;

describe('edits', () => {
  it.each<[string, Edit, Partial<StateFile>]>([
    ['a domain', (s) => addDomain(s, 'New.Example'), { domains: { ...domains, 'new.example': {} } }],
    [
      'a domain as it is written',
      (s) => addDomain(s, 'Straße.example'),
      { domains: { ...domains, 'straße.example': {} } },
    ],
    [
      'a domain alias',
      (s) => addDomainAlias(s, 'EXAMPLE.com', 'Example.ORG'),
      { domains: { ...domains, 'Example.com': { aliases: ['example.net', 'example.org'] } } },
    ],
    [
      'a first domain alias',
      (s) => addDomainAlias(s, 'xn--bcher-kva.example', 'livres.example'),
      { domains: { ...domains, 'bücher.example': { aliases: ['livres.example'] } } },
    ],
    [
      'no domain alias',
      (s) => removeDomainAlias(s, 'example.com', 'Example.NET'),
      { domains: { ...domains, 'Example.com': {} } },
    ],
    ['no empty domain', (s) => removeDomain(s, 'Empty.example'), { domains: without(domains, 'empty.example') }],
    [
      'no domain, nor what is in it and points to it',
      (s) => removeDomain(s, 'xn--bcher-kva.example'),
      {
        domains: without(domains, 'bücher.example'),
        users: without(users, 'leser@bücher.example'),
        aliases: without(aliases, 'buch@bücher.example'),
      },
    ],
    ['a user', (s) => addUser(s, 'Dave@Example.com', {}), { users: { ...users, 'dave@example.com': {} } }],
    [
      'a user in the default domain',
      (s) => addUser(s, 'dave', { account: true }),
      { users: { ...users, 'dave@example.com': {} } },
    ],
    [
      'a user of a domain as it is written',
      (s) => addUser(s, 'Autor@BÜCHER.example', { quota: '1 MB' }),
      { users: { ...users, 'autor@bücher.example': { quota: '1 MB' } } },
    ],
    [
      'a user with everything',
      (s) => addUser(s, 'd@example.com', { name: 'D', quota: '2 GB', account: false, password: HASH }),
      { users: { ...users, 'd@example.com': { name: 'D', password: HASH, account: false, quota: '2 GB' } } },
    ],
    [
      'other settings of a user',
      (s) => setUser(s, 'ALICE@example.com', { name: null, quota: 'default', account: true, password: HASH }),
      { users: { ...users, 'alice@example.com': { password: HASH } } },
    ],
    [
      'a user found in another case',
      (s) => setUser(s, 'bob@example.com', { quota: '1 GB' }),
      { users: { ...users, 'Bob@Example.com': { quota: '1 GB' } } },
    ],
    [
      'an account for a user without',
      (s) => setUser(s, 'carol', { account: true }),
      { users: { ...users, 'carol@example.com': {} } },
    ],
    ['nothing', (s) => setUser(s, 'alice', {}), {}],
    [
      'no user, nor memberships and targets',
      (s) => removeUser(s, 'ALICE').state,
      {
        users: without(users, 'alice@example.com'),
        groups: { ...groups, Staff: { members: ['BOB@example.com'] } },
        aliases: {
          'Info@Example.com': ['bob@example.com', 'out@elsewhere.example'],
          'buch@bücher.example': ['leser@xn--bcher-kva.example'],
        },
      },
    ],
    [
      'an alias',
      (s) => addAlias(s, 'X@example.com', ['Alice@example.com']),
      { aliases: { ...aliases, 'x@example.com': 'alice@example.com' } },
    ],
    [
      'an alias to several',
      (s) => addAlias(s, 'x', ['al@example.com', 'STAFF', "O'Neil@Elsewhere.Example"]),
      { aliases: { ...aliases, 'x@example.com': ['al@example.com', 'staff', "O'Neil@elsewhere.example"] } },
    ],
    [
      'an alias and a target as they are written',
      (s) => addAlias(s, 'x@Bücher.example', ['LESER@bücher.example']),
      { aliases: { ...aliases, 'x@bücher.example': 'leser@bücher.example' } },
    ],
    [
      'one more target, once',
      (s) => addAlias(s, 'AL@example.com', ['alice@example.com', 'bob@example.com', 'Bob@example.com']),
      { aliases: { ...aliases, 'al@example.com': ['alice@example.com', 'bob@example.com'] } },
    ],
    [
      'no alias, nor who points to it',
      (s) => removeAlias(s, 'AL@example.com', []),
      {
        aliases: {
          'Info@Example.com': aliases?.['Info@Example.com'] ?? '',
          'buch@bücher.example': ['leser@xn--bcher-kva.example'],
        },
      },
    ],
    [
      'no target',
      (s) => removeAlias(s, 'info@example.com', ['Out@elsewhere.example', 'ALICE@example.com']),
      { aliases: { ...aliases, 'Info@Example.com': ['bob@example.com'] } },
    ],
    [
      'no alias when its last target goes',
      (s) => removeAlias(s, 'chain', ['al@example.com']),
      { aliases: without(aliases, 'chain@example.com') },
    ],
  ])('%s', (_, edit, expected) => {
    const before = JSON.stringify(STATE);
    expect(after(edit)).toEqual(expected);
    expect(JSON.stringify(STATE), 'the state itself stays as it is').toBe(before);
  });

  it('work on an empty state', () => {
    expect(after((s) => addDomain(s, 'a.example'), { version: 1 })).toEqual({ domains: { 'a.example': {} } });
  });

  it('forget a default domain that goes', () => {
    const state: StateFile = {
      version: 1,
      defaults: { user: { account: false, domain: 'A.example' } },
      domains: { 'a.example': null },
    };
    expect(removeDomain(state, 'a.example')).toEqual({
      version: 1,
      defaults: { user: { account: false } },
      domains: {},
    });
  });
});

describe('refusals', () => {
  const user =
    (settings: UserSettings): Edit =>
    (s) =>
      addUser(s, 'new@example.com', settings);

  it.each<[string, Edit]>([
    ['5 unneeded: the domain Example.com is already there', (s) => addDomain(s, 'EXAMPLE.COM')],
    ['5 unneeded: the domain bücher.example is already there', (s) => addDomain(s, 'xn--bcher-kva.example')],
    ['5: example.net is already an alias of Example.com', (s) => addDomain(s, 'example.net')],
    ['2: "a_b.example" is no mail domain: it contains "_"', (s) => addDomain(s, 'a_b.example')],
    ['2: "localhost" is no mail domain: it has no dot: write the full name', (s) => addDomain(s, 'localhost')],
    ['4 unneeded: there is no domain gone.test', (s) => removeDomain(s, 'gone.test')],
    ['4 unneeded: there is no domain example.net', (s) => removeDomain(s, 'example.net')],
    [
      '5 unneeded: example.net is already an alias of Example.com',
      (s) => addDomainAlias(s, 'example.com', 'EXAMPLE.net'),
    ],
    ['5: example.net is already an alias of Example.com', (s) => addDomainAlias(s, 'bücher.example', 'example.net')],
    ['5: xn--bcher-kva.example is a domain of its own', (s) => addDomainAlias(s, 'example.com', 'Bücher.example')],
    ['4 unneeded: other.test is no alias of Example.com', (s) => removeDomainAlias(s, 'example.com', 'other.test')],
    ['5 unneeded: the user Bob@Example.com is already there', (s) => addUser(s, 'bob', {})],
    ['5: al@example.com is already an alias', (s) => addUser(s, 'AL@example.com', {})],
    ['2: example.net is a domain alias of Example.com', (s) => addUser(s, 'x@example.net', {})],
    ['4 unneeded: there is no domain exampel.com', (s) => addUser(s, 'x@exampel.com', {})],
    [
      '2: "x+y@example.com" is no address that can be managed here: it contains "+" before the "@", which separates the detail of a plus-address',
      (s) => addUser(s, 'x+y@example.com', {}),
    ],
    ['2: "-x" is no address that can be managed here: it begins with "-"', (s) => addUser(s, '-x', {})],
    ['2: "2 gigabytes" is no size', user({ quota: '2 gigabytes' })],
    ['2: the password hash has no {SCHEME} in front, so it may be clear text', user({ password: 'hunter2' })],
    [
      '2: the password hash has a blank, a colon or a control character in its hash',
      user({ password: '{SHA512-CRYPT}a:b' }),
    ],
    ['4 unneeded: there is no user alcie@example.com', (s) => removeUser(s, 'alcie@example.com').state],
    ['4 unneeded: there is no user al@example.com', (s) => setUser(s, 'al@example.com', {})],
    ['5: Bob@Example.com is already a user', (s) => addAlias(s, 'bob@example.com', ['alice@example.com'])],
    [
      '5 unneeded: the alias al@example.com already goes to ALICE@example.com',
      (s) => addAlias(s, 'al@example.com', ['ALICE@example.com']),
    ],
    ['4 unneeded: there is no user nobody@example.com', (s) => addAlias(s, 'x@example.com', ['nobody@example.com'])],
    ['4: carol@example.com has no mail account', (s) => addAlias(s, 'x@example.com', ['carol@example.com'])],
    ['4: there is no group "nogroup"', (s) => addAlias(s, 'x@example.com', ['nogroup'])],
    ['1: no member of the group ghosts has a mail account', (s) => addAlias(s, 'x@example.com', ['ghosts'])],
    ['2: example.net is a domain alias of Example.com', (s) => addAlias(s, 'x@example.com', ['alice@example.net'])],
    [
      '2: "|sh@elsewhere.example" is no address: it contains "|" before the "@"',
      (s) => addAlias(s, 'x@example.com', ['|sh@elsewhere.example']),
    ],
    [
      '4 unneeded: there is no domain elsewhere.example',
      (s) => addAlias(s, 'x@elsewhere.example', ['alice@example.com']),
    ],
    ['4 unneeded: there is no alias gone@example.com', (s) => removeAlias(s, 'gone@example.com', [])],
    [
      '4 unneeded: bob@example.com is no target of the alias al@example.com',
      (s) => removeAlias(s, 'al@example.com', ['bob@example.com']),
    ],
  ])('%s', (expected, edit) => expect(refusal(edit)).toBe(expected));

  it('needs a domain when there is no default one', () => {
    expect(refusal((s) => addUser(s, 'alice', {}), { version: 1 })).toBe(
      '2: "alice" has no domain, and there is no default one',
    );
  });

  it('does not tell a password that it refuses', () => {
    expect(refusal(user({ password: 'hunter2' }))).not.toContain('hunter2');
    expect(EXIT.usage).toBe(2);
  });

  it.each([
    ['exampel.com', 'did you mean Example.com?'],
    ['quite.different.test', 'add it with: eboxmail domain add quite.different.test'],
  ])('%s: %s', (name, hint) => {
    expect(() => removeDomain(STATE, name)).toThrow(expect.objectContaining({ hint }) as Error);
  });
});

describe('what else changes', () => {
  it('when a user goes', () => {
    expect(removeUser(STATE, 'alice').effects).toEqual([
      'group Staff loses alice@example.com',
      'alias al@example.com has no target left and is removed',
      'alias Info@Example.com loses alice@example.com',
      'alias chain@example.com has no target left and is removed',
      'alias buch@bücher.example loses al@example.com',
    ]);
  });

  it('when an alias goes', () => {
    expect(aliasRemovalEffects(STATE, 'AL@example.com', [])).toEqual([
      'alias chain@example.com has no target left and is removed',
      'alias buch@bücher.example loses al@example.com',
    ]);
    expect(aliasRemovalEffects(STATE, 'info@example.com', [])).toEqual([]);
  });

  it('when a domain goes', () => {
    expect(addressesIn(STATE, 'example.com')).toEqual({
      users: ['alice@example.com', 'Bob@Example.com', 'carol@example.com'],
      aliases: ['al@example.com', 'Info@Example.com', 'chain@example.com'],
    });
    expect(addressesIn(STATE, 'empty.example')).toEqual({ users: [], aliases: [] });
  });
});

function without<T extends object>(map: T | null | undefined, ...keys: string[]): T {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !keys.includes(key))) as T;
}

describe('renameUser', () => {
  const rename =
    (from: string, to: string, alias = true): Edit =>
    (state) =>
      renameUser(state, from, to, alias).state;

  it('puts the new address wherever the old one was, and keeps the order', () => {
    const state = {
      ...STATE,
      server: { postmaster: 'ALICE@example.com' },
      domains: {
        ...STATE.domains,
        'empty.example': {
          catch_all: { copy_to: 'alice@example.com', on_bounce: 'none', unknown_to: 'x@far.example' },
        },
      },
    } as StateFile;
    const changed = after(rename('alice', 'Alicia@Empty.example'), state);
    expect(changed).toEqual({
      server: { postmaster: 'alicia@empty.example' },
      domains: {
        ...STATE.domains,
        'empty.example': {
          catch_all: { copy_to: 'alicia@empty.example', on_bounce: 'none', unknown_to: 'x@far.example' },
        },
      },
      users: { 'alicia@empty.example': { name: 'Alice', quota: '1 GB' }, ...without(STATE.users, 'alice@example.com') },
      groups: { ...STATE.groups, Staff: { members: ['alicia@empty.example', 'BOB@example.com'] } },
      aliases: {
        ...STATE.aliases,
        'al@example.com': 'alicia@empty.example',
        'Info@Example.com': ['alicia@empty.example', 'bob@example.com', 'out@elsewhere.example'],
        'alice@example.com': 'alicia@empty.example',
      },
    });
    expect(Object.keys(changed.users ?? {})[0]).toBe('alicia@empty.example');
  });

  it('finds references in any spelling', () => {
    const changed = after(rename('leser@xn--bcher-kva.example', 'lies@bücher.example', false));
    expect(changed.aliases).toMatchObject({ 'buch@bücher.example': ['lies@bücher.example', 'al@example.com'] });
    expect(Object.keys(changed.users ?? {}).at(-1)).toBe('lies@bücher.example');
    expect(after(rename('BOB@example.com', 'rob')).groups).toMatchObject({
      Staff: { members: ['alice@example.com', 'rob@example.com'] },
    });
  });

  it('takes an alias of the same user, and leaves no target twice', () => {
    const state = {
      ...STATE,
      aliases: { 'al@example.com': 'alice@example.com', 'two@example.com': ['alice@example.com', 'AL@example.com'] },
    } as StateFile;
    expect(after(rename('alice', 'al'), state).aliases).toEqual({
      'two@example.com': ['al@example.com', 'AL@example.com'],
      'alice@example.com': 'al@example.com',
    });
  });

  it('leaves no alias without an account, and changes nothing for the same name', () => {
    expect(after(rename('carol', 'caroline')).aliases).toBeUndefined();
    expect(after(rename('Alice', 'ALICE@Example.com'))).toEqual({});
  });

  it.each([
    ['bob', 'carol', '5: carol@example.com is already a user'],
    ['bob', 'info', '5: Info@Example.com is already an alias of'],
    ['bob', 'al', '5: al@example.com is already an alias of alice@example.com'],
    ['bob', 'bob@example.net', '2: example.net is a domain alias of Example.com'],
    ['bob', 'bob@far.example', '4 unneeded: there is no domain far.example'],
    ['bub', 'x', '4 unneeded: there is no user bub@example.com'],
    ['al', 'x', '4 unneeded: there is no user al@example.com'],
    ['bob', 'mailer-daemon', '2:'],
    ['bob', 'x+y', '2:'],
  ])('refuses %s → %s', (from, to, expected) => expect(refusal(rename(from, to))).toContain(expected));
});

describe('restoreUser', () => {
  it('puts an entry back as it was, where the address is free', () => {
    const entry = { name: 'D', password: HASH };
    expect(after((state) => restoreUser(state, 'Dora', entry)).users).toEqual({
      ...STATE.users,
      'dora@example.com': entry,
    });
    expect(refusal((state) => restoreUser(state, 'alice', entry))).toContain('5: there is a user alice@example.com');
    expect(refusal((state) => restoreUser(state, 'al', entry))).toContain('5: al@example.com is an alias');
    expect(refusal((state) => restoreUser(state, 'x@far.example', entry))).toContain('4');
  });
});
