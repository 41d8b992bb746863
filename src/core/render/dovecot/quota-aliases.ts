import { behindHop, type Copies } from '../../copies.ts';
import type { Directory } from '../../directory.ts';
import type { HostFacts } from '../../host-facts.ts';
import type { MailModel, User } from '../../model.ts';
import { PATHS } from '../paths.ts';
import type { Rows } from '../postfix/alias-rows.ts';
import { quoteAccountField } from '../quote.ts';
import type { RenderedFile } from '../rendered-file.ts';
import { quotaFields } from './accounts.ts';

/**
 * Further names of mailboxes, for the quota service alone: Postfix asks it before aliases are expanded, and it knows only
 * accounts. An address is here when all its mail ends in one mailbox that has a limit; one that leads to several
 * mailboxes or to the outside must not be refused because one of them is full. Nobody logs in by this file.
 *
 * @param rows where mail for each address goes, as Postfix has it
 */
export function renderQuotaAliases(
  model: MailModel,
  facts: HostFacts,
  directory: Directory,
  { archives }: Copies,
  rows: Rows,
): RenderedFile {
  const lines: string[] = [];
  for (const [address, [way = '', ...others]] of rows) {
    const user = directory.account(behindHop(way));
    const asked = !address.startsWith('@') && !archives.has(address) && address !== user?.address;
    if (user !== undefined && others.length === 0 && asked && isLimited(user, model))
      lines.push(line(address, user, facts));
  }
  return {
    path: PATHS.quotaAliases,
    reason: 'addresses that lead to one mailbox, whose mail is refused when that is full',
    content: lines.sort().join(''),
    mode: 0o640,
    owner: 'root',
    group: 'dovecot',
    onChange: 'nothing',
  };
}

function isLimited({ quota }: User, { limits }: MailModel): boolean {
  return (quota === undefined ? limits.mailbox : quota) !== null;
}

/** The limit of the account is not inherited by its other names, so it is repeated. */
function line(address: string, user: User, facts: HostFacts): string {
  const fields = [`userdb_user=${quoteAccountField(user.address)}`, ...quotaFields(user, facts)];
  return `${quoteAccountField(address)}:::::::${fields.join(' ')}\n`;
}
