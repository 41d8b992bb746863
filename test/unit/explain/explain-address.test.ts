import { describe, expect, it } from 'vitest';
import { explainAddress } from '../../../src/core/explain/explain-address.ts';
import type { Explanation, MailService, Step } from '../../../src/core/explain/explanation.ts';
import { serviceOf, STATE } from './service.ts';

const service = serviceOf(STATE);

function explain(address: string, of: MailService = service): Explanation {
  const explanation = explainAddress(address, of);
  if (!explanation.ok) throw new Error(explanation.why);
  return explanation.value;
}

/** The end of an explanation in one line: `250 mailbox alice@a.test + copy archive@a.test (postmaster)`. */
function end(address: string, of?: MailService): string {
  const { verdict, recipients, copies } = explain(address, of);
  const ends = [
    ...recipients.map((recipient) => `${recipient.kind} ${recipient.address}`),
    ...copies.map((copy) => `copy ${copy.address} (${copy.bounces})`),
  ];
  return [verdict.code, ...ends].join(' + ');
}

function outline(steps: readonly Step[]): string[] {
  return steps.map(({ kind, depth, address, path }) =>
    [`${'  '.repeat(depth)}${kind}`, address ?? '-', path?.join('/') ?? '-'].join(' '),
  );
}

const ARCHIVE = 'copy archive@a.test (postmaster)';
const INFO = 'mailbox alice@a.test + external Out@partner.test';

describe('where mail ends', () => {
  it.each([
    ['an account', 'alice@a.test', `250 + mailbox alice@a.test + ${ARCHIVE}`],
    ['in upper case', 'ALICE@A.Test', `250 + mailbox alice@a.test + ${ARCHIVE}`],
    ['without a password', 'mute@b.test', '250 + mailbox mute@b.test'],
    ['in a domain alias', 'alice@a2.test', `250 + mailbox alice@a.test + ${ARCHIVE}`],
    ['in an internationalised one', 'alice@BÜCHER.test', `250 + mailbox alice@a.test + ${ARCHIVE}`],
    ['as an A-label', 'alice@xn--bcher-kva.test', `250 + mailbox alice@a.test + ${ARCHIVE}`],
    ['with a detail', 'alice+Lists@a.test', `250 + mailbox alice+Lists@a.test + ${ARCHIVE}`],
    ['with an empty detail', 'alice+@a.test', `250 + mailbox alice+@a.test + ${ARCHIVE}`],
    ['with a plus in the detail', 'alice+x+y@a2.test', `250 + mailbox alice+x+y@a.test + ${ARCHIVE}`],
    ['the archive itself', 'archive@a.test', `250 + mailbox archive@a.test + ${ARCHIVE}`],
    ['an alias', 'al@a2.test', `250 + mailbox alice@a.test + ${ARCHIVE}`],
    ['a mixed list', 'info@a.test', `250 + ${INFO} + ${ARCHIVE}`],
    ['a chain, without copies of the domains on the way', 'chain@b.test', `250 + ${INFO}`],
    [
      'a list with a detail',
      'Info+X@a.test',
      `250 + mailbox alice+X@a.test + external Out+X@partner.test + ${ARCHIVE}`,
    ],
    [
      'an alias to the outside, copied by a list',
      'out@c.test',
      '250 + external out@partner.test + copy bob@b.test (sender) + copy out@partner.test (sender)',
    ],
    ['unknown_to', 'nobody@b.test', `250 + ${INFO}`],
    ['unknown_to, which gets no detail', 'nobody+x@b.test', `250 + ${INFO}`],
    ['unknown_to for a user without account', 'carol@b.test', `250 + ${INFO}`],
    ['postmaster by default', 'postmaster@b.test', '250 + local root@mx.eg.test'],
    ['abuse by default, in a domain alias', 'Abuse@a2.test', `250 + local root@mx.eg.test + ${ARCHIVE}`],
    [
      'abuse as an alias',
      'abuse@c.test',
      '250 + mailbox bob@b.test + copy bob@b.test (sender) + copy out@partner.test (sender)',
    ],
    ['postmaster of the machine', 'postmaster@mx.eg.test', '250 + local root@mx.eg.test'],
    ['abuse of the machine', 'abuse@MX.eg.test', '250 + local root@mx.eg.test'],
    ['an account of the machine', 'bin@mx.eg.test', '250 + local bin@mx.eg.test'],
    ['a line of etc/aliases', 'webmaster@mx.eg.test', '250 + local webmaster@mx.eg.test'],
    ['another name of the machine', 'root@localhost.eg.test', '250 + local root@localhost.eg.test'],
    ['nobody of the machine', 'nobody@mx.eg.test', '550'],
    ['abuse in that other name', 'abuse@localhost.eg.test', '250 + local root@mx.eg.test'],
    ['whom bounces come from', 'mailer-daemon@mx.eg.test', '250 + local root@mx.eg.test'],
    ['what discards', 'double-bounce@mx.eg.test', '250'],
    ['an unknown address', 'nobody@a.test', '550'],
    ['that of a domain alias', 'nobody@a2.test', '550'],
    ['a detail without anything before it', '+alice@a.test', '550'],
    ['a group without accounts', 'ghosts@a2.test', '550'],
    ['that, although unknown_to is there', 'ghosts+x@b.test', '550'],
    ['a domain elsewhere', 'Who@elsewhere.test', '554'],
    ['a subdomain', 'alice@sub.a.test', '554'],
    ['the internal domain', 'x@copy.eboxmail.invalid', '554'],
    ['below it', 'archive=a.test@postmaster.copy.eboxmail.invalid', '554'],
  ])('%s: %s', (_, address, expected) => {
    expect(end(address)).toBe(expected);
  });

  it('is deliverable where it ends somewhere', () => {
    for (const address of ['alice@a.test', 'out@c.test', 'root@mx.eg.test']) {
      expect(explain(address).verdict.deliverable, address).toBe(true);
    }
    for (const address of ['nobody@a.test', 'x@elsewhere.test', 'double-bounce@mx.eg.test', 'lost@c.test']) {
      expect(explain(address).verdict.deliverable, address).toBe(false);
    }
  });

  it('follows the names of the machine', () => {
    const copies = 'copy bob@b.test (sender) + copy out@partner.test (sender)';
    expect(end('local@c.test')).toBe(`250 + local root@mx.eg.test + ${copies}`);
    expect(end('master@c.test')).toBe(`250 + local root@mx.eg.test + ${copies}`);
    const to = (postmaster: string): MailService =>
      serviceOf(STATE.replace('mailname:', `postmaster: ${postmaster}, mailname:`));
    expect(end('postmaster@mx.eg.test', to('info@a.test'))).toBe(`250 + ${INFO}`);
    expect(end('abuse+x@b.test', to('bob@b.test'))).toBe('250 + mailbox bob@b.test');
    expect(end('postmaster+x@mx.eg.test', to('bob@b.test'))).toBe('250 + mailbox bob@b.test');
    expect(end('postmaster@b.test', to('Boss@elsewhere.test'))).toBe('250 + external Boss@elsewhere.test');
    expect(end('postmaster@b.test', to('ghosts@a.test'))).toBe('250 + local root@mx.eg.test');
  });

  it('says what those hear who have logged in', () => {
    const codes = (address: string, of = service): unknown => explain(address, of).verdict.loggedIn;
    expect(['alice@a.test', 'no@a.test', 'x@elsewhere.test', 'x@copy.eboxmail.invalid'].map((a) => codes(a))).toEqual([
      250, 550, 250, 554,
    ]);
    const closed = serviceOf(STATE.replace('{mailname:', '{smtp: {authentication: false}, mailname:'));
    expect(codes('alice@a.test', closed)).toBeNull();
  });
});

