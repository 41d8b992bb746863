import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { onTerminal } from '../support/terminal.ts';
import { scene, type Scene } from '../support/scene.ts';

const STATE = 'version: 1\ndomains:\n  example.com: {aliases: [example.net]}\n';

/** A message that came before midnight and was delivered after it. */
const OLD = [
  'Dec 31 23:59:58 mx postfix/smtpd[1]: 3F2A1C0B5D: client=mail.far.test[192.0.2.1]',
  'Dec 31 23:59:58 mx postfix/cleanup[1]: 3F2A1C0B5D: message-id=<eve@far.test>',
  'Dec 31 23:59:59 mx postfix/qmgr[1]: 3F2A1C0B5D: from=<joe@far.test>, size=700, nrcpt=1 (queue active)',
];
const NEW = [
  'Jan  1 00:00:01 mx postfix/lmtp[1]: 3F2A1C0B5D: to=<alice@example.com>, orig_to=<info@example.net>, relay=mx[private/dovecot-lmtp], delay=3, delays=0/0/0/3, dsn=2.0.0, status=sent (250 2.0.0 <alice@example.com> aBcDeFgHiJkLmNoPqRsTuV Saved)',
  'Jan  1 00:00:01 mx postfix/qmgr[1]: 3F2A1C0B5D: removed',
];

async function withLogs(): Promise<Scene> {
  const made = await scene(STATE);
  const logs = `${made.root}/var/log`;
  await mkdir(logs, { recursive: true });
  await writeFile(`${logs}/mail.log.1`, `${OLD.join('\n')}\n`);
  await writeFile(`${logs}/mail.log`, `${NEW.join('\n')}\n`);
  const midnight = new Date(2026, 0, 1, 0, 0, 0).getTime() / 1000;
  await utimes(`${logs}/mail.log.1`, midnight, midnight);
  await utimes(`${logs}/mail.log`, midnight + 60, midnight + 60);
  return made;
}

describe('log', () => {
  it('guesses years over New Year, in two files', async () => {
    const made = await withLogs();
    const { stdout } = await made.ok(['log', 'trace', 'joe@far.test']);
    expect(stdout).toMatch(/^2025-12-31 23:59:58 {2}message from joe@far\.test {2}<eve@far\.test>\n/);
    expect(stdout).toMatch(/\n {2}alice@example\.com \(written to info@example\.net\): delivered to the mailbox\n/);
    const stats = await made.ok(['log', 'stats', '--since', '2025-12-01']);
    expect(stats.stdout).toBe('2026-01-01\texample.com\t0\t1\t0\t0\t0\n');
  });

  it('what is older than --since shows only with what is not', async () => {
    const made = await withLogs();
    expect((await made.ok(['log', 'trace', 'info@example.net', '--since', '2026-01-01'])).stdout).toMatch(
      /^2025-12-31/,
    );
    expect(await made.refuses(4, ['log', 'trace', 'joe@far.test', '--since', '2026-01-01'])).toMatch(/nothing about/);
  });

  it('without a log says which it looked for', async () => {
    const made = await scene(STATE);
    expect(await made.refuses(4, ['log', 'trace', 'joe@far.test'])).toContain(`${made.root}/var/log/mail.log`);
    expect(await made.refuses(4, ['log', 'stats'])).toContain('--file');
  });

  it('draws a chart on a terminal and none in a pipe', async () => {
    const { root } = await withLogs();
    const { screen, code } = await onTerminal({
      args: ['--root', root, 'log', 'stats', '--since', '2025-12-01', '--color', 'never'],
      steps: [],
    });
    expect(code).toBe(0);
    expect(screen).toMatch(/day +domain +sent +received/);
    expect(screen).toMatch(/2026-01-01 {2}#{10,} 1\r?\n/);
  });
});
