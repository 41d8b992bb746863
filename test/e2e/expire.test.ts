import { chmod, chown, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { exec } from '../../src/system/exec.ts';
import { daysLater } from '../support/clock.ts';
import { drain, mailOf, PASSWORD_HASH, sendAsStranger, subjectOf } from '../support/mail.ts';
import { fakePrograms, useSandbox } from '../support/sandbox.ts';
import { putScript } from '../support/sieve.ts';

const STATE = `
version: 1
server:
  mailname: mx.example.test
  expiry: {trash: 10 d, spam: 30 d}
domains: {a.test: {}}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
  broken@a.test: {password: "${PASSWORD_HASH}"}
  idle@a.test: {password: "${PASSWORD_HASH}"}
  person@a.test: {account: false}
`;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [/doveadm.*broken@a\.test.*Permission denied/, /Warning: .*SIGTERM/],
});
const at = (path: string): string => `${sandbox().root}/${path}`;

/** Nobody here ever logs in: Sieve puts what comes into the folder that its subject names. */
async function deliver(address: string, folder: string, headers: readonly string[] = []): Promise<string> {
  await putScript(
    sandbox(),
    address,
    'require ["fileinto", "variables"]; if header :matches "X-Folder" "*" { fileinto "${1}"; }',
  );
  const token = await sendAsStranger(sandbox(), address, undefined, { headers: [`X-Folder: ${folder}`, ...headers] });
  await drain(sandbox());
  return token;
}

interface Answer {
  readonly removed: readonly { user: string; folder: string; messages: number }[];
  readonly errors: readonly { user: string; folder: string; message: string }[];
}

async function expire(days: number, args: readonly string[] = []): Promise<{ code: number | null; answer: Answer }> {
  const result = await sandbox().run(['expire', '--json', ...args], { env: daysLater(days) });
  return { code: result.code, answer: JSON.parse(result.stdout) as Answer };
}

async function subjects(address: string, folder: string): Promise<(string | undefined)[]> {
  return (await mailOf(sandbox(), address, folder)).map(subjectOf).sort();
}

