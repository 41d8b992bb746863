import { describe, expect, it } from 'vitest';
import { birthOf } from '../../../src/core/log/queue-id.ts';
import { wantedOf } from '../../../src/core/log/wanted.ts';
import { CLOCK, fixture, follow, outcomes } from './reading.ts';

const REAL = fixture('dovecot.log', 'mail.log');
const FILTERS = fixture('filters.log');
const BUILTIN = fixture('builtin-filter.log');

/** The same lines as rsyslog writes them today: RFC 3339, and Dovecot by way of syslog. */
const MODERN = REAL.map((line) =>
  line
    .replace(/^Nov (\d\d) (\S+) /, '2026-11-$1T$2.123456+00:00 ')
    .replace(/^(\S+) (?!mx )(\S+): Info: /, '$1 mx dovecot: $2: '),
);

/** What `journalctl -o short-iso` printed of a journal with the same lines. */
const JOURNAL = fixture('journal.log');

/** The message of a token in the fixtures, and what became of it. */
const MESSAGES: readonly (readonly [string, readonly string[]])[] = [
  ['<plain1@elsewhere.test>', ['alice@a.test delivered']],
  ['<plain2@elsewhere.test>', ['alice@a.test (al@a2.test) delivered', 'bob@a.test (bob@a2.test) delivered']],
  ['<out1@a.test>', ['friend@far.test captured']],
  ['<big1@x>', ['* refused too-large']],
  ['<quota1@a.test>', ['small@a.test bounced over-quota [failed INBOX: Quota exceeded (mailbox]']],
  ['<copy1@elsewhere.test>', ['archive@c.test delivered copy', 'eve@c.test delivered']],
  ['<pm1@x>', ['root@mx.example.test (postmaster@a.test) delivered']],
  ['<sieve-file@elsewhere.test>', ['bob@a.test delivered [filed Spam]']],
  [
    '<sieve-both@elsewhere.test>',
    ['bob@a.test delivered [filed Spam] [forwarded friend@far.test] [filed INBOX]', '> friend@far.test captured'],
  ],
  ['<sieve-redir@elsewhere.test>', ['bob@a.test forwarded [forwarded friend@far.test]', '> friend@far.test captured']],
  ['<sieve-local@elsewhere.test>', ['bob@a.test forwarded [forwarded alice@a.test]', '> alice@a.test delivered']],
  ['<sieve-toss@elsewhere.test>', ['bob@a.test discarded [discarded ]']],
  ['<sieve-rej@elsewhere.test>', ['bob@a.test rejected [rejected ]']],
  ['<sieve-vac@elsewhere.test>', ['bob@a.test delivered [answered x@elsewhere.test] [filed INBOX]']],
  ['<sieve-create@elsewhere.test>', ["bob@a.test delivered [filed Nix/Da's]"]],
  [
    '<sieve-broken@elsewhere.test>',
    [
      'archive@c.test delivered copy',
      'eve@c.test delivered [script-failed Failed to compile script `/srv] [filed INBOX]',
    ],
  ],
  ['<def1@elsewhere.test>', ['alice@a.test deleted mailboxes-down', 'bob@a.test (bob@a2.test) deleted mailboxes-down']],
  ['<def2@elsewhere.test>', ['alice@a.test delivered']],
  ['<def3@elsewhere.test>', ['alice@a.test delivered x2']],
  ['<hc-holdme@elsewhere.test>', ['alice@a.test held header-rule']],
  ['<far-ok@a.test>', ['friend@ok.test passed-on']],
  ['<far-no@a.test>', ['friend@no.test bounced no-such-account']],
  ['<far-grey@a.test>', ['friend@grey.test expired greylisted']],
  ['<far-down@a.test>', ['friend@down.test expired unreachable']],
  ['<far-nohost@a.test>', ['friend@nohost.test bounced no-such-domain']],
];

