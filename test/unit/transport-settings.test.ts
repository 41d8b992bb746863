import { expect, it } from 'vitest';
import { programsOf } from '../../src/core/master-services.ts';
import { transportSettings } from '../../src/core/transport-settings.ts';

it('settings of transports are told from others that end alike', () => {
  const names = [
    'lmtp_destination_recipient_limit',
    'relay-1_initial_destination_concurrency',
    'smtpd_recipient_limit',
    'default_recipient_limit',
    'lmtp_tls_loglevel',
  ];
  expect(transportSettings(names, new Set(['lmtp', 'relay-1', 'smtp']))).toEqual([
    { setting: 'lmtp_destination_recipient_limit', general: 'default_destination_recipient_limit' },
    { setting: 'relay-1_initial_destination_concurrency', general: 'initial_destination_concurrency' },
  ]);
});

it('programs are those of master.cf, each once', () => {
  const services = [
    '127.0.0.1:25 inet n   -       n       -       -       smtpd -o syslog_name=postfix/a',
    'smtp       inet  n       -       y       -       1       smtpd',
    'qmgr       unix  n       -       n       300     1       qmgr',
    'relay-1    unix  -       -       n       -       -       smtp -o smtp_bind_address=127.0.0.2',
  ];
  expect(programsOf(services.join('\n'))).toEqual(['smtpd', 'qmgr', 'smtp']);
});
