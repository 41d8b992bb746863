import { expect, it } from 'vitest';
import { clientOf, clientsIn, withClients } from '../../../src/core/render/postfix/clients.ts';

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
});

it('one that is in no master.cf any more has the options of its processes', () => {
  const args = [
    'smtp',
    '-n',
    'relay-2',
    '-t',
    'unix',
    '-u',
    '-o',
    'smtp_tls_security_level=encrypt',
    '-o',
    'x = a, {b}',
  ];
  const text = withClients(LMTP, new Map([clientOf(args)])) ?? '';
  expect(clientsIn(text).get('relay-2')).toBe(
    'relay-2 unix - y n - - smtp\n  -o {smtp_tls_security_level=encrypt}\n  -o {x = a, {b}}\n',
  );
  expect(clientOf(['lmtp', '-t', 'unix', '-u', '-c'])).toEqual(['lmtp', 'lmtp unix - y y - - lmtp\n']);
});