describe('log trace', () => {
  it.each(MESSAGES)('tells what became of %s', (messageId, expected) => {
    expect(outcomes(REAL, messageId)).toEqual(expected);
    expect(outcomes(REAL, messageId.slice(1, -1))).toEqual(expected);
  });

  it.each(MESSAGES)('also from lines in RFC 3339, of %s', (messageId, expected) => {
    expect(outcomes(MODERN, messageId)).toEqual(expected);
    expect(outcomes(JOURNAL, messageId)).toEqual(expected);
  });

  it.each([
    ['nobody@a.test', 'message x@elsewhere.test nobody@a.test no-such-account reject_unlisted_recipient'],
    ['nobody@far.test', 'message x@elsewhere.test nobody@far.test relay-denied reject_unauth_destination'],
    ['NOBODY@FAR.TEST', 'message x@elsewhere.test nobody@far.test relay-denied reject_unauth_destination'],
    ['x@elsewhere.test', 'message x@elsewhere.test too-large message_size_limit'],
    ['bob@a.test', 'message bob@a.test friend@far.test sender-not-owned reject_sender_login_mismatch'],
    ['zorro@a.test', 'login zorro@a.test authentication-failed'],
  ])('finds what was refused by the address %s', (address, expected) => {
    expect(outcomes(REAL, address)).toContain(expected);
  });

  it('tells of a failed login once, though two daemons do', () => {
    const { refusals } = follow(REAL, 'zorro@a.test');
    expect(refusals.map(({ service, text }) => [service, text])).toEqual([
      ['submission/smtpd', 'unknown user'],
      ['submission/smtpd', 'unknown user'],
    ]);
    expect(follow(REAL, 'alice@a.test', 100).refusals.map(({ service }) => service)).toContain('imap');
  });

  it.each([
    ['4jYzXd45BwzK5sN', '<plain1@elsewhere.test>'],
    ['4jYzXs3DkrzK6N6', '<copy1@elsewhere.test>'],
    ['4jYzYp4gHyzK5TF', '<def2@elsewhere.test>'],
    ['4jYzZJ2lZVzK5Yy', '<def2@elsewhere.test>'],
    ['4jYzXv6VG6zK6fq', '<sieve-redir@elsewhere.test>'],
  ])('the id %s leads to the message whichever passage it is of', (id, messageId) => {
    expect(outcomes(REAL, id)).toEqual(outcomes(REAL, messageId));
  });

  it('finds the mail of an alias, of a domain alias, of an archive', () => {
    expect(outcomes(REAL, 'al@a2.test')).toContain('alice@a.test (al@a2.test) delivered');
    expect(outcomes(REAL, 'postmaster@a.test')).toEqual(['root@mx.example.test (postmaster@a.test) delivered']);
    expect(outcomes(REAL, 'archive@c.test')).toHaveLength(4);
  });

  it('joins Dovecot by session where there is no Message-ID', () => {
    const { messages } = follow(REAL, '4jYzXd6FwBzK5sN');
    expect(messages[0]?.filings.map(({ session, action }) => [session, action])).toEqual([
      ['mGWgNMEdBmuGRAAAg+zDdQ', 'saved'],
    ]);
  });

  it('says which message a notice is about, and which notice was sent', () => {
    expect(follow(REAL, '4jYzXs17lXzK6Lr').messages[0]?.about).toEqual(['4jYzXs0tNszK67B']);
    expect(follow(REAL, '4jYzXs0tNszK67B').messages[0]?.passages[0]?.notices).toEqual(['4jYzXs17lXzK6Lr']);
  });

  it('knows what is still waiting', () => {
    const until = REAL.findIndex((line) => line.includes('placed on hold'));
    expect(outcomes(REAL.slice(0, until), '<def3@elsewhere.test>')).toEqual(['alice@a.test deferred mailboxes-down']);
    const held = REAL.findIndex((line) => line.includes('4jYzYp6qmFzK5VN: released'));
    expect(outcomes(REAL.slice(0, held), '<def3@elsewhere.test>')).toEqual(['alice@a.test held mailboxes-down']);
    expect(outcomes(fixture('mail.log').slice(0, 2), '4jYzXd45BwzK5sN')).toEqual(['* in-queue']);
  });

  it('tells what Dovecot alone knows of', () => {
    const dovecot = fixture('dovecot.log');
    expect(outcomes(dovecot, '<sieve-file@elsewhere.test>')).toEqual(['bob@a.test delivered [filed Spam]']);
    expect(outcomes(dovecot, '<quota1@a.test>')).toEqual([
      'small@a.test refused over-quota [failed INBOX: Quota exceeded (mailbox]',
    ]);
  });

  it('finds nothing else', () => {
    for (const what of [
      'e@c.test',
      'lice@a.test',
      'alice@a.tes',
      'plain1@elsewhere',
      '<lain1@elsewhere.test>',
      '4jYzX',
    ]) {
      expect(outcomes(REAL, what), what).toEqual([]);
    }
  });

  it('shows the latest of many and says that there are more', () => {
    const { messages, more } = follow(REAL, 'x@elsewhere.test', 3);
    expect(more).toBe(true);
    expect(messages.at(-1)?.messageId).toBe('hc-warnme@elsewhere.test');
    expect(messages.length).toBeLessThanOrEqual(12);
    expect(follow(REAL, '4jYzXd45BwzK5sN', 3).more).toBe(false);
  });

  it('keeps messages apart that had the same short id', () => {
    const twice = (hour: string, from: string): readonly string[] => [
      `Nov 20 ${hour}:00:00 mx postfix/smtpd[1]: 3F2A1C0B5D: client=c[192.0.2.1]`,
      `Nov 20 ${hour}:00:00 mx postfix/cleanup[1]: 3F2A1C0B5D: message-id=<${hour}@x.test>`,
      `Nov 20 ${hour}:00:00 mx postfix/qmgr[1]: 3F2A1C0B5D: from=<${from}>, size=1, nrcpt=1 (queue active)`,
      `Nov 20 ${hour}:00:00 mx postfix/smtp[1]: 3F2A1C0B5D: to=<${from.replace('from', 'to')}>, relay=r[192.0.2.2]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)`,
      `Nov 20 ${hour}:00:01 mx postfix/qmgr[1]: 3F2A1C0B5D: removed`,
    ];
    const lines = [...twice('10', 'from1@x.test'), ...twice('11', 'from2@x.test')];
    expect(outcomes(lines, 'from1@x.test')).toEqual(['to1@x.test sent']);
    expect(outcomes(lines, '3F2A1C0B5D')).toEqual(['to1@x.test sent', 'to2@x.test sent']);
  });

  it('does not follow an id that another server made up, nor all of a newsletter', () => {
    const other = REAL.map((line) =>
      line.replace('queued as REMOTE123', 'queued as 4jYzXd45BwzK5sN').replaceAll('127.0.0.1]:38801', '192.0.2.9]:25'),
    );
    expect(outcomes(other, '<far-ok@a.test>')).toEqual(['friend@ok.test sent']);
    const newsletter = Array.from({ length: 3000 }, (_, n) => [
      `Nov 20 10:00:00 mx postfix/smtpd[1]: 3F2A1C${n + 1000}: client=c[192.0.2.1]`,
      `Nov 20 10:00:00 mx postfix/cleanup[1]: 3F2A1C${n + 1000}: message-id=<news@x.test>`,
      `Nov 20 10:00:00 mx postfix/smtp[1]: 3F2A1C${n + 1000}: to=<to${n}@x.test>, relay=r[192.0.2.2]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)`,
    ]).flat();
    const found = outcomes(newsletter, 'to7@x.test');
    expect(found).toContain('to7@x.test sent');
    expect(found.length).toBeLessThanOrEqual(102);
  });
});

