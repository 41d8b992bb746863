import { describe, expect, it } from 'vitest';
import { parseTurn, troubleIn } from '../../../src/core/fetch/report.ts';

/** What fetchmail 6.4.37 said in real turns, each with what a person should read of it. */
const SELF_SIGNED = `fetchmail: Server CommonName mismatch: mx.isp.example != 127.0.0.1
fetchmail: Server certificate verification error: self-signed certificate
fetchmail: Missing trust anchor certificate: /CN=mx.isp.example
fetchmail: OpenSSL reported: error:0A000086:SSL routines::certificate verify failed
fetchmail: 127.0.0.1: upgrade to TLS failed.
fetchmail: Query status=2 (SOCKET)
`;
const REFUSED = `fetchmail: Connection errors for this poll:
name 0: connection to 127.0.0.1:40111 [127.0.0.1/40111] failed: Connection refused.
POP3 connection to 127.0.0.1 failed: Connection refused
fetchmail: Query status=2 (SOCKET)
`;
const NO_TLS = `fetchmail: 127.0.0.1: upgrade to TLS failed.
fetchmail: Socket or TLS error on u@x@127.0.0.1
fetchmail: Query status=2 (SOCKET)
`;
const INSECURE = `fetchmail: Server certificate verification error: self-signed certificate
fetchmail: Warning: the connection is insecure, continuing anyways. (Better use --sslcertck!)
1 message for alice@isp.example at 127.0.0.1.
reading message alice@isp.example@127.0.0.1:1 of 1 (630 header octets) (11 body octets) flushed
`;
const LARGE = `3 messages for alice@isp.example at 127.0.0.1.
skipping message alice@isp.example@127.0.0.1:1 (1543481 octets) (oversized) not flushed
fetchmail: SMTP error: 450 4.1.1 <nouser@example.com>: Recipient address rejected: User unknown
reading message alice@isp.example@127.0.0.1:2 of 3 (633 header octets) not flushed
fetchmail: SMTP error: 452 4.2.2 The mailbox is full
reading message alice@isp.example@127.0.0.1:3 of 3 (633 header octets) not flushed
`;

describe('what went wrong in a turn', () => {
  it.each([
    [0, INSECURE, undefined],
    [1, 'fetchmail: No mail for alice@isp.example at 127.0.0.1\n', undefined],
    [
      2,
      SELF_SIGNED,
      'the certificate of the server cannot be verified: self-signed certificate, it is for mx.isp.example',
    ],
    [2, REFUSED, 'cannot connect to the server: Connection refused'],
    [2, NO_TLS, 'the server offers no TLS that can be used'],
    [2, 'fetchmail: timeout after 60 seconds waiting to connect to server x.\n', 'the server does not answer'],
    [3, INSECURE, 'the server refuses the login'],
    [11, "fetchmail: couldn't find canonical DNS name of x\n", 'the name of the server cannot be resolved'],
    [99, '', 'fetchmail ended with status 99'],
    [
      0,
      LARGE,
      '2 messages stay there: this server says 452 4.2.2 The mailbox is full; 1 message stays there: larger than server.limits.message',
    ],
  ])('%i %j: %s', (code, output, words) => expect(troubleIn({ time: 0, code, output })).toBe(words));

  it('is shown without what a terminal would act on', () => {
    const output = `fetchmail: SMTP error: 450 \u001b[31m\u202e${'x'.repeat(500)}\u0007\n`;
    const words = troubleIn({ time: 0, code: 0, output }) ?? '';
    expect(words).not.toMatch(/\p{C}/u);
    expect(words.length).toBeLessThan(300);
  });
});

describe('a record of a turn', () => {
  it('has the time and the status in its first line', () =>
    expect(parseTurn('1795564362.250000 2\na\nb\n')).toEqual({ time: 1795564362.25, code: 2, output: 'a\nb\n' }));
  it.each(['', 'x', '1.000000 2', '1 2\n', '1.000000 x\n', '-1.000000 2\n', `${'9'.repeat(20)}.000000 1\n`])(
    'is not %j',
    (text) => expect(parseTurn(text)).toBeUndefined(),
  );
});
