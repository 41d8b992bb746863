import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runWithFault } from '../support/faults.ts';
import { copies, imapLogin, PASSWORD_HASH, sendAsStranger, stranger, tryLogin, tryRecipient } from '../support/mail.ts';
import { portIsOpen } from '../support/line-client.ts';
import { runCli } from '../support/run-cli.ts';
import {
  eventually,
  fakePrograms,
  finishSandbox,
  processesOf,
  reloads,
  startSandbox,
  useSandbox,
  type Sandbox,
} from '../support/sandbox.ts';
import { makeTempDir } from '../support/temp.ts';

const run = promisify(execFile);

function state({ server = '', users = '', domains = '' } = {}): string {
  return `
version: 1
server:
  mailname: mx.example.test
${server}
domains:
  a.test: {aliases: [a-alias.test]}
${domains}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
${users}
`;
}

const sandbox = useSandbox({
  state: state(),
  tolerate: [
    /warning: \S+: SASL PLAIN authentication failed/,
    // The scenario kills daemons.
    /Error: .*(Broken pipe|Connection reset|Connection refused|EOF|disconnected|lost|Lost|closed)/,
    /Warning: .*(master|Master|signal 9|auth server|Auth connection)/,
    /warning: .*(lost connection|Connection reset|Connection refused|unavailable|reading|process .* killed by signal|No such file or directory)/,
    /fatal: .*(master_status|watchdog|accept|kill|No space left on device)/i,
    /error: .*No space left on device/i,
  ],
});

/** Mail and logins work: a message to the account arrives, both logins succeed, an unknown recipient is refused. */
async function expectWorking(box: Sandbox, account = 'alice@a.test'): Promise<void> {
  expect((await tryLogin(box, account)).code, `SMTP login of ${account}`).toBe(235);
  expect(await imapLogin(box, account), `IMAP login of ${account}`).toBe(true);
  const token = await sendAsStranger(box, account);
  expect(await copies(box, token, [account])).toEqual({ [account]: 1 });
  const client = await stranger(box);
  expect(await tryRecipient(client, 'nobody@a.test')).toMatch(/^550 5\.1\.1 /);
  await client.quit();
}

async function expectConverged(box: Sandbox): Promise<void> {
  const result = await box.run(['apply', '--allow-removals', '1000']);
  expect(result, 'the next apply').toMatchObject({ code: 0 });
  expect((await box.run(['plan', '--exit-code'])).code).toBe(0);
  await expectNothingLeft(box);
}

async function expectNothingLeft(box: Sandbox): Promise<void> {
  const leftovers = await run('find', [box.root, '-name', '*eboxmail-new*', '-o', '-path', '*/eboxmail/staging']);
  expect(leftovers.stdout).toBe('');
}

