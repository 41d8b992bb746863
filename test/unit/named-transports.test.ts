import { describe, expect, it } from 'vitest';
import { transportServices } from '../../src/core/master-services.ts';
import { namedTransports } from '../../src/core/named-transports.ts';

describe('transports that settings of Postfix name', () => {
  it('with and without a next hop, also of one service; none is named by an empty value', () => {
    const settings = [
      'virtual_transport = lmtp:unix:private/dovecot-lmtp',
      'default_transport = smtp',
      'relay_transport =',
      '10.0.0.1:25/inet/content_filter = scan:[127.0.0.1]:10025',
      'transport_maps = cdb:/t/a',
      'virtual_transport_rate_delay = 1s',
      '127.0.0.1:10026/inet/cleanup_service_name = cleanup-copy',
      'bounce_service_name = nosuch',
    ];
    expect(namedTransports(settings.join('\n'))).toEqual([
      { setting: 'virtual_transport', transport: 'lmtp' },
      { setting: 'default_transport', transport: 'smtp' },
      { setting: 'content_filter', transport: 'scan' },
      { setting: 'cleanup_service_name', transport: 'cleanup-copy' },
      { setting: 'bounce_service_name', transport: 'nosuch' },
    ]);
  });

  it('are services on a socket of their own', () => {
    const services = [
      'smtp       inet  n - y - - smtpd',
      'lmtp       unix  - - y - - lmtp',
      'scan       unix  - n n - - pipe\n    flags=Rq',
    ];
    expect([...transportServices(services.join('\n'))]).toEqual(['lmtp', 'scan']);
  });
});