describe('the way', () => {
  it('names each entry of the state', () => {
    expect(outline(explain('CHAIN+d@b.test').steps)).toEqual([
      'address chain+d@b.test -',
      'detail chain@b.test -',
      'alias chain@b.test aliases/chain@b.test',
      '  alias info@a.test aliases/info@a.test',
      '    alias al@a.test aliases/al@a.test',
      '      mailbox alice@a.test users/alice@a.test',
      '    group - aliases/info@a.test/1',
      '      mailbox alice@a.test groups/staff/members/0',
      '      no-account carol@b.test groups/staff/members/1',
      '    external Out@partner.test aliases/info@a.test/2',
    ]);
    expect(outline(explain('alice@bücher.test').steps)).toEqual([
      'address alice@xn--bcher-kva.test -',
      'domain-alias alice@a.test domains/a.test/aliases/1',
      'mailbox alice@a.test users/alice@a.test',
      'copy archive@a.test domains/a.test/catch_all/copy_to',
    ]);
    expect(outline(explain('no@b.test').steps).slice(0, 3)).toEqual([
      'unknown no@b.test domains/b.test',
      'unknown-to - domains/b.test/catch_all/unknown_to',
      '  alias info@a.test aliases/info@a.test',
    ]);
    expect(outline(explain('postmaster@b.test').steps)).toEqual([
      'postmaster postmaster@b.test server/postmaster',
      '  local root@mx.eg.test server/postmaster',
    ]);
    expect(outline(explain('carol@b.test').steps)[0]).toBe('no-account carol@b.test users/carol@b.test/account');
  });

  it.each([
    ['alice@a.test', 'which holds 2 GB'],
    ['archive@a.test', 'without a size limit'],
    ['bob@b.test', 'which holds 1 GB'],
    ['info@a.test', 'reached already and gets one copy'],
    ['info@a.test', 'carol@b.test has no mail account'],
    ['ghosts@b.test', 'the group empty, which has no members'],
    ['alice@a.test', 'the postmaster hears of it'],
    ['out@c.test', 'the sender hears of it'],
    ['x@elsewhere.test', 'it is sent on'],
    ['lost@c.test', 'comes back to its sender'],
  ])('says of %s: %s', (address, words) => {
    const { steps } = explain(address);
    expect(steps.map(({ text }) => text).join('\n')).toContain(words);
  });

  it.each([
    ['alice@a.test', 'kept for alice@a.test'],
    ['info@a.test', 'kept for alice@a.test; sent on to Out@partner.test'],
    ['nobody@a2.test', 'there is no nobody@a.test'],
    ['ghosts@a.test', 'no member of the group ghosts has a mail account'],
    ['ghosts@b.test', 'no member of the groups empty, ghosts has a mail account'],
    ['x@elsewhere.test', 'elsewhere.test is not managed here'],
  ])('ends for %s with: %s', (address, reason) => {
    expect(explain(address).verdict.reason).toBe(reason);
  });

  it('says that a sandbox sends nothing away', () => {
    const { steps } = explain('x@elsewhere.test', serviceOf(STATE, true));
    expect(steps.map(({ text }) => text).join('\n')).toContain('outbound');
    const relay = `relay:
  smarthost: {host: smtp.isp.test, port: 587, username: alice, password: {file: secrets/isp}}
  rules: [{sender: sales@a.test, host: 127.0.0.1, port: 2525}, {sender: b.test, direct: true}]
`;
    const away = explain('x@elsewhere.test', serviceOf(`${STATE}${relay}`, true)).steps.map(({ text }) => text);
    expect(away.slice(2)).toEqual([
      'it leaves by way of smtp.isp.test:587 as alice, the smarthost, unless a rule for its sender says otherwise; this sandbox keeps it in its outbound directory',
      'from sales@a.test it leaves by way of [127.0.0.1]:2525',
      'from b.test it leaves directly for the servers of its recipients; this sandbox keeps it in its outbound directory',
    ]);
  });
});