describe('expire', () => {
  it('removes what has been in the folder for too long, for users who never log in', async () => {
    const spam = [await deliver('alice@a.test', 'Spam'), await deliver('alice@a.test', 'Spam')].sort();
    const trash = await deliver('bob@a.test', 'Trash', ['Date: Mon, 01 Jan 2024 12:00:00 +0000']);
    expect(await expire(9)).toMatchObject({ code: 0, answer: { removed: [], errors: [] } });
    expect((await expire(11, ['--dry-run'])).answer.removed).toEqual([
      { user: 'bob@a.test', folder: 'Trash', messages: 1 },
    ]);
    expect(await subjects('bob@a.test', 'Trash')).toEqual([trash]);
    expect((await expire(29)).answer.removed).toEqual([{ user: 'bob@a.test', folder: 'Trash', messages: 1 }]);
    expect([await subjects('bob@a.test', 'Trash'), await subjects('alice@a.test', 'Spam')]).toEqual([[], spam]);
    const { stdout, stderr } = await sandbox().ok(['expire'], { env: daysLater(31) });
    expect(stdout).toBe('alice@a.test\tSpam\t2\n');
    expect(stderr).toContain('2 messages removed; what expires: mail in Trash after 10 d and in Spam after 30 d');
    expect(await subjects('alice@a.test', 'Spam')).toEqual([]);
  });

  it('leaves other folders alone, and makes none', async () => {
    const kept = await deliver('alice@a.test', 'INBOX');
    expect((await expire(99_999)).code).toBe(0);
    expect((await mailOf(sandbox(), 'alice@a.test')).map(subjectOf)).toContain(kept);
    await expect(readFile(at('var/vmail/a.test/idle'))).rejects.toThrow(/ENOENT/);
  });

  it('basis: date counts from the date of the message; an edit that is not applied deletes nothing', async () => {
    await deliver('bob@a.test', 'Trash', ['Date: Mon, 01 Jan 2024 12:00:00 +0000']);
    await sandbox().ok(['server', 'set', '--expiry-basis', 'date']);
    expect((await expire(0)).answer.removed).toEqual([]);
    await sandbox().ok(['apply']);
    expect((await expire(0)).answer.removed).toEqual([{ user: 'bob@a.test', folder: 'Trash', messages: 1 }]);
    await sandbox().ok(['server', 'set', '--expiry-basis', 'default', '--apply']);
  });

  it('one who fails does not keep the others waiting: exit 1, and status tells', async () => {
    for (const user of ['alice', 'broken', 'bob']) await deliver(`${user}@a.test`, 'Trash');
    const folder = at('var/vmail/a.test/broken/Maildir/.Trash');
    await chown(folder, 0, 0);
    const { code, answer } = await expire(11);
    expect(code).toBe(1);
    expect(answer.removed.map(({ user }) => user).sort()).toEqual(['alice@a.test', 'bob@a.test']);
    expect(answer.errors).toMatchObject([{ user: 'broken@a.test', folder: 'Trash' }]);
    const status = await sandbox().run(['status']);
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/^!! expire failed for broken@a\.test, Trash: .*Permission denied/m);
    await chown(folder, 5000, 5000);
    expect((await expire(11)).answer.removed).toEqual([{ user: 'broken@a.test', folder: 'Trash', messages: 1 }]);
    const { stdout } = await sandbox().ok(['status']);
    expect(stdout).toMatch(/^ok expire ran last at \d{4}-\S+Z: 1 from Trash of 1 user$/m);
    expect(stdout).toMatch(/^ok what expires: .*only by hand, as a sandbox has no timer$/m);
  });

  it('two at once remove each message once', async () => {
    for (let n = 0; n < 3; n++) await deliver('bob@a.test', 'Spam');
    const both = await Promise.all([expire(31), expire(31)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.flatMap(({ answer }) => answer.removed)).toEqual([{ user: 'bob@a.test', folder: 'Spam', messages: 3 }]);
  });
});

