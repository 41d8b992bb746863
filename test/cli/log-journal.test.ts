import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { writeJournal, type JournalEntry } from '../support/journal.ts';
import { scene, type Scene } from '../support/scene.ts';
import { fixture } from '../unit/log/reading.ts';

const STATE = 'version: 1\ndomains:\n  a.test: {aliases: [a2.test]}\n  c.test: {}\n';

/** The lines of a real run as entries of a journal, and as they are. */
function entriesOf(lines: readonly string[]): readonly JournalEntry[] {
  return lines.flatMap((line) => {
    const syslog = /^(\w+ +\d+ \S+) \S+ ([^[\s]+)\[\d+\]: (.*)$/.exec(line);
    const dovecot = /^(\w+ +\d+ \S+) (\S+): Info: (.*)$/.exec(line);
    if (syslog !== null)
      return [{ time: Date.parse(`${syslog[1] ?? ''} 2026`), program: syslog[2] ?? '', message: syslog[3] ?? '' }];
    if (dovecot === null) return [];
    const message = `${dovecot[2] ?? ''}: ${dovecot[3] ?? ''}`;
    return [{ time: Date.parse(`${dovecot[1] ?? ''} 2026`), program: 'dovecot', message }];
  });
}

const ODD: readonly JournalEntry[] = [
  { time: Date.UTC(2026, 10, 24, 22), program: 'sshd', facility: 4, message: '3F2A1C0B5D: client=not.mail[192.0.2.9]' },
  {
    time: Date.UTC(2026, 10, 24, 22),
    program: 'postfix/smtpd',
    message: '3F2A1C0B5D: client=mail.far.test[192.0.2.1]',
  },
  {
    time: Date.UTC(2026, 10, 24, 22, 0, 1),
    program: 'postfix/cleanup',
    message: Buffer.from('3F2A1C0B5D: message-id=<odd\xff@far.test>', 'latin1'),
  },
  {
    time: Date.UTC(2026, 10, 24, 22, 0, 2),
    program: 'postfix/qmgr',
    message: `3F2A1C0B5D: from=<${'long'.repeat(2000)}@far.test>, size=700, nrcpt=1 (queue active)`,
  },
  {
    time: Date.UTC(2026, 10, 24, 22, 0, 3),
    program: 'postfix/smtp',
    message:
      '3F2A1C0B5D: to=<joe@a.test>, relay=none, delay=3, delays=0/0/0/3, dsn=4.4.1, status=deferred (Host not found)',
  },
  {
    time: Date.UTC(2026, 10, 24, 22, 0, 4),
    program: 'dovecot',
    message:
      'lmtp: 3F2A1C0B5D\n2026-11-24T22:00:04+0000 mx postfix/smtp[1]: 3F2A1C0B5D: to=<x@a.test>, relay=none, delay=3, delays=0/0/0/3, dsn=2.0.0, status=sent (two)',
  },
];

async function withJournal(): Promise<{ made: Scene; journal: string }> {
  const made = await scene(STATE);
  const journal = `${made.root}/mail.journal`;
  const lines = fixture('mail.log', 'dovecot.log');
  const entries = [...entriesOf(lines), ...ODD];
  await writeJournal(
    journal,
    [...entries].sort((a, b) => a.time - b.time),
  );
  return { made, journal };
}

describe('the journal of systemd', () => {
  it('tells what files of the same run tell', async () => {
    const { made, journal } = await withJournal();
    const files = ['mail.log', 'dovecot.log'].map((name) => new URL(`../unit/log/fixtures/${name}`, import.meta.url));
    const paths = files.map(({ pathname }) => pathname);
    for (const what of ['alice@a.test', '4jYzXs34LbzK5w2', '<sieve-both@elsewhere.test>', 'small@a.test']) {
      const args = ['log', 'trace', what, '--limit', '500', '--json', '--file'];
      const told = async (...sources: readonly string[]): Promise<unknown> => {
        const { stdout } = await made.ok([...args, ...sources]);
        const { messages, refusals } = JSON.parse(stdout) as { messages: unknown[]; refusals: unknown[] };
        expect(messages.length + refusals.length).toBeGreaterThan(0);
        return { messages, refusals };
      };
      expect(await told(journal), what).toEqual(await told(...paths));
    }
    const stats = ['log', 'stats', '--since', '2026-11-23', '--json', '--file'];
    const rows = JSON.parse((await made.ok([...stats, journal])).stdout) as { rows: { deferred: number }[] };
    const expected = JSON.parse((await made.ok([...stats, ...paths])).stdout) as typeof rows;
    const one = expected.rows[0];
    // The odd one is in the journal only.
    if (one !== undefined) one.deferred += 1;
    expect(rows.rows).toEqual(expected.rows);
  });

  it('is read from about a time on, and only what is mail', async () => {
    const { made, journal } = await withJournal();
    const trace = await made.ok(['log', 'trace', '3F2A1C0B5D', '--json', '--file', journal]);
    expect(JSON.parse(trace.stdout)).toMatchObject({
      messages: [
        {
          passages: [{ client: 'mail.far.test[192.0.2.1]' }],
          recipients: [{ address: 'joe@a.test', outcome: 'deferred' }],
        },
      ],
      reach: { from: '2026-11-24T22:00:00.000Z', sources: [journal] },
    });
    expect(trace.stdout).not.toContain('x@a.test');
    const since = ['--since', '2026-11-24T22:30:00Z', '--file', journal];
    expect(await made.refuses(4, ['log', 'trace', '3F2A1C0B5D', ...since])).toContain('nothing about');
  });

  it('that is broken, or none, is said to be so', async () => {
    const made = await scene(STATE);
    const broken = `${made.root}/broken.journal`;
    await writeFile(broken, `LPKSHHRH${'x'.repeat(500)}`);
    expect(await made.refuses(1, ['log', 'trace', '3F2A1C0B5D', '--file', broken])).toContain(broken);
  });
});
