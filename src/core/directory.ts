import type { Alias, MailModel, Target, User } from './model.ts';

/**
 * The one index of everything that receives mail. Checks, every table and explanations read it, so they cannot disagree.
 */
export interface Directory {
  /** All names of a domain: itself first, then its aliases. */
  namesOf(domain: string): readonly string[];
  /** The user of this address, if it has an account. Only main domains, no aliases. */
  account(address: string): User | undefined;
  /** What receives mail for this address of a main domain. */
  entry(address: string): Entry | undefined;
  /** Where mail for an alias ends; memoised. */
  resolve(address: string): Resolution;
  /** Members of a group that have an account. */
  groupAccounts(group: string): readonly string[];
}

export type Entry =
  { readonly kind: 'account'; readonly user: User } | { readonly kind: 'alias'; readonly alias: Alias };

export interface Resolution {
  /** Addresses with a mailbox, each once, in the order of the state. */
  readonly accounts: readonly string[];
  readonly externals: readonly string[];
  /** Local addresses on the way that do not exist or have no account. */
  readonly dangling: readonly string[];
  /** The addresses of a cycle, first repeated last, when there is one. */
  readonly cycle: readonly string[] | undefined;
  /** More aliases stand behind one another than MAX_CHAIN; what is behind them was not looked at. */
  readonly tooLong: boolean;
}

/** More aliases in a row are a mistake, and following them would take the square of their number. */
export const MAX_CHAIN = 50;

export function makeDirectory(model: Pick<MailModel, 'domains' | 'users' | 'groups' | 'aliases'>): Directory {
  const resolutions = new Map<string, Resolution>();

  const account = (address: string): User | undefined => {
    const user = model.users.get(address);
    return user?.account === true ? user : undefined;
  };

  const entry = (address: string): Entry | undefined => {
    const user = account(address);
    if (user !== undefined) return { kind: 'account', user };
    const alias = model.aliases.get(address);
    return alias === undefined ? undefined : { kind: 'alias', alias };
  };

  const groupAccounts = (group: string): readonly string[] =>
    (model.groups.get(group)?.members ?? []).filter((member) => account(member) !== undefined);

  const resolve = (address: string): Resolution => {
    const known = resolutions.get(address);
    if (known !== undefined) return known;
    const walk = new Walk(groupAccounts, entry);
    walk.address(address);
    const resolution = walk.result();
    resolutions.set(address, resolution);
    return resolution;
  };

  return {
    namesOf: (domain) => [domain, ...(model.domains.get(domain)?.aliases ?? []).map((alias) => alias.name)],
    account,
    entry,
    resolve,
    groupAccounts,
  };
}

/** Depth-first over targets; every address is visited once, so shared targets and cycles cost nothing more. */
class Walk {
  private readonly accounts = new Set<string>();
  private readonly externals = new Set<string>();
  private readonly dangling = new Set<string>();
  private readonly done = new Set<string>();
  private readonly trail: string[] = [];
  private cycle: readonly string[] | undefined;
  private tooLong = false;

  private readonly groupAccounts: (group: string) => readonly string[];
  private readonly entry: (address: string) => Entry | undefined;

  constructor(groupAccounts: (group: string) => readonly string[], entry: (address: string) => Entry | undefined) {
    this.groupAccounts = groupAccounts;
    this.entry = entry;
  }

  address(address: string): void {
    const start = this.trail.indexOf(address);
    if (start >= 0) {
      this.cycle ??= [...this.trail.slice(start), address];
      return;
    }
    if (this.done.has(address)) return;
    this.done.add(address);
    const found = this.entry(address);
    if (found === undefined) {
      this.dangling.add(address);
    } else if (found.kind === 'account') {
      this.accounts.add(address);
    } else if (this.trail.length === MAX_CHAIN) {
      this.tooLong = true;
    } else {
      this.trail.push(address);
      for (const target of found.alias.targets) this.target(target);
      this.trail.pop();
    }
  }

  private target(target: Target): void {
    if (target.kind === 'external') this.externals.add(target.address);
    else if (target.kind === 'local') this.address(target.address);
    else for (const member of this.groupAccounts(target.name)) this.accounts.add(member);
  }

  result(): Resolution {
    return {
      accounts: [...this.accounts],
      externals: [...this.externals],
      dangling: [...this.dangling],
      cycle: this.cycle,
      tooLong: this.tooLong,
    };
  }
}