/** The same place as a server and no sandbox: it has a job that runs once a day. */
describe('the daily job', () => {
  const asServer = async (services: 'direct' | 'systemd'): Promise<void> => {
    const host = await readFile(at('etc/eboxmail/host.yaml'), 'utf8');
    const lines = host.split('\n').filter((line) => !/^(sandbox|services):/.test(line));
    await writeFile(at('etc/eboxmail/host.yaml'), [...lines, `services: ${services}`, ''].join('\n'));
  };
  const CRON = 'etc/cron.d/eboxmail-expire';
  const TIMER = 'etc/systemd/system/eboxmail-expire.timer';
  const SERVICE = 'etc/systemd/system/eboxmail-expire.service';

  it('without systemd it is a line for cron, which works as it stands there', async () => {
    const kept = await readFile(at('etc/eboxmail/host.yaml'), 'utf8');
    await asServer('direct');
    await sandbox().ok(['apply']);
    const line = (await readFile(at(CRON), 'utf8')).split('\n').find((text) => /^\d/.test(text)) ?? '';
    const command = /^17 3 \* \* \* root (.*)$/.exec(line)?.[1]?.replaceAll('\\%', '%') ?? '';
    await rm(at('var/lib/eboxmail/expire/last-run.json'));
    const { code, stdout, stderr } = await exec('sh', ['-c', command]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await sandbox().ok(['status'])).stdout).toMatch(/^ok what expires: .* removed by cron$/m);
    const late = await sandbox().run(['status'], { env: daysLater(3) });
    expect([late.code, late.stdout]).toEqual([
      1,
      expect.stringMatching(/^!! .*removed by cron: it does not run every day; see to it that cron runs$/m),
    ]);
    await sandbox().ok(['server', 'set', '--trash-expiry', 'never', '--spam-expiry', 'never', '--apply']);
    await expect(readFile(at(CRON))).rejects.toThrow(/ENOENT/);
    await writeFile(at('etc/eboxmail/host.yaml'), kept);
    await sandbox().ok(['apply']);
  });

  it('with systemd it is a timer that apply enables, and disables before it goes', async () => {
    const log = at('systemctl.log');
    // The daemons of this directory are no units of this machine, so they are driven directly in its place.
    const env = await fakePrograms(at('fakes'), {
      systemctl: [
        `echo "$*" >> ${log}`,
        `case "$*" in`,
        `  *postfix) exec postfix -c ${at('etc/postfix')} "$1" > /dev/null 2>&1 ;;`,
        `  *dovecot) exec doveadm -c ${at('etc/dovecot/dovecot.conf')} "$1" ;;`,
        `  is-active*) cat ${at('active')} 2> /dev/null || echo active ;;`,
        `  is-enabled*) cat ${at('enabled')} 2> /dev/null || echo enabled ;;`,
        `  enable*) rm -f ${at('enabled')} ;;`,
        `  restart*timer) rm -f ${at('active')} ;;`,
        `esac`,
      ].join('\n'),
    });
    const kept = await readFile(at('etc/eboxmail/host.yaml'), 'utf8');
    await asServer('systemd');
    await sandbox().ok(['server', 'set', '--trash-expiry', '5', '--apply'], { env });
    const calls = async (): Promise<string[]> =>
      (await readFile(log, 'utf8')).split('\n').filter((call) => /^(?!is-).*(timer|daemon-reload)/.test(call));
    expect(await calls()).toEqual(['daemon-reload', 'enable eboxmail-expire.timer', 'restart eboxmail-expire.timer']);
    await chmod(at(SERVICE), 0o644);
    const verified = await exec('systemd-analyze', ['verify', '--man=no', at(SERVICE), at(TIMER)]);
    expect(verified.stderr.split('\n').filter((line) => line.includes('eboxmail-expire'))).toEqual([]);
    expect(await readFile(at(SERVICE), 'utf8')).toContain(
      'Description=Remove mail in Trash after 5 d (since it came there)',
    );
    await sandbox().ok(['apply'], { env });
    expect(await calls()).toHaveLength(3);
    expect((await sandbox().ok(['status'], { env })).stdout).toMatch(/removed by a systemd timer$/m);
    await rm(log);
    for (const [file, state] of [
      ['active', 'inactive'],
      ['enabled', 'disabled'],
    ] as const) {
      await writeFile(at(file), `${state}\n`);
      expect((await sandbox().run(['plan', '--exit-code'], { env })).code).toBe(10);
      const words = `Timers:\n  eboxmail-expire.timer: start, as it is ${state}\n`;
      expect((await sandbox().ok(['plan'], { env })).stdout).toContain(words);
      const status = await sandbox().run(['status', '--quiet'], { env });
      expect(status.code).toBe(1);
      expect(status.stdout).toContain(`its timer is ${state}; "eboxmail --root ${sandbox().root} apply" starts it\n`);
      const timers = [{ name: 'eboxmail-expire.timer', state }];
      const planned = JSON.parse((await sandbox().ok(['plan', '--json'], { env })).stdout) as { digest: string };
      expect(planned).toMatchObject({ empty: false, timers });
      await sandbox().ok(['apply', '--expect', planned.digest], { env });
      expect(await calls()).toEqual(['daemon-reload', 'enable eboxmail-expire.timer', 'restart eboxmail-expire.timer']);
      expect((await sandbox().ok(['history'])).stdout).toMatch(/^\d+\t\S+\t\S+\ttimers put right\n/);
      expect((await sandbox().run(['plan', '--exit-code'], { env })).code).toBe(0);
      await rm(log);
    }
    await sandbox().ok(['server', 'set', '--trash-expiry', 'never', '--apply'], { env });
    expect(await calls()).toEqual(['disable --now eboxmail-expire.timer', 'daemon-reload']);
    await writeFile(at('etc/eboxmail/host.yaml'), kept);
    await sandbox().ok(['apply']);
  });
});
