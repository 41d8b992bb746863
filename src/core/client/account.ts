import type { Directory } from '../directory.ts';
import { addressArgument, aliasOwner, missing } from '../edits/names.ts';
import { notFound, usageError, type EboxmailError } from '../errors.ts';
import type { StateFile } from '../generated/state-types.ts';
import type { MailModel, User } from '../model.ts';
import { domainOf } from '../recipients.ts';
import { quoted } from '../state/schema-words.ts';

/** The account that logs in with this address. @throws for whatever cannot log in, naming the account to use (exit 4 or 2) */
export function requireAccount(text: string, state: StateFile, model: MailModel, directory: Directory): User {
  if (!text.includes('@')) throw bareName(text, model, directory);
  const address = addressArgument(text, state);
  const user = model.users.get(address);
  if (user?.account === true) return user;
  if (user !== undefined) {
    throw notFound(`${address} has no mail account`, `give it one: eboxmail user set ${address} --account`);
  }
  if (model.aliases.has(address)) {
    const { accounts, externals } = directory.resolve(address);
    const elsewhere = externals.length > 0 ? `its mail goes to ${externals.join(', ')}` : 'nobody gets its mail';
    throw notFound(`${address} is an alias, and aliases cannot log in`, use(accounts) ?? elsewhere);
  }
  const main = aliasOwner(state, domainOf(address));
  if (main === undefined) missing('user', address, state, 'users', `eboxmail user add ${address}`);
  const same = `${address.slice(0, address.lastIndexOf('@'))}@${main}`;
  throw notFound(
    `${domainOf(address)} is a domain alias of ${main}, and nobody can log in with it`,
    use(directory.resolve(addressArgument(same, state)).accounts),
  );
}

function bareName(text: string, { users, groups }: MailModel, directory: Directory): EboxmailError {
  if (groups.has(text.toLowerCase())) {
    const members = directory.groupAccounts(text.toLowerCase());
    return notFound(
      `${text} is a group, and groups cannot log in`,
      use(members) ?? 'none of its members has an account',
    );
  }
  const local = `${text.toLowerCase()}@`;
  const likely = [...users.values()].filter((user) => user.account && user.address.startsWith(local));
  const hint = use(likely.map(({ address }) => address)) ?? 'the user name for every login is the full address';
  return usageError(`${quoted(text)} is no address: it has no "@"`, hint);
}

function use(accounts: readonly string[]): string | undefined {
  if (accounts.length === 0) return undefined;
  const shown = accounts.slice(0, 20);
  const more = accounts.length > shown.length ? ', …' : '';
  if (accounts.length === 1) return `use the account: eboxmail client ${shown.join('')}`;
  return `use one of the accounts: ${shown.join(', ')}${more}`;
}
