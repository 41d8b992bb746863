import { failed } from '../../errors.ts';
import { returnHosts, whyNoFilterPorts } from '../../filter-ports.ts';
import type { HostFacts } from '../../host-facts.ts';
import type { CustomFilter, MailFilter, MailModel } from '../../model.ts';
import { quoteMainCf, quoteMasterCf } from '../quote.ts';

/**
 * The custom filter (FILTER_README, "Advanced content filter"): mail goes out before aliases are followed and copies are
 * made, and both happen when it comes back. So the filter sees the addresses that were written to, never those of the
 * machinery behind copies, and what it does to DSN options cannot change who hears of a copy that bounces.
 */

/** Name of the transport; messages that wait for the filter are known in the queue by it. */
export const FILTER_TRANSPORT = 'filter';

/** For listeners whose mail has been through the filter, whichever it is; its addresses are looked up like all. */
export const FILTERED_ALREADY: readonly string[] = [
  '  -o content_filter=',
  '  -o receive_override_options=no_milters,no_unknown_recipient_checks,no_header_body_checks',
];

/** What Postfix calls the filter; messages keep it in their queue files. */
function filterDestination(filter: MailFilter): string | undefined {
  if (filter.mode !== 'custom') return undefined;
  return `${FILTER_TRANSPORT}:[${filter.address}]:${filter.port}`;
}

/** Settings of main.cf; they hold for everything that brings mail in, except where master.cf says otherwise. */
export function filterSettings({ filter }: MailModel): readonly string[] {
  const destination = filterDestination(filter);
  if (destination === undefined) return [];
  return [
    '',
    '# The content filter',
    `content_filter = ${quoteMainCf(destination)}`,
    'receive_override_options = no_address_mappings',
    // Parts of one message would come back as several, each with copies of its own.
    `${FILTER_TRANSPORT}_destination_recipient_limit = 0`,
  ];
}

/** Services of master.cf: the way to the filter, and the listeners on which its mail comes back. */
export function filterServices({ filter }: MailModel, facts: HostFacts): readonly string[] {
  if (filter.mode !== 'custom') return [];
  const why = whyNoFilterPorts(filter, facts);
  if (why !== undefined) throw failed(why, 'see "eboxmail filter set --help" for its address and ports');
  return [
    `${FILTER_TRANSPORT} unix - - n - 10 smtp`,
    `  -o syslog_name=postfix/${FILTER_TRANSPORT}`,
    '  -o smtp_send_xforward_command=yes',
    '  -o disable_mime_output_conversion=yes',
    '  -o smtp_data_done_timeout=1200',
    '  -o smtp_tls_security_level=none',
    '  -o smtp_sasl_auth_enable=no',
    '  -o smtp_fallback_relay=',
    '  -o smtp_generic_maps=',
    ...returnHosts(filter, facts).flatMap((host) => returnListener(host, filter, facts)),
    // Of a message of the largest size the filter makes one that is a little larger.
    'cleanup-filtered unix n - n - 0 cleanup',
    `  -o syslog_name=postfix/${FILTER_TRANSPORT}-return`,
    '  -o message_size_limit=0',
  ];
}

/** What the filter hands back may go anywhere, so nobody but the filter may hand anything in. */
function returnListener(host: string, filter: CustomFilter, facts: HostFacts): readonly string[] {
  const { address, returnPort } = filter;
  const listener = quoteMasterCf(host.includes(':') ? `[${host}]` : host);
  const client = quoteMasterCf(address.includes(':') ? `[${address}]/128` : `${address}/32`);
  return [
    `${listener}:${returnPort + facts.portOffset} inet n - n - - smtpd`,
    `  -o syslog_name=postfix/${FILTER_TRANSPORT}-return`,
    ...FILTERED_ALREADY,
    '  -o cleanup_service_name=cleanup-filtered',
    `  -o mynetworks=${client}`,
    `  -o smtpd_authorized_xforward_hosts=${client}`,
    '  -o local_header_rewrite_clients=',
    '  -o smtpd_tls_security_level=none',
    '  -o smtpd_sasl_auth_enable=no',
    '  -o { smtpd_client_restrictions = permit_mynetworks, reject }',
    '  -o smtpd_helo_restrictions=',
    '  -o smtpd_sender_restrictions=',
    '  -o { smtpd_relay_restrictions = permit_mynetworks, reject }',
    '  -o { smtpd_recipient_restrictions = permit_mynetworks, reject }',
    '  -o smtpd_data_restrictions=',
    '  -o smtpd_end_of_data_restrictions=',
    '  -o strict_rfc821_envelopes=no',
    '  -o smtpd_client_connection_count_limit=0',
    '  -o smtpd_client_connection_rate_limit=0',
    '  -o message_size_limit=0',
  ];
}
