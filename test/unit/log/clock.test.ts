import { describe, expect, it } from 'vitest';
import { dayStart, parseSince, stampReader, type Clock } from '../../../src/core/log/clock.ts';
import { parseLine } from '../../../src/core/log/parse-line.ts';
import { CLOCK } from './reading.ts';

/** Two hours east of Greenwich. */
const EAST: Clock = {
  now: CLOCK.now,
  local: (year, month, day, hour, minute, second) => Date.UTC(year, month, day, hour - 2, minute, second),
};

function at(line: string, latest = CLOCK.now, clock = CLOCK): string | undefined {
  const stamp = stampReader(latest, clock)(`${line} mx postfix/qmgr[1]: x`);
  return stamp === undefined ? undefined : new Date(stamp.time).toISOString();
}

describe('the time of a line', () => {
  it.each([
    ['Nov 24 23:20:36', '2026-11-24T23:20:36.000Z'],
    ['Nov  4 03:20:36', '2026-11-04T03:20:36.000Z'],
    ['2026-11-24T23:20:36.123456+01:00', '2026-11-24T22:20:36.123Z'],
    ['2026-11-24T23:20:36-03:30', '2026-11-25T02:50:36.000Z'],
    ['2026-11-24T23:20:36+0100', '2026-11-24T22:20:36.000Z'],
    ['2026-11-24T23:20:36Z', '2026-11-24T23:20:36.000Z'],
    ['2026-11-24 23:20:36', '2026-11-24T23:20:36.000Z'],
    ['2026-11-24 23:20:36.5', '2026-11-24T23:20:36.500Z'],
  ])('%s', (text, expected) => {
    expect(at(text)).toBe(expected);
  });

  it.each(['', 'Foo 24 23:20:36', 'Nov 24 23:20', '-- Boot 0123 --', '2026-11-24', 'x'.repeat(50)])(
    'none in %j',
    (text) => {
      expect(at(text)).toBeUndefined();
    },
  );

  it('is the same for a line of the same second as the one before', () => {
    const read = stampReader(CLOCK.now, CLOCK);
    const times = (line: string): void => expect(read(line), line).toEqual(stampReader(CLOCK.now, CLOCK)(line));
    for (const zone of ['+01:00', 'Z', '', '-0330']) {
      for (const fraction of ['', '.5', '.123456', '.000999', '.999999999', '.', ',25', '.12x']) {
        times(`2026-11-24T23:20:36${fraction}${zone} mx x`);
        times(`2026-11-24T23:20:36${fraction}${zone}`);
      }
    }
    times('2026-11-24T23:20:37+01:00 mx x');
    times('Nov 24 23:20:37 mx x');
    times('Nov 24 23:20:37.5 mx x');
  });

  it('without a zone is that of the machine', () => {
    expect(at('Nov 24 23:20:36', CLOCK.now, EAST)).toBe('2026-11-24T21:20:36.000Z');
  });

  it('a year that is not written is guessed from when the file was last written to', () => {
    const newYear = Date.UTC(2027, 0, 1, 6, 25);
    expect(at('Dec 31 23:59:59', newYear)).toBe('2026-12-31T23:59:59.000Z');
    expect(at('Jan  1 00:00:01', newYear)).toBe('2027-01-01T00:00:01.000Z');
    // Rotated before New Year, read long after it.
    expect(at('Dec 31 23:59:59', Date.UTC(2025, 11, 31, 23, 59, 59))).toBe('2025-12-31T23:59:59.000Z');
    // The file's time is that of a clock that was a little late.
    expect(at('Nov 24 23:30:00', Date.UTC(2026, 10, 24, 23, 29))).toBe('2026-11-24T23:30:00.000Z');
    expect(at('Feb 29 12:00:00', Date.UTC(2026, 5, 1))).toBe('2024-02-29T12:00:00.000Z');
  });
});

describe('--since', () => {
  it.each([
    ['2h', '2026-11-24T22:30:00.000Z'],
    ['30 min', '2026-11-25T00:00:00.000Z'],
    ['7 d', '2026-11-18T00:30:00.000Z'],
    ['today', '2026-11-25T00:00:00.000Z'],
    ['yesterday', '2026-11-24T00:00:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20 20:15', '2026-11-20T20:15:00.000Z'],
    ['2026-11-20T20:15:30+01:00', '2026-11-20T19:15:30.000Z'],
  ])('%s', (text, expected) => {
    expect(new Date(parseSince(text, CLOCK) ?? NaN).toISOString()).toBe(expected);
  });

  it.each(['', 'soon', '2', '2 parsecs', '-2h', '2026-13-01', '2026-11-20 25:00', '24 Nov'])('not %j', (text) => {
    expect(parseSince(text, CLOCK)).toBeUndefined();
  });

  it('a day begins at midnight of the zone', () => {
    expect(new Date(dayStart(EAST, 0)).toISOString()).toBe('2026-11-24T22:00:00.000Z');
    expect(new Date(dayStart(EAST, -6)).toISOString()).toBe('2026-11-18T22:00:00.000Z');
  });
});

