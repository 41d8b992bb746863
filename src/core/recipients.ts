import type { Directory } from './directory.ts';
import type { Domain, MailModel, Target } from './model.ts';

/** The rules of who gets mail and who may send it: what the tables hold, and what `explain` says. */

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** The address that `local+detail@domain` is for. */
export function withoutDetail(address: string): string {
  return address.replace(/^([^+@]+)\+.*(@[^@]*)$/, '$1$2');
}

/** An address in its domain and in every alias of it. */
export function everyForm(address: string, directory: Directory): readonly string[] {
  const names = directory.namesOf(domainOf(address));
  // It is in one of them.
  if (names.length === 1) return [address];
  const local = address.slice(0, address.lastIndexOf('@'));
  return names.map((name) => `${local}@${name}`);
}

/** Somebody who has a mailbox, if anybody has. */
export function firstAccount({ users }: Pick<MailModel, 'users'>): string | undefined {
  return [...users.values()].find((user) => user.account)?.address;
}

/** Where mail for an account or alias ends, here and outside; nowhere when nobody in its groups has an account. */
export function finalRecipients(address: string, directory: Directory): readonly string[] {
  const { accounts, externals } = directory.resolve(address);
  return [...accounts, ...externals];
}

/** Where mail for one address of a catch-all ends; a group has none. */
export function targetRecipients(target: Target | undefined, directory: Directory): readonly string[] {
  if (target === undefined || target.kind === 'group') return [];
  return target.kind === 'external' ? [target.address] : finalRecipients(target.address, directory);
}

/** Who gets mail for unknown addresses of a domain; nobody, when it is refused. */
export function unknownRecipients({ catchAll }: Domain, directory: Directory): readonly string[] {
  return targetRecipients(catchAll?.unknownTo, directory);
}

/** Domains by each of their names. */
export function domainsByName({ domains }: Pick<MailModel, 'domains'>): ReadonlyMap<string, Domain> {
  return new Map(
    [...domains.values()].flatMap((domain) =>
      [domain, ...domain.aliases].map(({ name }): [string, Domain] => [name, domain]),
    ),
  );
}

/**
 * Where new mail for any address ends, as long as a domain is managed here.
 * @param here all of these, by each of their names
 */
export function recipientsNow(
  address: string,
  here: ReadonlyMap<string, Domain>,
  directory: Directory,
): readonly string[] {
  const domain = here.get(domainOf(address));
  if (domain === undefined) return [];
  const main = `${address.slice(0, address.lastIndexOf('@'))}@${domain.name}`;
  return directory.entry(main) === undefined ? unknownRecipients(domain, directory) : finalRecipients(main, directory);
}

/** The postmaster of the server: root or an address; root too, when nobody in its group has an account. */
export function postmasterOf({ postmaster }: MailModel, directory: Directory): string {
  return directory.isInactive(postmaster) ? 'root' : postmaster;
}

/** Where mail for the postmaster of the server ends. */
export function postmasterRecipients(model: MailModel, directory: Directory): readonly string[] {
  const postmaster = postmasterOf(model, directory);
  if (postmaster === 'root') return [`root@${model.mailname}`];
  return directory.entry(postmaster) === undefined ? [postmaster] : finalRecipients(postmaster, directory);
}

/** The accounts that may send as an address of a main domain: its own, or each in whose mailbox a written alias ends. */
export function senderOwners(address: string, directory: Directory): readonly string[] {
  if (directory.account(address) !== undefined) return [address];
  return directory.entry(address)?.kind === 'role' ? [] : directory.resolve(address).accounts;
}

/** Names under which Postfix delivers to the machine itself: the mailname, and localhost in the domain that it is in. */
export function localDomains({ mailname }: Pick<MailModel, 'mailname'>): readonly string[] {
  return [mailname, `localhost.${mailname.slice(mailname.indexOf('.') + 1)}`];
}

/**
 * Local parts of the machine that go to the postmaster. Without the last, local(8) drops what is sent to the sender of
 * bounces, and warns of it. The first has a line in etc/aliases too; by that alone it would be a message of its own, and
 * whoever is postmaster of two names would get two.
 */
export const POSTMASTER_LOCAL_PARTS: readonly string[] = ['postmaster', 'abuse', 'mailer-daemon'];

/** Whether mail for an address goes to the postmaster because the machine has it so. */
export function leadsToPostmaster(address: string, model: Pick<MailModel, 'mailname'>): boolean {
  const local = address.slice(0, address.lastIndexOf('@')).toLowerCase();
  return POSTMASTER_LOCAL_PARTS.includes(local) && localDomains(model).includes(domainOf(address));
}
