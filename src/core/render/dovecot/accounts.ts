import type { HostFacts } from '../../host-facts.ts';
import type { MailModel, User } from '../../model.ts';
import { passwordForAccountFile } from '../../state/read/password.ts';
import { PATHS } from '../paths.ts';
import { quoteAccountField } from '../quote.ts';
import type { RenderedFile } from '../rendered-file.ts';

/** No password fits this: crypt(5) never gives "*". */
const NO_LOGIN = '{SHA512-CRYPT}*';

/**
 * The passwd-file that Dovecot takes logins and mailboxes from: one line an account and nothing else, so no alias, group
 * or bare name can log in. It has no comment line because everything in it is an account.
 */
export function renderAccounts(model: MailModel, facts: HostFacts): RenderedFile {
  const lines = [...model.users.values()].filter((user) => user.account).map((user) => accountLine(user, facts));
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
  const quota = quotaFields(user).join('');
  return `${quoteAccountField(user.address)}:${quoteAccountField(passwordOf(user, facts))}::::::${quota}\n`;
}

/** Extra fields of a line for a user whose limit is not the server's; 0 is unlimited. */
export function quotaFields({ quota }: User): readonly string[] {
  return quota === undefined ? [] : [`userdb_quota_rule=*:bytes=${quota ?? 0}`];
}

function passwordOf(user: User, facts: HostFacts): string {
  if (user.password === undefined) return NO_LOGIN;
  if ('hash' in user.password) return passwordForAccountFile(user.password.hash);
  const secret = facts.secrets.get(user.password.file);
  if (secret === undefined) throw new Error(`the secret ${user.password.file} was not read`);
  return passwordForAccountFile(secret);
}
