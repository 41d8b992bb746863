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
  /**
   * Where mail for an address ends; memoised. A role alias in whose groups nobody has an account goes to the postmaster of
   * the server, because the role must be deliverable.
   */
  resolve(address: string): Resolution;
  /** Whether an address is written as an alias and leads to nobody by itself: nobody in its groups has an account. */
  isInactive(address: string): boolean;
  /** Members of a group that have an account. */
  groupAccounts(group: string): readonly string[];
}

export type Entry =
  | { readonly kind: 'account'; readonly user: User }
  | { readonly kind: 'alias'; readonly alias: Alias }
  /** An address that every domain has without its being written, and that goes to the postmaster of the server. */
  | { readonly kind: 'role' };

/** Local parts that every domain must have (RFC 5321 section 4.5.1, RFC 2142); they go to the postmaster of the server. */
export const ROLE_LOCAL_PARTS: readonly string[] = ['postmaster', 'abuse'];

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

const NOWHERE: Resolution = { accounts: [], externals: [], dangling: [], cycle: undefined, tooLong: false };

/** More aliases in a row are a mistake, and following them would take the square of their number. */
export const MAX_CHAIN = 50;

type Described = Pick<MailModel, 'domains' | 'users' | 'groups' | 'aliases' | 'postmaster' | 'mailname'>;

export function makeDirectory(model: Described): Directory {
  const resolutions = new Map<string, Resolution>();
  const inactive = new Map<string, boolean>();

  const account = (address: string): User | undefined => {
    const user = model.users.get(address);
    return user?.account === true ? user : undefined;
  };

  const entry = (address: string): Entry | undefined => {
    const user = account(address);
    if (user !== undefined) return { kind: 'account', user };
    const alias = model.aliases.get(address);
    if (alias !== undefined) return { kind: 'alias', alias };
    return hasRoleName(address) && model.domains.has(domainOf(address)) ? { kind: 'role' } : undefined;
  };

  const groupAccounts = (group: string): readonly string[] =>
    (model.groups.get(group)?.members ?? []).filter((member) => account(member) !== undefined);

  const names = new Map(
    [...model.domains.values()].map(
      ({ name, aliases }) => [name, [name, ...aliases.map((alias) => alias.name)]] as const,
    ),
  );

  const resolve = (address: string): Resolution => {
    // Nearly all addresses are accounts.
    if (account(address) !== undefined) return { ...NOWHERE, accounts: [address] };
    const known = resolutions.get(address);
    if (known !== undefined) return known;
    const resolution = walked(address, (role) => hasRoleName(role) && isInactive(role));
    resolutions.set(address, resolution);
    return resolution;
  };

  const walked = (address: string, fallsBack: (address: string) => boolean): Resolution => {
    const walk = new Walk({ model, groupAccounts, entry, fallsBack, isInactive });
    walk.address(address);
    return walk.result();
  };

  const isInactive = (address: string): boolean => {
    const known = inactive.get(address);
    if (known !== undefined) return known;
    if (!model.aliases.has(address)) return false;
    // What leads back to itself is another mistake.
    inactive.set(address, false);
    const { accounts, externals, cycle } = walked(address, () => false);
    const is = accounts.length + externals.length === 0 && cycle === undefined;
    inactive.set(address, is);
    return is;
  };

  return {
    namesOf: (domain) => names.get(domain) ?? [domain],
    account,
    entry,
    resolve,
    isInactive,
    groupAccounts,
  };
}

function hasRoleName(address: string): boolean {
  return ROLE_LOCAL_PARTS.includes(address.slice(0, address.lastIndexOf('@')));
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

interface WalkKnows {
  readonly model: Described;
  readonly groupAccounts: (group: string) => readonly string[];
  readonly entry: (address: string) => Entry | undefined;
  /** Whether mail for an alias goes to the postmaster of the server instead. */
  readonly fallsBack: (address: string) => boolean;
  readonly isInactive: (address: string) => boolean;
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

  private readonly knows: WalkKnows;

  constructor(knows: WalkKnows) {
    this.knows = knows;
  }

  address(address: string): void {
    const start = this.trail.indexOf(address);
    if (start >= 0) {
      this.cycle ??= [...this.trail.slice(start), address];
      return;
    }
    if (this.done.has(address)) return;
    this.done.add(address);
    const found = this.knows.entry(address);
    if (found === undefined) {
      this.dangling.add(address);
    } else if (found.kind === 'account') {
      this.accounts.add(address);
    } else if (this.trail.length === MAX_CHAIN) {
      this.tooLong = true;
    } else {
      this.trail.push(address);
      if (found.kind === 'role' || this.knows.fallsBack(address)) this.postmaster();
      else for (const target of found.alias.targets) this.target(target);
      this.trail.pop();
    }
  }

  /** A postmaster who is not there is the machine's root. */
  private postmaster(): void {
    const { postmaster, mailname, domains } = this.knows.model;
    if (postmaster === 'root') this.externals.add(`root@${mailname}`);
    else if (!domains.has(domainOf(postmaster))) this.externals.add(postmaster);
    else if (this.knows.isInactive(postmaster)) this.externals.add(`root@${mailname}`);
    else this.address(postmaster);
  }

  private target(target: Target): void {
    if (target.kind === 'external') this.externals.add(target.address);
    else if (target.kind === 'local') this.address(target.address);
    else for (const member of this.knows.groupAccounts(target.name)) this.accounts.add(member);
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