describe('what the daemons refuse', () => {
  let fakes = '';
  beforeAll(async () => {
    fakes = `${sandbox().root}/../fakes`;
    await mkdir(fakes, { recursive: true });
  });
  afterEach(async () => {
    await sandbox().writeState(state());
    await expectConverged(sandbox());
  });

  it.each([
    ['doveconf', 'echo "doveconf: Fatal: Error in configuration file: made up" >&2; exit 89'],
    ['postconf', 'case "$*" in *-n*) echo "postconf: warning: made up" >&2;; esac; exec /usr/sbin/postconf "$@"'],
    ['postfix', 'echo "postfix/postfix-script: fatal: made up" >&2; exit 1'],
    ['postmap', 'echo "postmap: fatal: made up" >&2; exit 1'],
  ])('a complaint of %s changes nothing', async (program, script) => {
    const env = await fakePrograms(join(fakes, program), { [program]: script });
    const files = [
      'etc/postfix/main.cf',
      'etc/postfix/master.cf',
      'etc/postfix/eboxmail/mailboxes',
      'etc/dovecot/dovecot.conf',
    ];
    const contents = (): Promise<string[]> =>
      Promise.all(files.map((file) => readFile(`${sandbox().root}/${file}`, 'utf8')));
    const before = [await contents(), await reloads(sandbox().root)];
    const server = '  limits: {message: 7 MB, mailbox: 9 MB}';
    await sandbox().writeState(state({ server, users: `  refused@a.test: {password: "${PASSWORD_HASH}"}` }));
    const refused = await sandbox().run(['apply', '--allow-removals', '1000'], { env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('made up');
    expect([await contents(), await reloads(sandbox().root)]).toEqual(before);
    expect((await stat(`${sandbox().root}/var/lib/eboxmail/applied.json`)).isFile()).toBe(true);
  });

  it('a mistake in the raw settings is shown where it stands in the state', async () => {
    const overrides = `overrides:
  postfix:
    smtpd_client_conection_limit: 20
  dovecot: |
    mail_debug = no
    mail_max_userip_connection = 20
`;
    await sandbox().writeState(`${state()}${overrides}`);
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /state\.yaml:\d+:5: error: overrides\.postfix\.smtpd_client_conection_limit: Postfix has no parameter/,
    );
    expect(stderr).toMatch(
      /state\.yaml:\d+:3: error: overrides\.dovecot: line 2 of it, "mail_max_userip_connection = 20": /,
    );
    expect(stderr).toMatch(/eboxmail: the new configuration would not work, so nothing was changed\n$/);
  });

  it('a certificate that is not there, is none or does not fit its key is named', async () => {
    const { root } = sandbox();
    const pair = `${root}/etc/eboxmail/tls/self-signed`;
    const other = `${fakes}/other.key`;
    await run('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', other]);
    await writeFile(`${fakes}/garbage.pem`, 'no certificate\n');
    const before = await reloads(root);
    for (const [certificate, key, said] of [
      [`${fakes}/missing.pem`, `${pair}.key`, 'missing.pem'],
      [`${pair}.pem`, `${fakes}/missing.key`, 'missing.key'],
      [`${fakes}/garbage.pem`, `${pair}.key`, 'garbage.pem'],
      [`${pair}.pem`, other, 'other.key'],
    ] as const) {
      await sandbox().writeState(state({ server: `  tls: {certificate: ${certificate}, key: ${key}}` }));
      const refused = await sandbox().run(['apply', '--allow-removals', '1000']);
      expect(refused.code, said).toBe(1);
      expect(refused.stderr).toContain(said);
      expect(refused.stderr).not.toMatch(/PRIVATE KEY|at .*\.js:/);
    }
    expect(await reloads(root)).toEqual(before);
    await expectWorking(sandbox());
  });

  it('a secret file that is missing or open to others is named', async () => {
    const path = `${sandbox().root}/etc/eboxmail/secrets/x`;
    await sandbox().writeState(state({ users: '  x@a.test: {password: {file: secrets/x}}' }));
    const missing = await sandbox().run(['apply', '--allow-removals', '1000']);
    expect([missing.code, missing.stderr.includes(path)]).toEqual([1, true]);
    await mkdir(`${sandbox().root}/etc/eboxmail/secrets`, { mode: 0o700, recursive: true });
    await writeFile(path, `${PASSWORD_HASH}\n`);
    await chmod(path, 0o644);
    const open = await sandbox().run(['apply', '--allow-removals', '1000']);
    expect([open.code, open.stderr.includes(path)]).toEqual([1, true]);
    await chmod(path, 0o600);
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    expect(await imapLogin(sandbox(), 'x@a.test')).toBe(true);
  });

  it('a state with errors changes nothing and ends with 3', async () => {
    await sandbox().writeState(`${state()}nonsense: 1\n`);
    expect((await sandbox().run(['apply', '--allow-removals', '1000'])).code).toBe(3);
    await sandbox().writeState('a: [');
    expect((await sandbox().run(['apply', '--allow-removals', '1000'])).code).toBe(3);
    await rm(`${sandbox().root}/etc/eboxmail/state.yaml`);
    expect((await sandbox().run(['apply', '--allow-removals', '1000'])).code).toBe(4);
  });
});