describe('what hardly anybody writes', () => {
  const code = (text: string): unknown => {
    const explained = explainAddress(text, service);
    return explained.ok
      ? [explained.value.address, explained.value.verdict.code, explained.value.verdict.loggedIn]
      : explained;
  };

  it.each([
    ['"alice"@A.test.', 'alice@a.test', 250, 250],
    ['al\\ice@a.test', 'alice@a.test', 250, 250],
    ['@x.test,@y.test:alice@a.test', 'alice@a.test', 250, 250],
    ['alice+a/b@a.test', 'alice+a/b@a.test', 250, 250],
    ['"a b"@b.test', '"a b"@b.test', 250, 250],
    ['a..b@b.test', 'a..b@b.test', 250, 250],
    ['a..b@a.test', 'a..b@a.test', 550, 550],
    ['x%y@a.test', 'x%y@a.test', 554, 550],
    ['x!y@b.test', 'x!y@b.test', 554, 250],
    ['a@b@b.test', '"a@b"@b.test', 554, 250],
    ['"alice@a.test"@mx.eg.test', 'alice@a.test', 250, 250],
    ['"a b@b.test"@mx.eg.test', '"a b"@b.test', 250, 250],
    ['postmaster', 'postmaster@mx.eg.test', 250, 250],
    ['abuse', 'abuse', 504, 504],
    ['alice@localhost', 'alice@localhost', 504, 504],
    ['alice@a', 'alice@a', 554, 504],
    ['root@[192.0.2.25]', 'root@[192.0.2.25]', 250, 250],
    ['abuse@[IPv6:2001:DB8::25]', 'abuse@[ipv6:2001:db8::25]', 550, 550],
    ['root@[192.0.2.26]', 'root@[192.0.2.26]', 554, 250],
    ['x@far_.test', 'x@far_.test', 554, 250],
  ])('%s', (text, address, stranger, loggedIn) => {
    expect(code(text)).toEqual([address, stranger, loggedIn]);
  });
});

describe('what is no address', () => {
  it.each([
    ['', 'empty'],
    ['@a.test', 'nothing before'],
    ['""@a.test', 'nothing before'],
    ['a b@a.test', 'a space'],
    ['a"b@a.test', 'double quote'],
    ['"a"b@a.test', 'quotes in the middle'],
    ['"a@a.test', 'double quote'],
    ['a(b)@a.test', '"("'],
    ['a,b@a.test', '","'],
    ['-a@a.test', 'begins with "-"'],
    ['\u00fc@a.test', '"\u00fc" before'],
    ['a\nb@a.test', 'line break'],
    ['alice@a..test', 'empty part'],
    ['alice@a.test..', 'empty part'],
    ['alice@-a.test', 'begins or ends with "-"'],
    ['alice@192.0.2.1', 'looks like an IP address'],
    ['alice@[a.test]', '"["'],
    ['<alice@a.test>', '"<"'],
    ['x'.repeat(2001), 'longer than 2000'],
  ])('%s: %s', (text, why) => {
    expect(explainAddress(text, service)).toMatchObject({ ok: false, why: expect.stringContaining(why) as unknown });
  });
});
