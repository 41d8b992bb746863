import { COPY_DOMAIN, HOP_KINDS, hopDomain, INTERNAL_ADDRESSES, type HopKind } from '../../copies.ts';
import { COPY_PORTS, type HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { below, PATHS } from '../paths.ts';
import { quoteMainCf, quoteMasterCf } from '../quote.ts';
import { FILTERED_ALREADY } from './content-filter.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';

/**
 * The machinery behind copies of all mail of a domain; see core/copies for why it is there. It is the same whether a domain
 * has its mail copied or not, so that a change of that is a change of tables and needs no reload.
 */

/**
 * Settings of main.cf.
 * @param furtherRoutes tables for transport_maps besides the hops, which come first
 */
export function copySettings(facts: HostFacts, furtherRoutes: readonly string[]): readonly string[] {
  const table = `${facts.postfix.tableType}:${quoteMainCf(below(facts, PATHS.tables))}/copies`;
  const routes = HOP_KINDS.map((kind) => `${hopDomain(kind)}=${serviceName(kind)}:[127.0.0.1]:${port(kind, facts)}`);
  return [
    '# Copies of all mail of a domain',
    `sender_bcc_maps = ${table}`,
    `recipient_bcc_maps = ${table}`,
    `transport_maps = ${[`inline:{${routes.join(', ')}}`, ...furtherRoutes].join(', ')}`,
  ];
}

/** Nobody who talks SMTP, logged in or not, may name the internal domain. */
export const REFUSE_COPY_DOMAIN = `check_recipient_access inline:{${[COPY_DOMAIN, ...HOP_KINDS.map(hopDomain)]
  .map((domain) => `${domain}=REJECT`)
  .join(', ')}}`;

/** A regexp_table(5): the same for every state, so that whatever waits at a hop still has its recipient after any change. */
export function renderCopyRecipients(): RenderedFile {
  const rules = INTERNAL_ADDRESSES.map(({ pattern, groups: [local, domain] }) => {
    return `/${pattern}/ \${${local}}@\${${domain}}\n`;
  });
  return {
    path: PATHS.copyRecipients,
    reason: 'who is behind the internal addresses of copies',
    content: `${HEADER}\n${rules.join('')}`,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'reload-postfix',
  };
}

/** Services of master.cf for each kind of hop. */
export function copyServices(model: MailModel, facts: HostFacts): readonly string[] {
  return HOP_KINDS.flatMap((kind) => hopServices(kind, model, facts));
}

function hopServices(kind: HopKind, model: MailModel, facts: HostFacts): readonly string[] {
  const recipients = `regexp:${quoteMasterCf(below(facts, PATHS.copyRecipients))}`;
  const onlyOurs = `check_recipient_access inline:{${hopDomain(kind)}=OK}, reject`;
  const name = serviceName(kind);
  // The copy of a message of the largest size has a few header lines more.
  const anySize = '  -o message_size_limit=0';
  return [
    `${name} unix - - n - - smtp`,
    `  -o syslog_name=postfix/${name}`,
    ...(kind === 'none' ? [] : ['  -o smtp_discard_ehlo_keywords=dsn']),
    '  -o smtp_send_xforward_command=yes',
    '  -o smtp_tls_security_level=none',
    '  -o smtp_sasl_auth_enable=no',
    `127.0.0.1:${port(kind, facts)} inet n - n - - smtpd`,
    `  -o syslog_name=postfix/${name}-in`,
    `  -o cleanup_service_name=cleanup-${name}`,
    ...FILTERED_ALREADY,
    '  -o mynetworks=127.0.0.0/8',
    '  -o smtpd_authorized_xforward_hosts=127.0.0.0/8',
    '  -o smtpd_tls_security_level=none',
    '  -o smtpd_sasl_auth_enable=no',
    '  -o { smtpd_client_restrictions = permit_mynetworks, reject }',
    '  -o smtpd_helo_restrictions=',
    '  -o smtpd_sender_restrictions=',
    `  -o { smtpd_relay_restrictions = ${onlyOurs} }`,
    `  -o { smtpd_recipient_restrictions = ${onlyOurs} }`,
    anySize,
    `cleanup-${name} unix n - n - 0 cleanup`,
    `  -o syslog_name=postfix/${name}-in`,
    `  -o virtual_alias_maps=${recipients}`,
    // Mail for archive+detail and the copy of it are one message for one mailbox.
    '  -o propagate_unmatched_extensions=',
    '  -o sender_bcc_maps=',
    '  -o recipient_bcc_maps=',
    ...(kind === 'postmaster'
      ? [
          `  -o sender_canonical_maps=static:postmaster@${quoteMasterCf(model.mailname)}`,
          '  -o sender_canonical_classes=envelope_sender',
        ]
      : []),
    anySize,
  ];
}

function serviceName(kind: HopKind): string {
  return `copy-${kind}`;
}

function port(kind: HopKind, facts: HostFacts): number {
  return COPY_PORTS[kind] + facts.portOffset;
}
