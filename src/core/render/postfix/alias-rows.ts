import type { Copies } from '../../copies.ts';
import { ROLE_LOCAL_PARTS, type Directory } from '../../directory.ts';
import type { MailModel } from '../../model.ts';
import {
  domainOf,
  everyForm,
  finalRecipients,
  localDomains,
  POSTMASTER_LOCAL_PARTS,
  postmasterRecipients,
  unknownRecipients,
} from '../../recipients.ts';

/** Address → what it stands for. */
export type Rows = Map<string, readonly string[]>;

/**
 * virtual_alias_maps: every address that is not simply a mailbox, written out to the last recipient and for every name of
 * its domain, so that Postfix refuses what does not exist and never has to expand what it accepted.
 */
export function aliasRows(model: MailModel, directory: Directory, copies: Copies): Rows {
  const rows: Rows = new Map();
  const add = (address: string, recipients: readonly string[]): void => {
    const ways = recipients.map(copies.wayTo);
    for (const form of everyForm(address, directory)) {
      if (ways.length !== 1 || ways[0] !== form) rows.set(form, ways);
    }
  };
  for (const { address } of model.aliases.values()) {
    const recipients = finalRecipients(address, directory);
    if (recipients.length > 0) add(address, recipients);
  }
  for (const user of model.users.values()) if (user.account) add(user.address, [user.address]);
  for (const address of copies.hops.keys()) if (!rows.has(address)) rows.set(address, [copies.wayTo(address)]);
  for (const [archive, ways] of copies.archives) rows.set(archive, ways);
  const postmaster = postmasterRecipients(model, directory);
  for (const domain of model.domains.keys()) {
    for (const local of ROLE_LOCAL_PARTS) {
      if (directory.entry(`${local}@${domain}`)?.kind === 'role') add(`${local}@${domain}`, postmaster);
    }
  }
  for (const domain of localDomains(model)) {
    for (const local of POSTMASTER_LOCAL_PARTS) rows.set(`${local}@${domain}`, postmaster.map(copies.wayTo));
  }
  addUnknownRows(model, directory, copies, rows);
  return rows;
}

/**
 * Mail for unknown addresses: a row for the whole domain. Such a row wins over mailboxes (virtual(5), search order), so
 * every mailbox gets a row of its own.
 */
function addUnknownRows(model: MailModel, directory: Directory, copies: Copies, rows: Rows): void {
  const keep = (address: string): void => {
    for (const form of everyForm(address, directory)) if (!rows.has(form)) rows.set(form, [form]);
  };
  const takers = new Map(
    [...model.domains.values()].map((domain) => [domain.name, unknownRecipients(domain, directory)]),
  );
  if ([...takers.values()].every((recipients) => recipients.length === 0)) return;
  const takesUnknown = (address: string): boolean => (takers.get(domainOf(address)) ?? []).length > 0;
  for (const user of model.users.values()) if (user.account && takesUnknown(user.address)) keep(user.address);
  for (const address of inactiveAliases(model, directory)) if (takesUnknown(address)) keep(address);
  for (const [domain, recipients] of takers) {
    if (recipients.length === 0) continue;
    for (const name of directory.namesOf(domain)) rows.set(`@${name}`, recipients.map(copies.wayTo));
  }
}

/**
 * Aliases that lead to nobody, because no member of their group has an account, where the domain takes mail for unknown
 * addresses: these are not unknown, and Postfix would accept them for the row of the whole domain. In every form.
 */
export function refusedAddresses(model: MailModel, directory: Directory): readonly string[] {
  const takesUnknown = (address: string): boolean => {
    const domain = model.domains.get(domainOf(address));
    return domain !== undefined && unknownRecipients(domain, directory).length > 0;
  };
  return inactiveAliases(model, directory)
    .filter(takesUnknown)
    .flatMap((address) => everyForm(address, directory));
}

function inactiveAliases(model: MailModel, directory: Directory): readonly string[] {
  return [...model.aliases.keys()].filter((address) => finalRecipients(address, directory).length === 0);
}