describe('an apply that is killed', () => {
  const variant = (n: number): string =>
    state({
      server: `  limits: {message: ${10 + n} MB, mailbox: ${100 + n} MB}\n  retrieval: {pop3: ${n % 2 === 0}}`,
      domains: `  d${n}.test: {}`,
      users: `  u${n}@d${n}.test: {password: "${PASSWORD_HASH}"}`,
    });

  // The command that apply is about to run kills it, so that each stage is met for certain.
  it.each([
    ['before it checks', { doveconf: 'kill -9 $PPID' }],
    ['while it builds tables', { postmap: 'kill -9 $PPID' }],
    ['before it reloads Dovecot', { doveadm: 'kill -9 $PPID' }],
    ['before it reloads Postfix', { postfix: 'case "$*" in *check*) ;; *) kill -9 $PPID;; esac' }],
  ])('%s', async (where, scripts) => {
    const n = where.length;
    const env = await fakePrograms(`${sandbox().root}/../kill${n}`, scripts);
    await sandbox().writeState(variant(n));
    expect((await sandbox().run(['apply', '--allow-removals', '1000'], { env })).signal).toBe('SIGKILL');
    await expectWorking(sandbox());
    // Another change meanwhile must not make what the killed one wrote look like somebody else's work.
    await sandbox().writeState(variant(n + 1));
    await expectConverged(sandbox());
    await expectWorking(sandbox());
    await expectWorking(sandbox(), `u${n + 1}@d${n + 1}.test`);
    expect(await portIsOpen(sandbox().ports.pop3)).toBe((n + 1) % 2 === 0);
    const client = await stranger(sandbox());
    expect((await client.command('EHLO x.test')).text).toContain(`SIZE ${(11 + n) * 1024 * 1024}`);
    await client.quit();
  });

  it('at any moment: what comes next finishes the work', async () => {
    for (let n = 0; n < 12; n++) {
      await sandbox().writeState(variant(200 + n));
      const killed = run('timeout', [
        '-s',
        'KILL',
        String(0.12 + 0.06 * n),
        process.execPath,
        'bin/eboxmail.js',
        '--root',
        sandbox().root,
        'apply',
      ]);
      await killed.catch(() => undefined);
      await expectWorking(sandbox());
    }
    await expectConverged(sandbox());
    await expectWorking(sandbox(), 'u211@d211.test');
  });

  it('what it left behind is cleared away, also where the next one writes nothing', async () => {
    const files = [
      'var/lib/eboxmail/.applied.json',
      'etc/eboxmail/tls/.self-signed.key',
      'etc/.aliases',
      'etc/postfix/.a',
      'etc/eboxmail/.state.yaml',
      'etc/eboxmail/secrets/.smarthost',
      'var/lib/eboxmail/backup/.state.yaml.2026-11-25T00-06-09-106Z',
      'var/lib/eboxmail/backup/etc/postfix/.main.cf',
      'var/lib/eboxmail/staging/postfix/.main.cf',
    ];
    const leave = async (): Promise<void> => {
      for (const file of files) {
        await mkdir(dirname(`${sandbox().root}/${file}`), { recursive: true });
        await writeFile(`${sandbox().root}/${file}.eboxmail-new.999`, '');
      }
    };
    await leave();
    await sandbox().writeState(state({ users: `  left@a.test: {password: "${PASSWORD_HASH}"}` }));
    await expectConverged(sandbox());
    await leave();
    // With nothing else to do as well.
    await expectConverged(sandbox());
    // Who edits the state writes there, too, and does not lose what is being written.
    const writing = `${sandbox().root}/etc/eboxmail/.state.yaml.eboxmail-new.999`;
    await writeFile(writing, '');
    const holder = spawn('flock', ['-o', `${sandbox().root}/etc/eboxmail/.state.yaml.lock`, 'sleep', '1000'], {
      stdio: 'ignore',
      detached: true,
    });
    try {
      await eventually('the lock is taken', () =>
        run('flock', ['-n', `${sandbox().root}/etc/eboxmail/.state.yaml.lock`, 'true']).then(
          () => false,
          () => true,
        ),
      );
      await sandbox().ok(['apply']);
      await stat(writing);
    } finally {
      process.kill(-(holder.pid ?? 0), 'SIGKILL');
    }
    await expectConverged(sandbox());
  });

  it('status clears away what one left that had changed nothing yet', async () => {
    await sandbox().writeState(variant(290));
    const fault = `kill:renameSync ${sandbox().root}/var/lib/eboxmail/.unfinished.json`;
    expect((await runWithFault(['--root', sandbox().root, 'apply'], fault)).signal).toBe('SIGKILL');
    expect(await readdir(`${sandbox().root}/var/lib/eboxmail`)).toContain('staging');
    await sandbox().run(['status']);
    await expectNothingLeft(sandbox());
    expect(await readdir(`${sandbox().root}/var/lib/eboxmail`)).not.toContain('undo');
    await expectConverged(sandbox());
  });

  it.each(['INT', 'TERM', 'HUP'] as const)('%s before anything is in place leaves nothing behind', async (signal) => {
    const before = await readFile(`${sandbox().root}/etc/postfix/main.cf`, 'utf8');
    const env = await fakePrograms(`${sandbox().root}/../end-${signal}`, {
      postmap: `kill -${signal} $PPID; sleep 1; exec /usr/sbin/postmap "$@"`,
    });
    await sandbox().writeState(variant(295));
    expect(await sandbox().run(['apply', '--allow-removals', '1000'], { env })).toMatchObject({
      signal: `SIG${signal}`,
    });
    await expectNothingLeft(sandbox());
    expect(await readFile(`${sandbox().root}/etc/postfix/main.cf`, 'utf8')).toBe(before);
    await sandbox().writeState(state());
    await expectConverged(sandbox());
  });

  it('Ctrl-C is no different', async () => {
    await sandbox().writeState(variant(300));
    await run('timeout', [
      '-s',
      'INT',
      '0.4',
      process.execPath,
      'bin/eboxmail.js',
      '--root',
      sandbox().root,
      'apply',
    ]).catch(() => undefined);
    await expectConverged(sandbox());
    await expectWorking(sandbox(), 'u300@d300.test');
    await sandbox().writeState(state());
    await expectConverged(sandbox());
  });
});

