import type { JsonObject } from '../../src/core/json.ts';
import { PASSWORD_HASH } from './mail.ts';

/**
 * Valid states about who gets mail: few names, so that they meet often, and every kind of address. The same seed gives
 * the same state. They all have the same domains, so a daemon need not learn new ones.
 */
export function randomMailState(seed: number): JsonObject {
  const random = new Random(seed);
  const users = usersOf(random);
  const accounts = Object.keys(users).filter((address) => users[address]?.['account'] !== false);
  const groups = {
    staff: { members: random.some(Object.keys(users), 4) },
    ghosts: { members: Object.keys(users).filter((address) => !accounts.includes(address)) },
    few: { members: random.some(Object.keys(users), 1) },
  };
  const aliases = aliasesOf(random, accounts, Object.keys(users), Object.keys(groups));
  const ends = [...accounts, ...Object.keys(aliases), 'keeper@outside.test'];
  // Domains may share an archive, and then they need the same on_bounce.
  const bounce = random.pick(BOUNCES);
  const catchAll = (): JsonObject => ({
    ...(random.chance(50) ? { copy_to: random.pick(ends), on_bounce: bounce } : {}),
    ...(random.chance(40) ? { unknown_to: random.pick(ends) } : {}),
  });
  const postmaster: JsonObject = random.chance(60) ? { postmaster: random.pick(['root', ...ends]) } : {};
  return {
    version: 1,
    server: { mailname: MAILNAME, ...postmaster },
    domains: {
      ...Object.fromEntries(
        Object.entries(DOMAINS).map(([name, names]) => [name, { aliases: names, catch_all: catchAll() }]),
      ),
    },
    users,
    groups,
    aliases,
  };
}

export const MAILNAME = 'mx.eg.test';

const DOMAINS = { 'a.test': ['a-alias.test', 'xn--bcher-kva.test'], 'b.test': ['b-alias.test'], 'c.test': [] };
const BOUNCES = ['sender', 'postmaster', 'none'];
const USERS = ['alice', 'bob', 'carol', 'archive', 'abuse'];
const ALIASES = ['info', 'sales', 'team', 'postmaster', 'abuse', 'archive', 'root'];

/** Local parts that occur in such states. */
export const LOCAL_PARTS: readonly string[] = [...new Set([...USERS, ...ALIASES])];

class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** mulberry32. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** At most so many of them, each once, in another order. */
  some<T>(choices: readonly T[], most: number): T[] {
    const left = [...choices];
    const count = this.below(Math.min(most, choices.length) + 1);
    return Array.from({ length: count }, () => left.splice(this.below(left.length), 1)[0] as T);
  }
}

/** There is always somebody with an account and somebody without. */
function usersOf(random: Random): Record<string, JsonObject> {
  const users: Record<string, JsonObject> = { 'alice@a.test': { password: PASSWORD_HASH } };
  for (const domain of Object.keys(DOMAINS)) {
    for (const local of random.some(USERS, USERS.length)) {
      users[`${local}@${domain}`] ??= random.chance(30)
        ? { account: false }
        : random.chance(85)
          ? { password: PASSWORD_HASH }
          : { quota: '1 GB' };
    }
  }
  return { ...users, 'nomail@b.test': { account: false } };
}

/** Targets are accounts, groups, outside, or aliases that come before. */
function aliasesOf(
  random: Random,
  accounts: readonly string[],
  users: readonly string[],
  groups: readonly string[],
): Record<string, string | string[]> {
  const aliases: Record<string, string | string[]> = {};
  for (const domain of Object.keys(DOMAINS)) {
    for (const local of random.some(ALIASES, ALIASES.length)) {
      const address = `${local}@${domain}`;
      if (users.includes(address)) continue;
      const outside = [`Out@outside.test`, `${local}=${domain}@outside.test`, `root@${MAILNAME}`];
      const [first = 'ghosts', ...others] = random.some(
        [...accounts, ...groups, ...outside, ...Object.keys(aliases)],
        4,
      );
      aliases[address] = others.length === 0 ? first : [first, ...others];
    }
  }
  return aliases;
}
