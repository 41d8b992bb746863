import { copiesOf } from '../copies.ts';
import type { Directory } from '../directory.ts';
import { failed } from '../errors.ts';
import type { HostFacts } from '../host-facts.ts';
import type { MailModel } from '../model.ts';
import { postmasterOf } from '../recipients.ts';
import { routesOf } from '../routes.ts';
import { renderAccounts } from './dovecot/accounts.ts';
import { renderDovecotConf } from './dovecot/dovecot-conf.ts';
import { renderLearning } from './dovecot/learning.ts';
import { renderQuotaAliases } from './dovecot/quota-aliases.ts';
import { renderQuotaWarning } from './dovecot/quota-warning.ts';
import { renderExpireJob } from './expire-job.ts';
import { renderFetchmail } from './fetchmail/fetchmail.ts';
import { renderSpamSieve } from './dovecot/spam-sieve.ts';
import { PATHS, POSTMASTER_LINE } from './paths.ts';
import { renderCopyRecipients } from './postfix/copy-hops.ts';
import { renderMainCf } from './postfix/main-cf.ts';
import { renderMasterCf } from './postfix/master-cf.ts';
import { relayClients } from './postfix/relay-clients.ts';
import { routeTables } from './postfix/routes.ts';
import { renderTables } from './postfix/tables.ts';
import { renderRedis } from './redis/redis.ts';
import { renderRspamd } from './rspamd/rspamd.ts';
import { quoteTableItem } from './quote.ts';
import type { RenderedFile } from './rendered-file.ts';
import { renderMailWanted } from './start-with-machine.ts';

/**
 * Every file that eboxmail owns, in the order in which it is put in place: what others refer to comes before what refers
 * to it. Pure: the same model and facts give the same bytes.
 */
export function render(model: MailModel, directory: Directory, facts: HostFacts): readonly RenderedFile[] {
  requirePlainRoot(facts.root);
  const copies = copiesOf(model, directory);
  const tables = renderTables(model, directory, copies, facts.postfix.tableType);
  const accounts = renderAccounts(model, facts);
  const quotaAliases = renderQuotaAliases(model, facts, directory, copies, tables.aliases);
  const routes = routesOf(model, directory, facts.sandbox !== undefined);
  return [
    quotaAliases,
    accounts,
    renderQuotaWarning(model, facts),
    ...tables.files,
    ...relayClients(model),
    ...routeTables(routes, facts),
    ...renderRedis(model, facts),
    ...renderRspamd(model, directory, facts),
    ...renderSpamSieve(model),
    ...renderLearning(model, facts),
    renderCopyRecipients(),
    renderMailname(model),
    renderPostmasterLine(model, directory, facts),
    renderMainCf(model, facts, routes, tables.largestAlias),
    renderMasterCf(model, facts, routes),
    renderDovecotConf(model, facts, linesIn(accounts) + linesIn(quotaAliases)),
    ...renderMailWanted(facts),
    ...renderExpireJob(model, facts),
    ...renderFetchmail(model, facts),
  ];
}

function linesIn({ content }: RenderedFile): number {
  return content.split('\n').length - 1;
}

/** The root is part of lists, sockets and arguments in both daemons' settings, where nothing can be quoted. */
function requirePlainRoot(root: string): void {
  if (/^[A-Za-z0-9@._/:-]*$/.test(root)) return;
  const hint = 'use a directory whose path has only letters, digits and . _ - @ : /';
  throw failed(`the root ${root} has a character that the settings of Postfix and Dovecot cannot hold`, hint);
}

function renderMailname(model: MailModel): RenderedFile {
  return {
    path: PATHS.mailname,
    reason: 'the name under which this machine sends mail (mailname(5))',
    content: `${model.mailname}\n`,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'nothing',
  };
}

function renderPostmasterLine(model: MailModel, directory: Directory, facts: HostFacts): RenderedFile {
  return {
    path: PATHS.aliases,
    reason: 'the postmaster line; other lines stay as they are',
    content: `postmaster: ${quoteTableItem(postmasterOf(model, directory))}\n`,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'nothing',
    index: { builder: 'postalias', type: facts.postfix.tableType },
    ownsLine: { begins: POSTMASTER_LINE },
  };
}
