import { expect, it } from 'vitest';
import { postfixSockets } from '../../../src/core/render/dovecot/postfix-sockets.ts';

const CONF = `
service auth {
  unix_listener /q/private/auth {
    mode = 0666
  }
  unix_listener in-force-00000000 {
  }
}
service lmtp {
  #unix_listener /q/private/off {
  unix_listener "/q/private/with space" {
  }
  unix_listener /run/private/other {
  }
}
`;

it('finds the sockets of Postfix in a dovecot.conf', () => {
  expect(postfixSockets(CONF, '/q')).toEqual(['/q/private/auth', '/q/private/with space']);
  expect(postfixSockets('', '/q')).toEqual([]);
});
