import type { Target, User } from '../model.ts';
import type { MailService, Step, StepKind } from './explanation.ts';
import type { NamedAddress } from './named-address.ts';

/** Why a user may not send as an address of a domain managed here, and what would allow it. */
export function whyNotOwned(
  user: User,
  { base, place }: NamedAddress,
  owners: readonly string[],
  { model, directory }: MailService,
  steps: Step[],
): [string, string?] {
  const entry = directory.entry(base);
  const say = (kind: StepKind, text: string, path: Step['path']): void => {
    steps.push({ kind, depth: 0, text, address: base, path });
  };
  const add = `eboxmail alias add ${base} ${user.address}`;
  if (entry?.kind === 'account') {
    say('owner', `${base} is an account of its own`, ['users', entry.user.key]);
    const hint = 'one account cannot send as another: make an alias that goes to both, and let them send as that';
    return [`${base} belongs to somebody else`, hint];
  }
  if (entry?.kind === 'alias') {
    const whom = owners.length > 0 ? `only to ${owners.join(', ')}` : 'to nobody who can log in here';
    say('owner', `${base} is an alias that belongs ${whom}`, ['aliases', entry.alias.key]);
    return [`${base} does not end in the mailbox of ${user.address}`, allowingTarget(entry.alias.targets, user, add)];
  }
  const hint = `to allow it: ${add} (its mail then goes there, too)`;
  if (entry?.kind === 'role') {
    say('postmaster', `${base} goes to the postmaster of the server, without being an alias`, ['server', 'postmaster']);
    return [`${base} is not written in the state, so nobody may send as it`, hint];
  }
  const known = model.users.get(base);
  if (known !== undefined) {
    say('no-account', `${base} is a user without a mail account`, ['users', known.key, 'account']);
    return [
      `${base} has no mail account, so nobody may send as it`,
      `give it one: eboxmail user set ${base} --account`,
    ];
  }
  const domain = place.kind === 'managed' ? place.domain : undefined;
  say('unknown', `${base} does not exist in the domain ${domain?.name ?? ''}`, ['domains', domain?.key ?? '']);
  return [`there is no ${base}`, hint];
}

function allowingTarget(targets: readonly Target[], user: User, add: string): string {
  const group = targets.find((target) => target.kind === 'group');
  const member = group === undefined ? '' : `eboxmail group member add ${group.name} ${user.address}, or `;
  return `to allow it: ${member}${add} (its mail then goes there, too)`;
}
