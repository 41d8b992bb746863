import type { Copies } from '../../copies.ts';
import type { Directory } from '../../directory.ts';
import type { TableType } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { everyForm, senderOwners } from '../../recipients.ts';
import { PATHS } from '../paths.ts';
import { quoteTableItem, quoteTableKey } from '../quote.ts';
import { HEADER, type OnChange, type RenderedFile } from '../rendered-file.ts';
import { aliasRows, refusedAddresses, type Rows } from './alias-rows.ts';

export interface Tables {
  readonly files: readonly RenderedFile[];
  /** Where mail for each address that is not simply a mailbox goes. */
  readonly aliases: Rows;
  /** How many recipients the largest alias has. */
  readonly largestAlias: number;
}

/** All tables of Postfix, in the order in which they are put in place. */
export function renderTables(model: MailModel, directory: Directory, copies: Copies, type: TableType): Tables {
  const aliases = aliasRows(model, directory, copies);
  const largestAlias = [...aliases.values()].reduce((most, { length }) => Math.max(most, length), 0);
  const table = (name: string, rows: Rows | string, reason: string, onChange: OnChange): RenderedFile => ({
    path: `${PATHS.tables}/${name}`,
    reason,
    content: typeof rows === 'string' ? rows : tableText(rows),
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange,
    index: { builder: 'postmap', type },
  });
  // A renamed table is seen at once, except for lists of domains: trivial-rewrite and smtpd keep what they know of them.
  const files = [
    table('mailbox_domains', domainRows(model), 'the domains and their aliases', 'reload-postfix'),
    table('mailboxes', mailboxRows(model), 'the addresses with a mailbox', 'nothing'),
    table('aliases', aliases, 'where mail for aliases and domain aliases goes', 'nothing'),
    table('sender_logins', senderRows(model, directory), 'who may send as which address', 'nothing'),
    table('copies', copyRows(copies, directory), 'which domains have all their mail copied, and to whom', 'nothing'),
    table('refused', refusalText(model, directory), 'aliases of groups in which nobody has an account', 'nothing'),
  ];
  return { files, aliases, largestAlias };
}

/** An access(5) table. */
function refusalText(model: MailModel, directory: Directory): string {
  const lines = refusedAddresses(model, directory).map(
    (address) => `${quoteTableKey(address)} 550 5.1.1 User unknown\n`,
  );
  return `${HEADER}\n${lines.sort().join('')}`;
}

/**
 * Domain aliases as well, and in one table: what Postfix has accepted for a domain must still go to Dovecot when that has become
 * an alias of another, and mail that is in the queue then has been through the aliases already.
 */
function domainRows(model: MailModel): Rows {
  const rows: Rows = new Map();
  for (const { name, aliases } of model.domains.values()) {
    rows.set(name, ['OK']);
    for (const alias of aliases) rows.set(alias.name, [name]);
  }
  return rows;
}

function mailboxRows(model: MailModel): Rows {
  const rows: Rows = new Map();
  for (const user of model.users.values()) if (user.account) rows.set(user.address, ['OK']);
  return rows;
}

/** An account may send as itself and as every alias that ends in its mailbox, in every name of the domain. */
function senderRows(model: MailModel, directory: Directory): Rows {
  const rows: Rows = new Map();
  for (const address of [...model.users.keys(), ...model.aliases.keys()]) {
    const owners = senderOwners(address, directory);
    if (owners.length > 0) for (const name of everyForm(address, directory)) rows.set(name, owners);
  }
  return rows;
}

/** sender_bcc_maps and recipient_bcc_maps: both are looked up before aliases are, so each name of a domain has a row. */
function copyRows({ added }: Copies, directory: Directory): Rows {
  const rows: Rows = new Map();
  for (const [domain, address] of added) {
    for (const name of directory.namesOf(domain)) rows.set(`@${name}`, [address]);
  }
  return rows;
}

function tableText(rows: Rows): string {
  const lines: string[] = [];
  for (const [key, items] of rows) lines.push(`${quoteTableKey(key)} ${items.map(quoteTableItem).join(', ')}\n`);
  return `${HEADER}\n${lines.sort().join('')}`;
}
