import template from '../../../../templates/postfix/main.cf';
import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import type { Routes } from '../../routes.ts';
import { overrideMainCf } from '../overrides.ts';
import { below, certificateOf, PATHS } from '../paths.ts';
import { ours, quoteMainCf, type Quoted } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { filterSettings } from './content-filter.ts';
import { copySettings, REFUSE_COPY_DOMAIN } from './copy-hops.ts';
import { milterSettings } from './milter.ts';
import { permitRelayClients, relayClientsTable } from './relay-clients.ts';
import { defaultTransport, recipientRoutes, routeSettings } from './routes.ts';
import { fillTemplate } from '../template.ts';

const TLS_LEVELS = { off: 'none', opportunistic: 'may', required: 'encrypt' } as const;

/** Postfix's own default for virtual_alias_expansion_limit; a larger group raises it (postconf(5)). */
const DEFAULT_EXPANSION_LIMIT = 1000;

export function renderMainCf(model: MailModel, facts: HostFacts, routes: Routes, largestAlias: number): RenderedFile {
  const path = (relative: string): Quoted => quoteMainCf(below(facts, relative));
  const tls = certificateOf(model, facts);
  const content = fillTemplate(template, {
    header: ours(HEADER),
    queue_directory: path(PATHS.queue),
    data_directory: path(PATHS.postfixData),
    command_directory: quoteMainCf(facts.postfix.commandDirectory),
    daemon_directory: quoteMainCf(facts.postfix.daemonDirectory),
    log: logSettings(facts),
    mailname: quoteMainCf(model.mailname),
    interfaces: facts.listen.length === 0 ? ours('all') : quoteMainCf(interfacesOf(facts.listen).join(', ')),
    protocols: ours(protocolsOf(facts.listen, model)),
    // In a sandbox even the own machine is a stranger: what a stranger sees can then be tried from here.
    mynetworks: ours(facts.sandbox ? '' : '127.0.0.0/8 [::1]/128'),
    etc: path('etc'),
    isolation: isolation(facts, routes),
    copies: ours(copySettings(facts, recipientRoutes(routes, facts)).join('\n')),
    routes: ours(routeSettings(routes, facts).join('\n')),
    header_rewrite_clients: ours(headerRewriteClients(model, facts)),
    filter: ours([...filterSettings(model), ...milterSettings(model, facts)].join('\n')),
    // Last, so that Dovecot is asked only about what is accepted otherwise.
    recipient_restrictions: ours(`${recipientRestrictions(facts)}, check_policy_service unix:private/quota-status`),
    table_type: ours(facts.postfix.tableType),
    tables: path(PATHS.tables),
    expansion_limit: quoteMainCf(Math.max(DEFAULT_EXPANSION_LIMIT, largestAlias + 1)),
    reply_filter: replyFilter(facts),
    message_size_limit: quoteMainCf(model.limits.message ?? 0),
    authentication: ours(model.smtp.authentication ? 'yes' : 'no'),
    tls_level: ours(TLS_LEVELS[model.smtp.tls]),
    tls_key: quoteMainCf(tls.key),
    tls_certificate: quoteMainCf(tls.certificate),
    relay_restrictions: ours(`${knownClients(model, facts)}reject_unauth_destination`),
    known_clients: ours(knownClients(model, facts)),
    sender_restrictions: ours(senderRestrictions(model)),
  });
  return {
    path: PATHS.mainCf,
    reason: "Postfix's settings",
    content: overrideMainCf(content, model.overrides),
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'reload-postfix',
  };
}

/**
 * Dovecot's answer for an account that it does not know → the address → whether the tables have it → an answer that has
 * Postfix try again (lmtp_reply_filter in postconf(5), pipemap and unionmap in postmap(1)). For the moments in which the two
 * go by different files, and for a user who has become an alias: that message can be requeued.
 */
function replyFilter(facts: HostFacts): Quoted {
  const tables = `${facts.postfix.tableType}:${quoteMainCf(below(facts, PATHS.tables))}`;
  const address = 'regexp:{ {/^550 5\\.1\\.1 <([^>]+)> User doesn.t exist/ $$1} }';
  const again = 'regexp:{ {/./ 450 4.2.1 Dovecot does not know this account yet} }';
  return ours(`pipemap:{${address}, unionmap:{${tables}/mailboxes, ${tables}/aliases}, ${again}}`);
}

/** For every client: those who may relay were let through for that before. */
export function recipientRestrictions(facts: HostFacts): string {
  const refused = `${facts.postfix.tableType}:${quoteMainCf(below(facts, PATHS.tables))}/refused`;
  const checks = [REFUSE_COPY_DOMAIN, `check_recipient_access ${refused}`];
  return [...checks, 'reject_non_fqdn_recipient', 'reject_unlisted_recipient'].join(', ');
}

/** Whoever logged in sends only as what is theirs, on every port; Postfix warns about that check where nobody can log in. */
function senderRestrictions(model: MailModel): string {
  const owned = model.smtp.authentication ? ', reject_authenticated_sender_login_mismatch' : '';
  return `reject_non_fqdn_sender${owned}`;
}

function knownClients(model: MailModel, facts: HostFacts): string {
  const loggedIn = model.smtp.authentication ? 'permit_sasl_authenticated, ' : '';
  return `permit_mynetworks, ${loggedIn}${permitRelayClients(model, facts)}`;
}

/** Whose messages are completed as those of users are; a printer knows nothing of Message-ID. */
function headerRewriteClients(model: MailModel, facts: HostFacts): string {
  const table = relayClientsTable(model, facts);
  return table === undefined ? '' : `, check_address_map ${table}`;
}

/** Postfix takes only addresses that an interface has by name; of loopback's sixteen million that is the first. */
function interfacesOf(listen: readonly string[]): readonly string[] {
  return [...new Set(listen.map((address) => (address.startsWith('127.') ? '127.0.0.1' : address)))];
}

/** Never IPv6 alone: the listener for local submission is on 127.0.0.1, and master(8) would not start. */
function protocolsOf(listen: readonly string[], { filter }: MailModel): string {
  if (filter.mode === 'custom' && filter.address.includes(':')) return 'all';
  return listen.length > 0 && listen.every((address) => !address.includes(':')) ? 'ipv4' : 'all';
}

/** Without a syslog of its own, a root other than the machine's writes its log itself (postlogd(8)). */
function logSettings(facts: HostFacts): Quoted {
  if (facts.root === '') return ours('');
  return ours(
    [
      `maillog_file = ${quoteMainCf(below(facts, PATHS.mailLog))}`,
      `maillog_file_prefixes = ${quoteMainCf(facts.root)}`,
      'meta_directory = /etc/postfix',
    ].join('\n'),
  );
}

/**
 * A sandbox sends nothing away: every foreign recipient is kept in a maildir, unless a relay on this machine takes it, and
 * the SMTP client cannot leave loopback.
 */
function isolation(facts: HostFacts, routes: Routes): Quoted {
  if (facts.sandbox === undefined) return ours('');
  const lines = [
    '',
    '# A sandbox: no mail leaves this machine',
    `default_transport = ${quoteMainCf(defaultTransport(routes) ?? '')}`,
    'relay_transport = capture',
    'capture_destination_recipient_limit = 1',
    'smtp_bind_address = 127.0.0.1',
    'smtp_bind_address6 = ::1',
    'smtp_dns_support_level = disabled',
    `mail_spool_directory = ${quoteMainCf(below(facts, PATHS.localMail))}`,
    'forward_path =',
    'local_recipient_maps = inline:{root=root} $alias_maps',
  ];
  return ours(lines.join('\n'));
}
