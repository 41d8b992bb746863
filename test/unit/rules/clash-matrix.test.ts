import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkState } from '../../../src/app/state/load-state.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { formatPath } from '../../../src/core/problem.ts';

/** Every error of a state, as `rule at.path`. */
async function errors(yaml: string): Promise<string[]> {
  const problems = await checkState(parse(yaml) as JsonObject);
  return problems.filter(({ severity }) => severity === 'error').map(({ rule, path }) => `${rule} ${formatPath(path)}`);
}

interface Kind {
  /** The sections of a state in which x@example.com, or example.com, is of this kind. */
  readonly domains?: string;
  readonly users?: string;
  readonly aliases?: string;
  readonly mailname?: string;
}

/** What an address can be; a second entry for it is written in another case, so that YAML sees two keys. */
const FIRST: Readonly<Record<string, Kind>> = {
  account: { users: 'x@example.com: ' },
  'user without account': { users: 'x@example.com: {account: false}' },
  'user alias': { aliases: 'x@example.com: alice@example.com' },
  'group alias': { aliases: 'x@example.com: staff' },
  'external alias': { aliases: 'x@example.com: out@elsewhere.example' },
};

const SECOND: Readonly<Record<string, Kind>> = {
  account: { users: 'X@Example.com: ' },
  'user without account': { users: 'X@Example.com: {account: false}' },
  'user alias': { aliases: 'X@Example.com: alice@example.com' },
  'group alias': { aliases: 'X@Example.com: staff' },
  'external alias': { aliases: 'X@Example.com: out@elsewhere.example' },
};

/** The address in a domain alias: it is there already, whatever it is. */
const IN_ALIAS: Readonly<Record<string, Kind>> = {
  account: { users: 'x@example.net: ' },
  'user alias': { aliases: 'x@example.net: alice@example.com' },
  'group alias': { aliases: 'x@example.net: staff' },
  'external alias': { aliases: 'x@example.net: out@elsewhere.example' },
};

const list = (...items: (string | undefined)[]): string => items.filter((item) => item !== undefined).join(', ');

function stateWith(one: Kind, other: Kind = {}): string {
  return [
    'version: 1',
    'server: {mailname: mx.example.com}',
    'domains: {example.com: {aliases: [example.net]}}',
    `users: {${list('alice@example.com: ', one.users, other.users)}}`,
    'groups: {staff: {members: [alice@example.com]}}',
    `aliases: {${list(one.aliases, other.aliases)}}`,
  ].join('\n');
}

describe('an address has one meaning', () => {
  it.each(Object.entries(FIRST))('%s alone', async (_, kind) => expect(await errors(stateWith(kind))).toEqual([]));

  const pairs = Object.keys(FIRST).flatMap((old) => Object.keys(SECOND).map((added) => [added, old] as const));
  it.each(pairs)('%s, where there is the %s', async (added, old) => {
    const found = await errors(stateWith(FIRST[old] ?? {}, SECOND[added] ?? {}));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^address-(?:clash|duplicate) (?:users|aliases)\.x@example\.com$/i);
  });

  const forms = Object.keys(FIRST).flatMap((old) => Object.keys(IN_ALIAS).map((added) => [added, old] as const));
  it.each(forms)('%s in a domain alias, where there is the %s', async (added, old) => {
    expect(await errors(stateWith(FIRST[old] ?? {}, IN_ALIAS[added] ?? {}))).toEqual([
      expect.stringMatching(/^in-domain-alias (?:users|aliases)\.x@example\.net$/),
    ]);
  });
});

describe('a domain has one meaning', () => {
  const state = (server: string, domains: string): string => `version: 1\nserver: {${server}}\ndomains: {${domains}}\n`;

  it.each([
    ['twice, in another case', 'mailname: mx.test', 'a.test: , A.TEST: ', 'domain-duplicate domains.A.TEST'],
    [
      'twice, as U-label and A-label',
      'mailname: mx.test',
      'bücher.test: , xn--bcher-kva.test: ',
      'domain-duplicate domains.xn--bcher-kva.test',
    ],
    [
      'as its own alias',
      'mailname: mx.test',
      'a.test: {aliases: [A.test]}',
      'domain-alias-clash domains.a.test.aliases[0]',
    ],
    [
      'and an alias of another',
      'mailname: mx.test',
      'a.test: , b.test: {aliases: [A.test]}',
      'domain-alias-clash domains.b.test.aliases[0]',
    ],
    [
      'and an alias of another before it',
      'mailname: mx.test',
      'b.test: {aliases: [a.test]}, a.test: ',
      'domain-alias-clash domains.b.test.aliases[0]',
    ],
    [
      'alias of two',
      'mailname: mx.test',
      'a.test: {aliases: [c.test]}, b.test: {aliases: [C.test]}',
      'domain-alias-clash domains.b.test.aliases[0]',
    ],
    [
      'alias of one twice',
      'mailname: mx.test',
      'a.test: {aliases: [c.test, C.test]}',
      'domain-alias-clash domains.a.test.aliases[1]',
    ],
    ['and the mailname', 'mailname: A.test', 'a.test: ', 'mailname server.mailname'],
    ['alias and the mailname', 'mailname: A.test', 'b.test: {aliases: [a.test]}', 'mailname server.mailname'],
    ['and the mailname that is assumed', '', 'a.test: , mail.a.test: ', 'mailname server.mailname'],
    ['alias and the mailname that is assumed', '', 'a.test: {aliases: [mail.A.test]}', 'mailname server.mailname'],
  ])('%s', async (_, server, domains, expected) => expect(await errors(state(server, domains))).toEqual([expected]));
});

