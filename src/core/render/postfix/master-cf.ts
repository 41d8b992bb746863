import template from '../../../../templates/postfix/master.cf';
import { LOCAL_SUBMISSION_PORT, portsOf, type HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import type { Routes } from '../../routes.ts';
import { PATHS } from '../paths.ts';
import { ours, quoteMasterCf, type Quoted } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { filterServices } from './content-filter.ts';
import { copyServices } from './copy-hops.ts';
import { fetchedService } from './fetched.ts';
import { internalListener } from './milter.ts';
import { permitRelayClients } from './relay-clients.ts';
import { relayServices } from './routes.ts';
import { fillTemplate } from '../template.ts';
import { recipientRestrictions } from './main-cf.ts';

export function renderMasterCf(model: MailModel, facts: HostFacts, routes: Routes): RenderedFile {
  const ports = portsOf(facts.portOffset);
  const listeners = [
    ...smtpd(facts.listen, ports.smtp, []),
    ...smtpd(facts.listen, ports.submission, [
      'syslog_name=postfix/submission',
      'smtpd_tls_security_level=encrypt',
      ...submission(model, facts),
    ]),
    ...smtpd(facts.listen, ports.smtps, [
      'syslog_name=postfix/submissions',
      'smtpd_tls_wrappermode=yes',
      ...submission(model, facts),
    ]),
    ...smtpd(['127.0.0.1'], LOCAL_SUBMISSION_PORT + facts.portOffset, [
      ...LOCAL_SUBMISSION,
      ...internalListener(model),
      // That a mailbox is full is told to the sender of what a script passes on, not to the script.
      `{ smtpd_recipient_restrictions = ${recipientRestrictions(facts)} }`,
    ]),
    ...fetchedService(model, facts),
    ...copyServices(model, facts),
    ...relayServices(routes, facts),
    ...filterServices(model, facts),
  ];
  const content = fillTemplate(template, {
    header: ours(HEADER),
    listeners: ours(listeners.join('\n')),
    capture: capture(facts),
  });
  return {
    path: PATHS.masterCf,
    reason: 'the services that Postfix runs and the ports it listens on',
    content,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'reload-postfix',
  };
}

/** Only those who logged in, and only as what they own; without authentication only the known networks are left. */
function submission(model: MailModel, facts: HostFacts): readonly string[] {
  const known = `permit_mynetworks, ${permitRelayClients(model, facts)}`;
  const allowed = model.smtp.authentication ? 'permit_sasl_authenticated, ' : known;
  const senders = model.smtp.authentication ? ', reject_sender_login_mismatch' : '';
  return [
    `{ smtpd_client_restrictions = ${allowed}reject }`,
    `{ smtpd_relay_restrictions = ${allowed}reject }`,
    'smtpd_helo_restrictions=',
    `{ smtpd_sender_restrictions = reject_non_fqdn_sender${senders} }`,
  ];
}

/** Mail that Sieve scripts send; it must not need TLS or a login, so it is reachable from the machine itself only. */
const LOCAL_SUBMISSION = [
  'syslog_name=postfix/local-submission',
  'mynetworks=127.0.0.0/8',
  'smtpd_tls_security_level=none',
  'smtpd_sasl_auth_enable=no',
  '{ smtpd_client_restrictions = permit_mynetworks, reject }',
  '{ smtpd_relay_restrictions = permit_mynetworks, reject }',
  'smtpd_helo_restrictions=',
  'smtpd_sender_restrictions=',
];

function smtpd(listen: readonly string[], port: number, options: readonly string[]): readonly string[] {
  const addresses = listen.length === 0 ? [''] : listen.map((ip) => (ip.includes(':') ? `[${ip}]:` : `${ip}:`));
  return addresses.flatMap((address) => [
    `${quoteMasterCf(`${address}${port}`)} inet n - n - - smtpd`,
    ...options.map((option) => `  -o ${option}`),
  ]);
}

/** virtual(8) writes every foreign recipient's copy into one maildir, with Return-Path and Delivered-To. */
function capture(facts: HostFacts): Quoted {
  if (facts.sandbox === undefined) return ours('');
  const options = [
    'syslog_name=postfix/capture',
    `virtual_mailbox_base=${quoteMasterCf(facts.root)}`,
    `virtual_mailbox_maps=static:${quoteMasterCf(facts.sandbox.outbound)}/`,
    `virtual_uid_maps=static:${facts.mailOwner.uid}`,
    `virtual_gid_maps=static:${facts.mailOwner.gid}`,
    `virtual_minimum_uid=${facts.mailOwner.uid}`,
  ];
  return ours(
    ['capture   unix  -       n       n       -       -       virtual', ...options.map((o) => `  -o ${o}`)].join('\n'),
  );
}
