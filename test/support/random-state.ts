import fc from 'fast-check';
import type { JsonObject } from '../../src/core/json.ts';

/**
 * States that are valid, with what is awkward about them: several writings of one name, chains of aliases, groups with
 * and without accounts, odd passwords. Every one has at least one domain.
 */
export const randomState: fc.Arbitrary<JsonObject> = fc.noShrink(fc.infiniteStream(fc.nat())).map((numbers) => {
  const next = (below: number): number => Number(numbers.next().value) % below;
  return stateOf(new Choices(next));
});

const DOMAINS = [
  'example.com',
  'Shop.Example',
  'bücher.example',
  'xn--mnchen-3ya.example',
  'a-b.c.d.example',
  '1st.example',
];
const DOMAIN_ALIASES = ['example.net', 'EXAMPLE.org', 'книги.example', 'xn--fa-hia.example', 'b.test', 'c.test'];
const LOCALS = [
  'alice',
  'Bob',
  'c',
  'd.e-f_g',
  '_',
  '0-',
  'postmaster',
  'abuse',
  'root',
  'constructor',
  'x'.repeat(64),
];
const ALIAS_LOCALS = [
  'info',
  'Sales',
  'a.b.c',
  'team',
  'all',
  'webmaster',
  'abuse',
  'h',
  '9',
  'to-string',
  'no_reply',
  'y',
];
const OUTSIDE = ['Out@elsewhere.example', "o'neil+x=y@partner.example", 'a&b~c^d?@Mañana.example', 'q@sub.example.com'];
const GROUPS = ['staff', 'Everyone', 'g.1_2-3', 'hasOwnProperty'];
const PASSWORDS = [
  '{SHA512-CRYPT}$6$rounds=5000$salt$hash./',
  '{PLAIN}a:b#c%d"e\'f\\g $x',
  '{plain}Grüße 🔑',
  '{ARGON2ID}$argon2id$v=19$m=1,t=3,p=1$c2FsdA$aGFzaA',
  '{SSHA256.b64}ab+/==',
];
const SIZES = ['1 B', '100 kB', '1.5 GB', '2TB', 'unlimited'];

class Choices {
  readonly below: (limit: number) => number;