describe('what is pointed to is there', () => {
  const base = (more: string): string =>
    `version: 1\nserver: {mailname: mx.example.com}\ndomains: {example.com: {aliases: [example.net]}}\n${more}`;
  const users = 'users: {alice@example.com: , carol@example.com: {account: false}}\n';

  it.each([
    ['a missing user', `${users}aliases: {x@example.com: nobody@example.com}`, 'target-missing aliases.x@example.com'],
    [
      'a user without account',
      `${users}aliases: {x@example.com: [alice@example.com, carol@example.com]}`,
      'target-without-account aliases.x@example.com[1]',
    ],
    ['a missing group', `${users}aliases: {x@example.com: staff}`, 'group-missing aliases.x@example.com'],
    [
      'a target in a domain alias',
      `${users}aliases: {x@example.com: alice@example.net}`,
      'in-domain-alias aliases.x@example.com',
    ],
    ['a plus-address', `${users}aliases: {x@example.com: alice+a@example.com}`, 'address aliases.x@example.com'],
    [
      'one target twice',
      `${users}aliases: {x@example.com: [alice@example.com, ALICE@example.com]}`,
      'target-duplicate aliases.x@example.com[1]',
    ],
    ['itself', `${users}aliases: {x@example.com: X@example.com}`, 'alias-cycle aliases.x@example.com'],
    [
      'a circle, told once',
      `${users}aliases: {w@example.com: x@example.com, x@example.com: y@example.com, y@example.com: x@example.com}`,
      'alias-cycle aliases.x@example.com',
    ],
    [
      'a member that is no user',
      `${users}groups: {g: {members: [nobody@example.com]}}`,
      'member-missing groups.g.members[0]',
    ],
    [
      'a member that is an alias',
      `${users}aliases: {x@example.com: alice@example.com}\ngroups: {g: {members: [x@example.com]}}`,
      'member-missing groups.g.members[0]',
    ],
    [
      'a member twice',
      `${users}groups: {g: {members: [alice@example.com, Alice@example.com]}}`,
      'member-duplicate groups.g.members[1]',
    ],
    ['groups of one name', 'groups: {g: {members: []}, G: {members: []}}', 'group-duplicate groups.G'],
    [
      'an alias in a domain that is not here',
      `${users}aliases: {x@other.test: alice@example.com}`,
      'unmanaged-domain aliases.x@other.test',
    ],
    [
      'a default domain that is not here',
      'defaults: {user: {domain: other.test}}',
      'default-domain defaults.user.domain',
    ],
    [
      'a default domain that is an alias',
      'defaults: {user: {domain: example.net}}',
      'in-domain-alias defaults.user.domain',
    ],
  ])('%s', async (_, more, expected) => expect(await errors(base(more))).toEqual([expected]));

  it.each([
    'nobody@example.com',
    'carol@example.com',
    'alice@example.net',
    'postmaster@mx.example.com',
    'Abuse@mx.example.com',
    '-x@y.test',
    'alice',
  ])('the postmaster cannot be %s', async (postmaster) => {
    const state = base(users).replace('mx.example.com}', `mx.example.com, postmaster: ${postmaster}}`);
    expect(await errors(state)).toEqual([expect.stringMatching(/ server\.postmaster$/)]);
  });

  it.each(['root', 'Alice@Example.com', 'x@elsewhere.test', 'root@mx.example.com'])(
    'the postmaster can be %s',
    async (postmaster) => {
      const state = base(users).replace('mx.example.com}', `mx.example.com, postmaster: ${postmaster}}`);
      expect(await errors(state)).toEqual([]);
    },
  );
});

describe('what is allowed', () => {
  it.each([
    [
      'chains',
      'aliases: {x@example.com: y@example.com, y@example.com: z@example.com, z@example.com: alice@example.com}',
    ],
    ['a target in another case', 'aliases: {x@example.com: Alice@EXAMPLE.com}'],
    ['a group in another case', 'aliases: {x@example.com: STAFF}'],
    ['groups of nobody', 'aliases: {x@example.com: none}'],
    ['an alias to the machine', 'aliases: {x@example.com: root@mx.example.com}'],
    ['a group and an alias of one name', 'aliases: {staff@example.com: staff}'],
    ['the role addresses', 'aliases: {postmaster@example.com: alice@example.com, abuse@example.com: x@elsewhere.test}'],
  ])('%s', async (_, aliases) => {
    const state = `version: 1\nserver: {mailname: mx.example.com}\ndomains: {example.com: }\nusers: {alice@example.com: }\ngroups: {Staff: {members: [Alice@example.com]}, none: {members: []}}\n${aliases}`;
    expect(await errors(state)).toEqual([]);
  });
});
