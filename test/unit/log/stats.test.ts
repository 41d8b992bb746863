import { describe, expect, it } from 'vitest';
import { stampReader } from '../../../src/core/log/clock.ts';
import { parseLine } from '../../../src/core/log/parse-line.ts';
import { finderOf } from '../../../src/core/log/needles.ts';
import { countsOf, STATS_NEEDLES, type Row } from '../../../src/core/log/stats.ts';
import { chart } from '../../../src/ui/stats-text.ts';
import { CLOCK, fixture } from './reading.ts';

const DOMAINS = new Map([
  ['a.test', 'a.test'],
  ['a2.test', 'a.test'],
  ['c.test', 'c.test'],
]);

function count(lines: readonly string[]): readonly Row[] {
  const [quickly, slowly] = [counted(lines, true), counted(lines, false)];
  expect(quickly).toEqual(slowly);
  return quickly;
}

function counted(lines: readonly string[], quickly: boolean): readonly Row[] {
  const counts = countsOf({
    managed: (domain) => DOMAINS.get(domain.toLowerCase()),
    day: (time) => new Date(time).toISOString().slice(0, 10),
  });
  const encoder = new TextEncoder();
  const readStamp = stampReader(CLOCK.now, CLOCK);
  const find = finderOf(STATS_NEEDLES.map((needle) => encoder.encode(needle)));
  for (const line of lines) {
    const bytes = encoder.encode(line);
    const stamp = find(bytes, 0, bytes.length) < 0 ? undefined : readStamp(line);
    if (stamp === undefined || (quickly && counts.addQuickly(stamp.time, line, stamp.length))) continue;
    const found = parseLine(line, readStamp);
    if (found !== undefined) counts.add(found);
  }
  return counts.rows();
}

const row = (day: string, domain: string, counts: readonly number[]): Row => {
  const [sent = 0, received = 0, refused = 0, deferred = 0, bounced = 0] = counts;
  return { day, domain, sent, received, refused, deferred, bounced };
};

/** The lines of messages of the fixture, by the tokens in them. */
function linesOf(...tokens: readonly string[]): readonly string[] {
  return fixture('mail.log').filter((line) => tokens.some((token) => line.includes(token)));
}

describe('log stats', () => {
  it('counts recipients where they are, copies too, and a hop not at all', () => {
    expect(count(linesOf('4jYzXs34LbzK5w2', '4jYzXs3DkrzK6N6'))).toEqual([
      row('2026-11-24', 'c.test', [0, 2, 0, 0, 0]),
    ]);
  });

  it('counts what was sent and given back for the sender', () => {
    expect(count(linesOf('4jYzXg2tCBzK5S7'))).toEqual([row('2026-11-24', 'a.test', [1, 0, 0, 0, 0])]);
    expect(count(linesOf('4jYznn6vPqz2FLM7'))).toEqual([row('2026-11-24', 'a.test', [0, 0, 0, 0, 1])]);
  });

  it('counts a recipient that waits once, however often it is tried', () => {
    const lines = linesOf('4jYzYp6qmFzK5VN');
    const again = lines.filter((line) => line.includes('status=deferred'));
    expect(count([...lines.slice(0, -1), ...again, ...again])).toEqual([row('2026-11-24', 'a.test', [0, 1, 0, 1, 0])]);
  });

  it('counts refusals for the domain written to, or else written from', () => {
    const unknown = fixture('mail.log').filter((line) => line.includes('<nobody@a.test>'));
    const notOwned = fixture('mail.log').filter((line) => line.includes('not owned'));
    const relay = fixture('mail.log').filter((line) => line.includes('Relay access denied'));
    expect(count([...unknown, ...notOwned])).toEqual([row('2026-11-24', 'a.test', [0, 0, 2, 0, 0])]);
    expect(count(relay)).toEqual([]);
  });

  it('counts every line of the fixtures alike by either way', () => {
    const lines = [...fixture('mail.log'), ...fixture('dovecot.log')];
    expect(count(lines).length).toBeGreaterThan(0);
    const dated = lines.map((line, n) => line.replace(/^\w+ +\d+ (\S+)/, `2026-11-24T$1.${n}+00:00`));
    expect(count(dated)).toEqual(count(lines));
  });

  it.each([
    ['"a>, status=sent ("@a.test', 'a quoted local part'],
    ['x@a.test> status=sent (<', 'a bracket'],
  ])('is not misled by %s', (address) => {
    const line = `Nov 24 23:20:36 mx postfix/lmtp[1]: 4jYzXs34LbzK5w2: to=<${address}>, relay=x, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred (try again, status=sent (x))`;
    expect(count([line]).map(({ received }) => received)).toEqual(address.startsWith('"') ? [0] : []);
  });

  it('gives rows by day and domain', () => {
    const lines = linesOf('4jYzXs34LbzK5w2', '4jYzXs3DkrzK6N6', '4jYzXg2tCBzK5S7');
    const days = [...lines, ...lines.map((line) => line.replace('Nov 24', 'Nov 23'))];
    expect(count(days).map(({ day, domain }) => `${day} ${domain}`)).toEqual([
      '2026-11-23 a.test',
      '2026-11-23 c.test',
      '2026-11-24 a.test',
      '2026-11-24 c.test',
    ]);
  });
});

describe('the chart', () => {
  const rows = [
    row('2026-11-23', 'a.test', [10, 20, 10, 0, 0]),
    row('2026-11-24', 'a.test', [0, 5, 0, 0, 0]),
    row('2026-11-24', 'c.test', [0, 5, 0, 0, 0]),
  ];

  it.each([40, 80, 200])('fits %i columns', (columns) => {
    const lines = chart(rows, columns).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    expect(lines[0]?.length).toBeGreaterThan(columns - 5);
  });

  it('has bars as long as the counts', () => {
    expect(chart(rows, 56)).toBe(
      [
        '2026-11-23  ####################++++++++++xxxxxxxxxx 40',
        '2026-11-24  ########## 10',
        '            # received + sent x refused',
        '',
      ].join('\n'),
    );
  });
});