  constructor(below: (limit: number) => number) {
    this.below = below;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Some of them, each once, in another order. */
  some<T>(choices: readonly T[], most = choices.length): T[] {
    const left = [...choices];
    const count = this.below(Math.min(most, choices.length) + 1);
    return Array.from({ length: count }, () => left.splice(this.below(left.length), 1)[0] as T);
  }

  /** The same name, perhaps written in another case. */
  rewritten(text: string): string {
    return this.chance(30) ? text.toUpperCase() : this.chance(30) ? text.toLowerCase() : text;
  }
}

function stateOf(choices: Choices): JsonObject {
  const domains = [choices.pick(DOMAINS), ...choices.some(DOMAINS, 2)].filter(
    (name, at, all) => all.indexOf(name) === at,
  );
  const aliasNames = choices.some(DOMAIN_ALIASES, 4);
  const users = choices.chance(90) ? usersOf(choices, domains) : {};
  const groups = choices.chance(90) ? groupsOf(choices, Object.keys(users)) : {};
  // Domains may share an archive, and then they need the same on_bounce.
  const bounce = choices.pick(['sender', 'postmaster', 'none']);
  return {
    version: 1,
    ...(choices.chance(80) ? { server: serverOf(choices, users) } : {}),
    domains: Object.fromEntries(domains.map((name) => [name, domainEntry(choices, aliasNames, users, bounce)])),
    ...(Object.keys(users).length > 0 || choices.chance(50) ? { users } : {}),
    ...(Object.keys(groups).length > 0 || choices.chance(50) ? { groups } : {}),
    ...(choices.chance(90) ? { aliases: aliasesOf(choices, domains, users, Object.keys(groups)) } : {}),
  };
}

function domainEntry(choices: Choices, aliasNames: string[], users: JsonObject, bounce: string): JsonObject | null {
  const aliases = aliasNames.splice(0, choices.below(3));
  const targets = [...accountsOf(users), ...OUTSIDE];
  const catchAll: JsonObject = {
    ...(choices.chance(50) ? { copy_to: choices.pick(targets), on_bounce: bounce } : {}),
    ...(choices.chance(50) ? { unknown_to: choices.rewritten(choices.pick(targets)) } : {}),
  };
  const entry: JsonObject = {
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(choices.chance(25) ? { catch_all: catchAll } : {}),
  };
  return Object.keys(entry).length === 0 && choices.chance(50) ? null : entry;
}

function serverOf(choices: Choices, users: JsonObject): JsonObject {
  const accounts = accountsOf(users);
  const flag = (name: string): JsonObject => (choices.chance(50) ? { [name]: choices.chance(50) } : {});
  return {
    ...(choices.chance(80) ? { mailname: choices.pick(['mx.example.com', 'MX.münchen.example', 'host.mx.test']) } : {}),
    ...(choices.chance(50) ? { postmaster: choices.pick(['root', 'Boss@elsewhere.example', ...accounts]) } : {}),
    ...(choices.chance(30) ? { tls: { certificate: '/etc/ssl/%d/mäil.pem', key: '/etc/ssl/a=b+(c);.key' } } : {}),
    smtp: { tls: choices.pick(['off', 'opportunistic', 'required']), ...flag('authentication') },
    limits: { mailbox: choices.pick(SIZES), message: choices.pick(SIZES) },
    retrieval: {
      ...flag('imap'),
      ...flag('imaps'),
      ...flag('pop3'),
      ...flag('pop3s'),
      ...flag('managesieve'),
      cleartext: choices.pick(['refuse', 'allow']),
    },
  };
}

function usersOf(choices: Choices, domains: readonly string[]): JsonObject {
  const addresses = domains.flatMap((domain) =>
    choices.some(LOCALS).map((local) => `${local}@${choices.rewritten(domain)}`),
  );
  return Object.fromEntries(
    addresses.map((address) => {
      const user = {
        ...(choices.chance(30) ? { name: 'Somebody, "quoted" #5 %' } : {}),
        ...(choices.chance(60) ? { password: choices.pick(PASSWORDS) } : {}),
        ...(choices.chance(30) ? { account: choices.chance(50) } : {}),
        ...(choices.chance(40) ? { quota: choices.pick([...SIZES, 'default']) } : {}),
      };
      return [address, Object.keys(user).length === 0 && choices.chance(50) ? null : user] as const;
    }),
  );
}

function accountsOf(users: JsonObject): string[] {
  return Object.entries(users).flatMap(([address, user]) =>
    typeof user === 'object' && user !== null && 'account' in user && !user.account ? [] : [address],
  );
}

function groupsOf(choices: Choices, users: readonly string[]): JsonObject {
  return Object.fromEntries(
    choices.some(GROUPS).map((name) => [name, { members: choices.some(users).map((user) => choices.rewritten(user)) }]),
  );
}

/** An alias points to accounts, groups, elsewhere, or to aliases before it: so there are chains and no circles. */
function aliasesOf(
  choices: Choices,
  domains: readonly string[],
  users: JsonObject,
  groups: readonly string[],
): JsonObject {
  const known = [...accountsOf(users), ...OUTSIDE, ...groups];
  const taken = new Set(Object.keys(users).map((address) => address.toLowerCase()));
  const aliases: Record<string, string | string[]> = {};
  for (const domain of domains) {
    for (const local of choices.some(ALIAS_LOCALS)) {
      const address = `${local}@${domain}`;
      if (taken.has(address.toLowerCase())) continue;
      const [first = 'Out@elsewhere.example', ...rest] = choices.some(known, 6);
      aliases[address] = rest.length === 0 && choices.chance(70) ? choices.rewritten(first) : [first, ...rest];
      known.push(address);
    }
  }
  return aliases;
}