describe('filters', () => {
  it('greylisting, spam, viruses and blocklists have their words', () => {
    expect(outcomes(FILTERS, 'alice@a.test')).toEqual([
      'alice@a.test refused filtered',
      'alice@a.test refused greylisted',
      'alice@a.test discarded filtered',
      'alice@a.test delivered',
      'message news@shop.example alice@a.test greylisted',
      'message bot@bad.example alice@a.test blocklisted reject_rbl_client',
    ]);
  });

  it('two that went to the filter together keep the names that were written to', () => {
    const line = (id: string, to: string, rest: string): string =>
      `Nov 24 23:54:00 mx postfix/smtp[1]: ${id}: to=<${to}>, ${rest}, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent`;
    const hop = 'relay=127.0.0.1[127.0.0.1]:10024';
    const lines = [
      'Nov 24 23:54:00 mx postfix/smtpd[1]: 4A1B2C3D60: client=mail.good.example[192.0.2.11]',
      'Nov 24 23:54:00 mx postfix/smtpd[1]: 4A1B2C3D61: client=localhost[127.0.0.1]',
      `${line('4A1B2C3D60', 'a@a.test', `orig_to=<x@a.test>, ${hop}`)} (250 2.0.0 Ok: queued as 4A1B2C3D61)`,
      `${line('4A1B2C3D60', 'b@a.test', `orig_to=<y@a.test>, ${hop}`)} (250 2.0.0 Ok: queued as 4A1B2C3D61)`,
      `${line('4A1B2C3D61', 'b@a.test', 'relay=r[192.0.2.9]:25')} (250 ok)`,
      `${line('4A1B2C3D61', 'a@a.test', 'relay=r[192.0.2.9]:25')} (250 ok)`,
    ];
    expect(outcomes(lines, '4A1B2C3D61')).toEqual(['b@a.test (y@a.test) sent', 'a@a.test (x@a.test) sent']);
  });

  it('what the filter found comes with the message', () => {
    expect(follow(FILTERS, '<offer@spam.example>').messages[0]?.filters).toMatchObject([
      { service: 'rspamd', action: 'reject', score: 25.3, limit: 15, rules: ['GTUBE 20.2', 'BAYES_SPAM 5.1'] },
    ]);
    expect(follow(FILTERS, '4A1B2C3D50').messages[0]?.filters).toMatchObject([
      { service: 'amavis', action: 'blocked infected', rules: ['Eicar-Test-Signature'] },
    ]);
  });

  it('all that the built-in filter does is known, from a real run', () => {
    const of = (id: string): readonly unknown[] => {
      const what = `<${id}@far.test>`;
      const [filter] = follow(BUILTIN, what).messages[0]?.filters ?? [];
      return [...outcomes(BUILTIN, what), filter?.action, filter?.score, filter?.limit];
    };
    expect(of('plain')).toEqual(['alice@a.test delivered [filed INBOX]', 'no action', 0, 15]);
    expect(of('spam')).toEqual(['carl@c.test delivered [filed Spam]', 'add header', 1, 15]);
    expect(of('refused')).toEqual(['dora@d.test refused filtered', 'reject', 1, 0.2]);
    expect(of('gtube')).toEqual(['alice@a.test refused filtered', 'reject', 15, 15]);
    expect(of('blocked')).toEqual(['alice@a.test refused filtered', 'reject', 0, 15]);
    expect(of('banned')).toEqual(['alice@a.test refused filtered', 'reject', 0, 15]);
    expect(of('virus')).toEqual(['alice@a.test refused filtered', 'reject', 1, 15]);
    expect(of('scannerdown')).toEqual(['alice@a.test refused filtered', 'soft reject', 0, 15]);
    expect(of('grey')).toEqual(['alice@a.test refused greylisted', 'soft reject', 1.2, 15]);
    const causes = follow(BUILTIN, 'x@far.test').refusals.map(({ cause, temporary }) => [cause, temporary]);
    expect(causes).toEqual([['filter-down', true]]);
  });

  it("rspamd's own log file is read like syslog", () => {
    const own = FILTERS.map((line) => line.replace(/^Nov 24 (\S+) mx rspamd\[(\d+)\]: /, '2026-11-24 $1 #$2(normal) '));
    expect(follow(own, '<offer@spam.example>').messages[0]?.filters).toHaveLength(1);
  });
});

describe('what can be looked for', () => {
  it.each(['', 'a', 'abc', '@', 'x\n@y.test', 'a@b\u0007.test', 'x'.repeat(1000)])('not %j', (text) => {
    expect(wantedOf(text)).toBeUndefined();
  });

  it('an internationalised domain in both spellings', () => {
    expect(wantedOf('a@BÜCHER.test')?.needles).toContain('a@xn--bcher-kva.test');
  });
});

describe('queue ids', () => {
  it('long ones tell the second in which they were made', () => {
    expect(birthOf('4jYzXd45BwzK5sN')).toBe(Date.UTC(2026, 10, 24, 23, 29, 5));
    expect(birthOf('4jYzZJ2lZVzK5Yy')).toBe(Date.UTC(2026, 10, 24, 23, 30, 32));
    expect(birthOf('3F2A1C0B5D')).toBeUndefined();
    expect(CLOCK.now).toBeGreaterThan(birthOf('4jYznv62vpz2FLMB') ?? Infinity);
  });
});