describe('what strangers write into lines', () => {
  const event = (text: string): unknown =>
    parseLine(`Nov 24 23:20:36 mx ${text}`, stampReader(CLOCK.now, CLOCK))?.event;

  it('a recipient cannot say that it was delivered', () => {
    const forged = '"a>, relay=x[1.2.3.4]:25, delay=1, delays=0/0/0/0, dsn=2.0.0, status=sent (250 ok)"@far.test';
    const line = `postfix/smtp[1]: 3F2A1C0B5D: to=<${forged}>, relay=none, delay=1, delays=0/0/0/0, dsn=5.4.4, status=bounced (no host)`;
    expect(event(line)).toMatchObject({ to: forged, status: 'bounced', reason: 'no host' });
  });

  it('a server cannot either', () => {
    const said = '550 no) to=<b@x.test>, relay=y, delay=1, delays=0/0/0/0, dsn=2.0.0, status=sent (250 ok';
    const line = `postfix/smtp[1]: 3F2A1C0B5D: to=<a@x.test>, relay=r[1.2.3.4]:25, delay=1, delays=0/0/0/0, dsn=5.0.0, status=bounced (host said: ${said})`;
    expect(event(line)).toMatchObject({ to: 'a@x.test', status: 'bounced' });
  });

  it('a subject cannot pretend another envelope', () => {
    const subject = 'x from evil[1.2.3.4]; from=<a@x.test> to=<b@x.test> proto=ESMTP helo=<h>: 2.0.0 fine';
    const line = `postfix/cleanup[1]: 3F2A1C0B5D: reject: header Subject: ${subject} from unknown[127.0.0.9]; from=<real@x.test> to=<me@x.test> proto=ESMTP helo=<c>: 5.7.1 no`;
    expect(event(line)).toMatchObject({
      from: 'real@x.test',
      to: 'me@x.test',
      client: 'unknown[127.0.0.9]',
      text: '5.7.1 no',
    });
  });

  it('a folder may be called anything', () => {
    const line =
      "dovecot: lmtp(a@x.test)<1><s>: sieve: msgid=<m@x>: fileinto action: stored mail into mailbox 'It's: (odd) forwarded to <z@x>'";
    expect(event(line)).toMatchObject({ action: 'filed', detail: "It's: (odd) forwarded to <z@x>" });
  });

  it('a Message-ID with a verb of Dovecot in it stays one', () => {
    const line = 'dovecot: lmtp(a@x.test)<1><s>: msgid=<x: saved mail to y@z>: saved mail to INBOX';
    expect(event(line)).toMatchObject({ action: 'saved', detail: 'INBOX' });
  });

  it.each([
    ['verdicts', `postfix/smtpd[1]: NOQUEUE: reject: RCPT ${'from a['.repeat(4000)}`],
    ['headers', `postfix/cleanup[1]: 3F2A1C0B5D: reject: header ${'; from=<a@b> to=<'.repeat(1800)}`],
    ['deliveries', `postfix/smtp[1]: 3F2A1C0B5D: to=<${'"\\'.repeat(9000)}`],
    [
      'deliveries with much in them',
      `postfix/smtp[1]: 3F2A1C0B5D: to=<a>, relay=b, ${'dsn=1.1.1, status=a ('.repeat(1400)}`,
    ],
    ['sieve', `dovecot: lmtp(a)<1><s>: sieve: msgid=${'<: stored mail '.repeat(2000)}`],
    [
      'failed logins',
      `postfix/smtpd[1]: warning: a[1]: SASL x authentication failed: ${', sasl_username'.repeat(2000)}`,
    ],
    ['rspamd', `rspamd[1]: rspamd_task_write_log: id: <${'>, qid: <a>, (default: T ('.repeat(1200)}`],
    ['amavis', `amavis[1]: ${'(1) Blocked A (b) Queue-ID: '.repeat(1000)}`],
  ])('long lines of %s take no long time', (_, text) => {
    // A pattern that goes back again and again would not end before the test's own time is over.
    expect(event(text) ?? {}).not.toHaveProperty('action', 'sent');
  });
});
