import { expect, it } from 'vitest';
import { bareClient, clientsIn, withClients } from '../../../src/core/render/postfix/clients.ts';

const LMTP = 'lmtp      unix  -       -       n       -       -       lmtp\n';
const RELAY = 'relay-1 unix - - n - - smtp\n  -o smtp_tls_security_level=encrypt\n  -o smtp_sasl_auth_enable=yes\n';
const OTHERS = '10.0.0.1:25 inet n - n - - smtpd\n  -o x=y\nqmgr unix n - n 300 1 qmgr\n';

it('a client that is gone stays with its options: a login and TLS are as they were', () => {
  const text = withClients(`${OTHERS}${LMTP}`, clientsIn(`${RELAY}${OTHERS}${LMTP}`));
  expect(text?.startsWith(`${OTHERS}${LMTP}#`)).toBe(true);
  expect(text?.endsWith(`\n${RELAY}`)).toBe(true);
  expect([...clientsIn(text ?? '').keys()]).toEqual(['lmtp', 'relay-1']);
});

it('one that is there, with whatever options, is not added', () => {
  expect(withClients(`${RELAY}${LMTP}`, clientsIn(RELAY.replace('encrypt', 'may')))).toBe(undefined);
  expect(withClients(LMTP, new Map([['relay-2', bareClient('relay-2', 'smtp')]]))).toMatch(/\nrelay-2 unix .* smtp\n$/);
});
