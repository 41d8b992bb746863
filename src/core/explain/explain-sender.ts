import type { Parsed } from '../address.ts';
import type { MailModel, User } from '../model.ts';
import { senderOwners } from '../recipients.ts';
import { copySteps } from './copy-steps.ts';
import type { MailService, SenderExplanation, Step } from './explanation.ts';
import { nameAddress, namingSteps, type NamedAddress } from './named-address.ts';
import { routeSteps } from './route-steps.ts';
import { whyNotOwned } from './sender-refusal.ts';

/** Answer to who may send: the words that are needed beside the steps. */
interface Answer {
  readonly allowed: boolean;
  readonly reason: string;
  readonly hint?: string;
  /** The user cannot even log in. */
  readonly noLogin?: boolean;
}

/**
 * Whether a user who has logged in may use an address as envelope sender, and why.
 * @param user an address of the state's users
 * @param text an address, or `<>` for the empty sender
 */
export function explainSender(user: User, text: string, service: MailService): Parsed<SenderExplanation> {
  const named = text === '<>' || text === '' ? undefined : nameAddress(text, service, 'sender');
  if (named?.ok === false) return named;
  const address = named?.value.address ?? '<>';
  const owners = named?.value.place.kind === 'managed' ? senderOwners(named.value.base, service.directory) : [];
  const steps: Step[] = named === undefined ? [] : [...namingSteps(text, named.value)];
  const login = whyNoLogin(user, service.model, steps);
  const answer = login ?? (named === undefined ? EMPTY_SENDER : decide(user, named.value, owners, service, steps));
  const domain = answer.allowed && named?.value.place.kind === 'managed' ? named.value.place.domain : undefined;
  const copies = domain === undefined ? [] : service.copies.recipientsOf(domain.name);
  if (domain !== undefined) steps.push(...copySteps(domain, copies));
  if (answer.allowed) steps.push(...routeSteps(address, undefined, 0, service));
  const refusal = named?.value.place.kind === 'unqualified' ? 504 : 553;
  const code = answer.noLogin === true ? null : answer.allowed ? 250 : refusal;
  const { allowed, reason, hint } = answer;
  return { ok: true, value: { user: user.address, address, allowed, code, reason, hint, owners, steps, copies } };
}

const EMPTY_SENDER: Answer = {
  allowed: true,
  reason: 'everyone may send with an empty sender, as notifications have it',
};

function whyNoLogin(user: User, model: MailModel, steps: Step[]): Answer | undefined {
  const no = (reason: string, path: Step['path'], hint: string): Answer => {
    steps.push({
      kind: 'login',
      depth: 0,
      text: `${user.address} cannot log in: ${reason}`,
      address: user.address,
      path,
    });
    return { allowed: false, noLogin: true, reason, hint };
  };
  const { address, key } = user;
  if (!model.smtp.authentication) {
    return no('nobody can, authentication is off', ['server', 'smtp', 'authentication'], 'set authentication to true');
  }
  if (!user.account) {
    const hint = `give the user one: eboxmail user set ${address} --account`;
    return no('the user has no mail account', ['users', key, 'account'], hint);
  }
  if (user.password === undefined) {
    return no('the user has no password', ['users', key], `set one: eboxmail user passwd ${address}`);
  }
  return undefined;
}

function decide(
  user: User,
  named: NamedAddress,
  owners: readonly string[],
  service: MailService,
  steps: Step[],
): Answer {
  const { place, base, domain } = named;
  const refuse = (reason: string, hint?: string): Answer => ({
    allowed: false,
    reason,
    ...(hint === undefined ? {} : { hint }),
  });
  switch (place.kind) {
    case 'unqualified':
      return refuse(`${named.address} has no full domain`);
    case 'reserved':
      return refuse(`${domain} is eboxmail's own, for copies of mail`);
    case 'local':
      return refuse(`${domain} is the name of this machine, and nobody who logs in may send under it`);
    case 'foreign': {
      const hint = `to have it here: eboxmail domain add ${domain}, then make ${base} an alias`;
      return refuse(`the domain ${domain} is not managed here, so nobody may send as its addresses`, hint);
    }
    case 'managed':
      if (!owners.includes(user.address)) return refuse(...whyNotOwned(user, named, owners, service, steps));
      steps.push(...wayTo(user.address, base, 0, service));
      return {
        allowed: true,
        reason: base === user.address ? 'it is the own address' : `${base} ends in this mailbox`,
      };
  }
}

/** The steps by which mail for an address comes to a mailbox; the first way there is. */
function wayTo(mailbox: string, address: string, depth: number, service: MailService): readonly Step[] {
  const { directory, model } = service;
  const entry = directory.entry(address);
  if (entry === undefined || entry.kind === 'role') return [];
  if (entry.kind === 'account') {
    const path = ['users', entry.user.key];
    return address === mailbox
      ? [{ kind: 'account', depth, text: `${address} is the account itself`, address, path }]
      : [];
  }
  for (const target of entry.alias.targets) {
    const found = ((): readonly Step[] => {
      if (target.kind === 'external') return [];
      if (target.kind === 'local') return wayTo(mailbox, target.address, depth + 1, service);
      const position = model.groups.get(target.name)?.members.indexOf(mailbox) ?? -1;
      if (position < 0) return [];
      const text = `${mailbox} is in the group ${target.name}`;
      const path = ['groups', target.name, 'members', position];
      return [{ kind: 'group', depth: depth + 1, text, address: mailbox, path }];
    })();
    if (found.length > 0) {
      const path = ['aliases', entry.alias.key];
      return [{ kind: 'alias', depth, text: `${address} is an alias`, address, path }, ...found];
    }
  }
  return [];
}
