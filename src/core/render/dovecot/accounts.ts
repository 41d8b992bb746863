import { NO_LOGIN, standIn } from '../../account-file.ts';
import type { HostFacts } from '../../host-facts.ts';
import type { MailModel, User } from '../../model.ts';
import { passwordForAccountFile } from '../../state/read/password.ts';
import { PATHS } from '../paths.ts';
import { quoteAccountField } from '../quote.ts';
import type { RenderedFile } from '../rendered-file.ts';
import { dialectOf } from './dialects.ts';

/**
 * The passwd-file that Dovecot takes logins and mailboxes from: one line an account and nothing else, so no alias, group
 * or bare name can log in. It has no comment line because everything in it is an account.
 *
 * After a rename Postfix may hold mail for the old address, whose aliases it has followed already. So that this finds its
 * way, the old address stands for the mailbox here; nobody can log in with it, and Postfix takes no new mail for it.
 */
export function renderAccounts(model: MailModel, facts: HostFacts): RenderedFile {
  const lines = [...model.users.values()].filter((user) => user.account).map((user) => accountLine(user, facts));
  for (const [address, user] of facts.former ?? []) lines.push(formerLine(address, model.users.get(user), facts));
  return {
    path: PATHS.accounts,
    reason: 'the accounts, with the hashes of their passwords',
    content: lines.sort().join(''),
    mode: 0o640,
    owner: 'root',
    group: 'dovecot',
    onChange: 'nothing',
    secret: 'account-file',
  };
}

function accountLine(user: User, facts: HostFacts): string {
  return `${quoteAccountField(user.address)}:${quoteAccountField(passwordOf(user, facts))}::::::${quotaFields(user, facts).join('')}\n`;
}

function formerLine(address: string, user: User | undefined, facts: HostFacts): string {
  if (user === undefined) throw new Error(`nobody is behind the former address ${address}`);
  return `${standIn(quoteAccountField(address), quoteAccountField(user.address), quotaFields(user, facts))}\n`;
}

/** Extra fields of a line for a user whose limit is not the server's. */
export function quotaFields({ quota }: User, facts: HostFacts): readonly string[] {
  return quota === undefined ? [] : [dialectOf(facts).quotaField(quota ?? 0)];
}

function passwordOf(user: User, facts: HostFacts): string {
  if (user.password === undefined) return NO_LOGIN;
  if ('hash' in user.password) return passwordForAccountFile(user.password.hash);
  const secret = facts.secrets.get(user.password.file);
  if (secret === undefined) throw new Error(`the secret ${user.password.file} was not read`);
  return passwordForAccountFile(secret);
}
