import { formatSize } from '../units.ts';
import type { Target } from '../model.ts';
import type { StatePath } from '../problem.ts';
import { domainOf, finalRecipients, postmasterRecipients } from '../recipients.ts';
import type { MailService, Step, StepKind } from './explanation.ts';
import { isLocalDomain } from './named-address.ts';
import { routeSteps } from './route-steps.ts';

export const POSTMASTER_PATH: StatePath = ['server', 'postmaster'];

const ONCE = 'which is reached already and gets one copy';

/** Writes down the way of mail through aliases and groups, entry by entry. */
export class Way {
  readonly steps: Step[];
  /** Groups on the way in which nobody has an account. */
  readonly inactive: string[] = [];
  private readonly reached = new Set<string>();
  private readonly trail: string[] = [];
  private readonly service: MailService;

  /** @param before steps that come before */
  constructor(service: MailService, before: readonly Step[]) {
    this.service = service;
    this.steps = [...before];
  }

  /**
   * The way from an address of a main domain.
   * @param path what leads to it, in case that there is no such address
   */
  address(address: string, depth: number, path?: StatePath): void {
    const { directory, model } = this.service;
    const found = directory.entry(address);
    if (found === undefined) {
      const user = model.users.get(address);
      if (user === undefined) this.step('unknown', depth, `${address} does not exist`, address, path);
      else this.step('no-account', depth, `${address} has no mail account`, address, ['users', user.key, 'account']);
    } else if (found.kind === 'account') {
      this.mailbox(address, depth, ['users', found.user.key]);
    } else if (found.kind === 'role') {
      const text = `${address} exists in every domain and goes to the postmaster of the server`;
      this.step('postmaster', depth, text, address, POSTMASTER_PATH);
      this.postmaster(depth + 1);
    } else if (this.trail.includes(address)) {
      this.step('alias', depth, `${address} again: the aliases go in a circle`, address, ['aliases', found.alias.key]);
    } else {
      this.step('alias', depth, `${address} is an alias`, address, ['aliases', found.alias.key]);
      this.trail.push(address);
      for (const target of found.alias.targets) this.target(target, depth + 1);
      if (directory.isInactive(address) && finalRecipients(address, directory).length > 0) this.standIn(address, depth);
      this.trail.pop();
    }
  }

  /** The postmaster of the server. */
  postmaster(depth: number): void {
    const { directory, model } = this.service;
    const known = directory.entry(model.postmaster) !== undefined;
    if (known) this.address(model.postmaster, depth);
    if (known && finalRecipients(model.postmaster, directory).length > 0) return;
    for (const address of postmasterRecipients(model, directory)) this.outside(address, depth, POSTMASTER_PATH);
  }

  /** A role whose alias leads to nobody; that of the postmaster of the server is the machine's own. */
  private standIn(address: string, depth: number): void {
    const { directory, model } = this.service;
    const text = `${address} must be deliverable, so it goes to the postmaster of the server`;
    this.step('postmaster', depth, text, address, POSTMASTER_PATH);
    if (address !== model.postmaster) return this.postmaster(depth + 1);
    for (const root of postmasterRecipients(model, directory)) this.outside(root, depth + 1, POSTMASTER_PATH);
  }

  target(target: Target, depth: number): void {
    if (target.kind === 'local') this.address(target.address, depth, target.path);
    else if (target.kind === 'group') this.group(target.name, depth, target.path);
    else this.outside(target.address, depth, target.path);
  }

  /** An address in no domain of the state. */
  outside(address: string, depth: number, path: StatePath): void {
    const again = this.reached.has(address);
    this.reached.add(address);
    const local = isLocalDomain(domainOf(address), this.service.model);
    const what = local ? "local mail of the machine's own" : 'not kept here: it is sent on';
    this.step(local ? 'local' : 'external', depth, `${address}, ${again ? ONCE : what}`, address, path);
    if (!local && !again) this.steps.push(...routeSteps(undefined, domainOf(address), depth + 1, this.service));
  }

  step(kind: StepKind, depth: number, text: string, address?: string, path?: StatePath): void {
    this.steps.push({
      kind,
      depth,
      text,
      ...(address === undefined ? {} : { address }),
      ...(path === undefined ? {} : { path }),
    });
  }

  private group(name: string, depth: number, path: StatePath): void {
    const { model, directory } = this.service;
    const members = model.groups.get(name)?.members ?? [];
    this.step(
      'group',
      depth,
      `the group ${name}${members.length === 0 ? ', which has no members' : ''}`,
      undefined,
      path,
    );
    if (directory.groupAccounts(name).length === 0) this.inactive.push(name);
    members.forEach((member, position) => {
      const at = ['groups', name, 'members', position];
      if (directory.account(member) !== undefined) this.mailbox(member, depth + 1, at);
      else this.step('no-account', depth + 1, `${member} has no mail account and gets nothing`, member, at);
    });
  }

  private mailbox(address: string, depth: number, path: StatePath): void {
    const again = this.reached.has(address);
    this.reached.add(address);
    this.step('mailbox', depth, `the mailbox of ${address}, ${again ? ONCE : this.quota(address)}`, address, path);
  }

  private quota(address: string): string {
    const { model } = this.service;
    const own = model.users.get(address)?.quota;
    const size = own === undefined ? model.limits.mailbox : own;
    return size === null ? 'without a size limit' : `which holds ${formatSize(size)}`;
  }
}