describe('Ctrl-C while files are put in place', () => {
  it.each(['putting', 'reload postfix', 'proving'])('at "%s": exit 130, and all is as it was', async (moment) => {
    await sandbox().writeState(state());
    await expectConverged(sandbox());
    await sandbox().writeState(
      state({ server: '  limits: {message: 7 MB}', users: `  c@a.test: {password: "${PASSWORD_HASH}"}` }),
    );
    const child = spawn(process.execPath, ['bin/eboxmail.js', '--root', sandbox().root, 'apply'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes(moment)) child.kill('SIGINT');
      said += text;
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    expect({ code, said }).toMatchObject({ code: 130 });
    expect(said).toMatch(
      /interrupted; going back[\s\S]*eboxmail: interrupted: the previous configuration is back in force\n$/,
    );
    expect(await readFile(`${sandbox().root}/etc/postfix/main.cf`, 'utf8')).not.toContain(String(7 * 1024 * 1024));
    expect(await readdir(`${sandbox().root}/var/lib/eboxmail`)).not.toContain('undo');
    await expectWorking(sandbox(), 'alice@a.test');
    await expectConverged(sandbox());
    await expectWorking(sandbox(), 'c@a.test');
  });
});

describe('several at once', () => {
  it('applies wait for each other, and edits with --apply all come through', async () => {
    const users = Array.from({ length: 6 }, (_, n) => `many${n}@a.test`);
    const results = await Promise.all([
      ...users.map((user) => sandbox().run(['user', 'add', user, '--password-hash', PASSWORD_HASH, '--apply'])),
      sandbox().run(['apply', '--allow-removals', '1000']),
      sandbox().run(['apply', '--allow-removals', '1000']),
    ]);
    expect(results.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual(results.map(() => 0));
    for (const user of users) expect(await imapLogin(sandbox(), user), user).toBe(true);
    await expectConverged(sandbox());
  });

  it('who cannot wait is told with exit 6', async () => {
    const lock = `${sandbox().root}/var/lib/eboxmail/lock`;
    const holder = execFile('flock', [lock, 'sleep', '30']);
    await sleep(200);
    try {
      await sandbox().writeState(state({ server: '  limits: {message: 5 MB}' }));
      const refused = await sandbox().run(['apply', '--allow-removals', '1000'], {
        env: { EBOXMAIL_LOCK_WAIT: '0.2' },
      });
      expect(refused.code).toBe(6);
    } finally {
      holder.kill('SIGKILL');
      await run('pkill', ['-P', String(holder.pid)]).catch(() => undefined);
    }
  });
});

describe('daemons that died', () => {
  const pidOf = async (path: string): Promise<number> =>
    Number((await readFile(`${sandbox().root}/${path}`, 'utf8')).trim());
  const POSTFIX = 'var/spool/postfix/pid/master.pid';
  const DOVECOT = 'run/dovecot/master.pid';

  beforeAll(async () => {
    await sandbox().writeState(state());
    await sandbox().ok(['apply', '--allow-removals', '1000']);
  });

  it.each([[POSTFIX], [DOVECOT]])('%s: apply starts a killed one again', async (path) => {
    process.kill(await pidOf(path), 'SIGKILL');
    await sleep(100);
    expect((await runCli({ args: ['sandbox', 'status', sandbox().root] })).code).toBe(1);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    expect((await runCli({ args: ['sandbox', 'status', sandbox().root] })).code).toBe(0);
    await expectWorking(sandbox());
  });

  it('a Postfix whose programs still hold its ports is started again at once', async () => {
    const client = await stranger(sandbox());
    await client.command('EHLO client.test');
    process.kill(await pidOf(POSTFIX), 'SIGKILL');
    await sandbox().ok(['apply']);
    client.close();
    await expectWorking(sandbox());
  });

  it('its port taken meanwhile: that is said before anything changes', async () => {
    process.kill(await pidOf(POSTFIX), 'SIGKILL');
    await eventually('it is gone', async () => !(await portIsOpen(sandbox().ports.smtp)));
    const other = createServer().listen(sandbox().ports.smtp, sandbox().listen);
    try {
      await sandbox().writeState(state({ server: '  limits: {message: 7 MB}' }));
      const refused = await sandbox().run(['apply', '--allow-removals', '1000']);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/cannot listen on \S+ for smtp /)]);
    } finally {
      other.close();
    }
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    await expectWorking(sandbox());
  });

  it('a Postfix that waits for its own log for ever is started again', async () => {
    const { root } = sandbox();
    const postlog = ['-c', `${root}/etc/postfix`, '-p', 'info'];
    await run('postlog', [...postlog, 'wakes postlogd']);
    const writer = (await processesOf(`${root}/var/spool/postfix`)).find(({ why }) => why.includes('postlogd'));
    expect(writer).toBeDefined();
    process.kill(writer?.pid ?? 0, 'SIGSTOP');
    // More lines than may wait: who writes the next one stops. When postlogd is gone, that is the master. One writer
    // alone is stopped by what it may have under way (net.core.wmem_default), some 280 lines, so there are several.
    const room = Number(await readFile('/proc/sys/net/unix/max_dgram_qlen', 'utf8'));
    const fillers = Array.from({ length: 2 + Math.ceil(room / 200) }, () =>
      spawn('postlog', postlog, { stdio: ['pipe', 'ignore', 'ignore'] }),
    );
    for (const { stdin } of fillers) stdin.on('error', () => undefined).end('fills the socket\n'.repeat(300));
    await eventually('the socket is full', async () => {
      const waiting = await Promise.all(
        fillers.map(({ pid }) => readFile(`/proc/${pid}/wchan`, 'utf8').catch(() => '')),
      );
      return waiting.some((where) => where.includes('unix_wait'));
    });
    process.kill(writer?.pid ?? 0, 'SIGKILL');
    await sandbox().writeState(state({ server: '  limits: {message: 6 MB}' }));
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    await expectWorking(sandbox());
  });

  it('a stale pid file with the number of another sandbox’s daemon is not taken for ours, and that one is left alone', async () => {
    const directory = await makeTempDir();
    await writeFile(`${directory.path}/s.yaml`, state());
    const other = await startSandbox(`${directory.path}/other`, { state: `${directory.path}/s.yaml` });
    try {
      await runCli({ args: ['sandbox', 'stop', sandbox().root] });
      for (const path of [POSTFIX, DOVECOT]) {
        await writeFile(`${sandbox().root}/${path}`, await readFile(`${other.root}/${path}`, 'utf8'));
      }
      expect((await runCli({ args: ['sandbox', 'status', sandbox().root] })).code).toBe(1);
      await runCli({ args: ['sandbox', 'stop', sandbox().root] });
      expect((await runCli({ args: ['sandbox', 'status', other.root] })).code).toBe(0);
      await sandbox().ok(['apply', '--allow-removals', '1000']);
      await expectWorking(sandbox());
      await expectWorking(other);
    } finally {
      await finishSandbox(other.root, [/./]).finally(directory.remove);
    }
  });
});

