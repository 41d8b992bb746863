import { FETCHED_PORT, type HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { below, PATHS } from '../paths.ts';
import { quoteMasterCf } from '../quote.ts';
import { internalListener } from './milter.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';

/**
 * Where fetchmail hands over what it fetched. The senders are strangers and the mail has been accepted elsewhere, so nobody
 * may be asked who they are, nothing may be relayed, and nothing bounced to them:
 * - every refusal is one for now (soft_bounce, postconf(5)): fetchmail leaves the message where it is and tries again. At a
 *   refusal for good it deletes the message, softbounce or not, and sends it to postmaster through port 25 of the machine.
 * - what is accepted gets NOTIFY=NEVER, so that a later failure is not reported to the sender.
 */
export function fetchedService(model: MailModel, facts: HostFacts): readonly string[] {
  if (!model.fetch.enabled) return [];
  return [
    `127.0.0.1:${FETCHED_PORT + facts.portOffset} inet n - n - - smtpd`,
    '  -o syslog_name=postfix/fetched',
    '  -o soft_bounce=yes',
    `  -o smtpd_command_filter=regexp:${quoteMasterCf(below(facts, FETCHED_COMMANDS))}`,
    '  -o mynetworks=127.0.0.0/8',
    '  -o smtpd_tls_security_level=none',
    '  -o smtpd_sasl_auth_enable=no',
    ...internalListener(model).map((option) => `  -o ${option}`),
    '  -o local_header_rewrite_clients=',
    '  -o strict_rfc821_envelopes=no',
    '  -o { smtpd_client_restrictions = permit_mynetworks, reject }',
    '  -o smtpd_helo_restrictions=',
    '  -o smtpd_sender_restrictions=',
    '  -o { smtpd_relay_restrictions = reject_unauth_destination }',
  ];
}

const FETCHED_COMMANDS = `${PATHS.tables}/fetched_commands`;

/** The table that asks for no notifications (postconf(5), smtpd_command_filter). */
export function renderFetchedCommands(): RenderedFile {
  return {
    path: FETCHED_COMMANDS,
    reason: 'senders of mail that was fetched elsewhere hear nothing of what becomes of it here',
    content: `${HEADER}\n/^(RCPT TO:<[^>]*>.*)/ $1 NOTIFY=NEVER\n`,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'reload-postfix',
  };
}