describe('a full disk', () => {
  /** Moves a directory of the running sandbox to a small file system of its own. */
  async function shrink(directory: string, size: string): Promise<void> {
    const path = `${sandbox().root}/${directory}`;
    const aside = `${sandbox().root}/../aside`;
    await run('cp', ['-a', path, aside]);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', path]);
    await run('sh', ['-c', `cp -a ${aside}/. ${path}/ && rm -rf ${aside}`]);
  }

  /** Fills it up but for this many kilobytes. */
  async function fill(directory: string, spare: number): Promise<void> {
    const filler = `${sandbox().root}/${directory}/filler`;
    await run('sh', ['-c', `cat /dev/zero > ${filler} 2>/dev/null; truncate -s -${spare}K ${filler}`]);
  }
  const empty = (directory: string): Promise<void> => rm(`${sandbox().root}/${directory}/filler`);

  async function restore(directory: string): Promise<void> {
    const path = `${sandbox().root}/${directory}`;
    const aside = `${sandbox().root}/../aside`;
    await run('cp', ['-a', path, aside]);
    await run('umount', ['-l', path]);
    await run('sh', ['-c', `cp -a ${aside}/. ${path}/ && rm -rf ${aside}`]);
  }

  const sums = async (): Promise<string> => {
    const find = `cd ${sandbox().root}/etc && find postfix dovecot aliases* mailname -type f | sort | xargs sha256sum`;
    return (await run('sh', ['-c', find])).stdout;
  };

  beforeAll(async () => {
    await sandbox().writeState(state());
    await sandbox().ok(['apply', '--allow-removals', '1000']);
  });

  it('an edit leaves the state as it was', async () => {
    await shrink('etc', '300k');
    try {
      const before = await sandbox().readState();
      await fill('etc', 0);
      const edit = await sandbox().run(['user', 'add', 'full@a.test', '--password-hash', PASSWORD_HASH]);
      expect(edit.code).toBe(1);
      expect(edit.stderr).toMatch(/ENOSPC|no space/i);
      expect(await sandbox().readState()).toBe(before);
      await empty('etc');
    } finally {
      await restore('etc');
    }
  });

  it.each([
    ['etc', '300k', 0],
    ['etc', '300k', 8],
    ['etc', '300k', 16],
    ['var/lib/eboxmail', '4m', 0],
    ['var/lib/eboxmail', '4m', 12],
  ])(
    'apply with %s (%s) full but for %i kB changes nothing, and with space again all is well',
    async (directory, size, spare) => {
      const user = `full${size}${spare}${directory.length}@a.test`;
      await sandbox().ok(['user', 'add', user, '--password-hash', PASSWORD_HASH]);
      await sandbox().ok(['domain', 'add', `full${spare}${directory.length}.test`]);
      await shrink(directory, size);
      try {
        await fill(directory, spare);
        const before = await sums();
        const failed = await sandbox().run(['apply', '--allow-removals', '1000']);
        expect(failed.code, failed.stderr).toBe(1);
        expect(failed.stderr).toMatch(/ENOSPC|no space|refuses|cannot (write|make)|nothing was changed/i);
        expect(failed.stderr).not.toMatch(/ at .*\.js:\d+/);
        expect(await sums()).toBe(before);
        await empty(directory);
        await expectConverged(sandbox());
        await expectWorking(sandbox(), user);
      } finally {
        await restore(directory);
      }
    },
  );
});
