import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { copies, imapLogin, PASSWORD_HASH, sendAs } from '../support/mail.ts';
import { freePortOffset } from '../support/ports.ts';
import { eventually, reloads, useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

/** @param lines of overrides.dovecot */
const state = (...lines: readonly string[]): string => `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
${lines.length === 0 ? '' : ['overrides:', '  dovecot: |', ...lines.map((line) => `    ${line}`), ''].join('\n')}`;

const sandbox = useSandbox({ state: state() });

const isDovecot24 = async (): Promise<boolean> => (await run('dovecot', ['--version'])).stdout.startsWith('2.4');

beforeEach(async () => {
  await sandbox().writeState(state());
  await sandbox().ok(['apply', '--adopt']);
});

const conf = (): string => `${sandbox().root}/etc/dovecot/dovecot.conf`;

async function valueOf(name: string, ...args: readonly string[]): Promise<string> {
  return (await run('doveconf', ['-c', conf(), ...args, '-h', name])).stdout.trim();
}

async function expectWorking(): Promise<void> {
  const token = await sendAs(sandbox(), 'alice@a.test', 'alice@a.test');
  expect(await copies(sandbox(), token, ['alice@a.test'])).toEqual({ 'alice@a.test': 1 });
  expect(await imapLogin(sandbox(), 'alice@a.test', 'wrong')).toBe(false);
}

/** What is said of each line of overrides.dovecot, with nothing changed. */
async function refusalOf(...lines: readonly string[]): Promise<string> {
  const before = [await readFile(conf(), 'utf8'), await reloads(sandbox().root)];
  await sandbox().writeState(state(...lines));
  const { code, stderr } = await sandbox().run(['apply']);
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(/eboxmail: the new configuration would not work, so nothing was changed\n$/);
  expect([await readFile(conf(), 'utf8'), await reloads(sandbox().root)]).toEqual(before);
  const said = [
    ...stderr.matchAll(/^\S*state\.yaml:9:3: error: overrides\.dovecot: line (\d+) of it, "(.*?)": (.*)$/gm),
  ];
  return said
    .map(
      ([, number, line, why]) => `${lines[Number(number) - 1]?.trim() === line ? '' : 'wrong line: '}${line}: ${why}`,
    )
    .join('\n');
}

describe('settings outside of blocks', { timeout: 60_000 }, () => {
  it('hold inside of our blocks as well, and blocks win over those', async () => {
    if (await isDovecot24()) return;
    await sandbox().writeState(
      state(
        'protocol imap {',
        '  mail_plugins = $mail_plugins acl',
        '}',
        '# Compressed mailboxes',
        'mail_plugins = $mail_plugins \\',
        '  zlib # not more',
        'plugin {',
        '  quota_grace = 5',
        '}',
        'mail_max_userip_connections = 33',
      ),
    );
    await sandbox().ok(['apply']);
    expect(await valueOf('mail_plugins', '-f', 'protocol=lmtp')).toBe('quota zlib sieve');
    expect(await valueOf('mail_plugins', '-f', 'protocol=imap')).toBe('quota zlib imap_quota last_login acl');
    expect(await valueOf('mail_max_userip_connections')).toBe('33');
    expect(await valueOf('plugin/quota_grace')).toBe('5');
    await expectWorking();
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('hold as a whole, and for a protocol that has no word of its own', async () => {
    const lines = ['protocol imap {', '  mail_max_userip_connections = 34', '}', 'mail_max_userip_connections = 33'];
    await sandbox().writeState(state('auth_verbose = no', 'mail_debug = no', ...lines, 'hostname = mx2.example.test'));
    await sandbox().ok(['apply']);
    expect(await valueOf('auth_verbose')).toBe('no');
    expect(await valueOf('hostname')).toBe('mx2.example.test');
    expect(await valueOf('mail_max_userip_connections', '-f', 'protocol=pop3')).toBe('33');
    expect(await valueOf('mail_max_userip_connections', '-f', 'protocol=imap')).toBe('34');
    await expectWorking();
  });

  it.each(['in its place', 'at the end'])('are taken over from an edit by hand: %s', async (where) => {
    if (await isDovecot24()) return;
    const text = await readFile(conf(), 'utf8');
    const edited = 'mail_plugins = quota zlib';
    await writeFile(
      conf(),
      where === 'at the end' ? `${text}${edited}\n` : text.replace('mail_plugins = quota', edited),
    );
    const { stderr } = await sandbox().ok(['apply', '--keep-edits']);
    expect(stderr).toContain(`overrides.dovecot: ${edited}`);
    expect(await valueOf('mail_plugins', '-f', 'protocol=lmtp')).toBe('quota zlib sieve');
    await expectWorking();
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    await writeFile(conf(), (await readFile(conf(), 'utf8')).replace(edited, 'mail_plugins = quota \\\n  acl'));
    await sandbox().ok(['apply', '--keep-edits']);
    expect(await valueOf('mail_plugins', '-f', 'protocol=lmtp')).toBe('quota acl sieve');
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  });

  it('behind an included file win over it, where that can be', async () => {
    const file = `${sandbox().root}/own.conf`;
    await writeFile(file, 'mail_max_userip_connections = 11\n');
    await sandbox().writeState(state(`!include ${file}`, 'mail_max_userip_connections = 12'));
    await sandbox().ok(['apply']);
    expect(await valueOf('mail_max_userip_connections')).toBe('12');
    if (await isDovecot24()) return;
    expect(await refusalOf(`!include ${file}`, 'mail_plugins = quota zlib')).toBe(
      'mail_plugins = quota zlib: a block further up has a mail_plugins of its own, which stays as it is',
    );
  });
});

describe('what Dovecot would not start with', { timeout: 120_000 }, () => {
  const socket = (name: string): string => `${sandbox().root}/var/spool/postfix/private/${name}`;
  const listener = (name: string): readonly string[] => [
    `service auth {`,
    `  unix_listener ${name} {`,
    '    mode = 0600',
    '  }',
    '}',
  ];

  it.each([
    [['log_path = /nonexistent/x'], 'there is no directory /nonexistent'],
    [['info_log_path = "/etc"'], '/etc is a directory'],
    [['debug_log_path=/proc/nonexistent'], 'nothing can be made in /proc'],
    [['state_dir = /proc/nonexistent # mine'], 'nothing can be made in /proc'],
    [['state_dir = '], 'it has to be an absolute path'],
    [['default_internal_group = nosuch'], 'this machine has no group of the name nosuch'],
    [['default_internal_user = nosuch'], "default_internal_user doesn't exist: nosuch"],
    [['listen = 127.0.0.1, 192.0.2.77'], 'this machine has no address 192.0.2.77'],
    [listener('/nonexistent/x'), 'service auth: there is no directory /nonexistent'],
    [['service imap {', '  user = nosuchuser', '}'], 'service imap: this machine has no user of the name nosuchuser'],
    [['service imap {', '  extra_groups = mail,8', '}'], 'service imap: this machine has no group of the name 8'],
    [['service imap {', '  executable = nosuch -x', '}'], 'service imap: there is no program /usr/lib'],
  ])('is refused before the switch: %j', async (lines, why) => {
    const said = await refusalOf(...lines);
    expect(said).toMatch(/^[^\n]+$/);
    expect(said).toContain(`: ${why}`);
    expect(said).not.toContain('wrong line');
    expect(await startsWith(lines)).toBe(false);
  });

  it('also an address of a port', async () => {
    const address = `    ${(await isDovecot24()) ? 'listen' : 'address'} = 192.0.2.77`;
    const lines = ['service imap-login {', '  inet_listener more {', address, '    port = 1', '  }', '}'];
    expect(await refusalOf(...lines)).toBe(
      `${address.trim()}: service imap-login: this machine has no address 192.0.2.77`,
    );
    expect(await startsWith(lines)).toBe(false);
  });

  it('also a socket in a directory below its own, which 2.4 makes only when it starts', async () => {
    expect(await refusalOf(...listener('more/x'))).toContain(
      `there is no directory ${sandbox().root}/run/dovecot/more`,
    );
    expect(await startsWith(listener('more/x'))).toBe(await isDovecot24());
  });

  it('also programs elsewhere, files whose content is a setting, and the place of a program that is shut in', async () => {
    if (await isDovecot24()) return;
    expect(await refusalOf('libexec_dir = /nonexistent')).toContain('there are no programs of Dovecot');
    expect(await startsWith(['libexec_dir = /nonexistent'])).toBe(false);
    expect(await refusalOf('ssl_ca = </nonexistent')).toContain("ssl_ca: Can't open file /nonexistent");
    expect(await refusalOf('local 192.0.2.1 {', '  ssl_cert = </nonexistent', '}')).toContain("Can't open file");
    expect(await refusalOf('service imap-login {', '  chroot = /nonexistent', '}')).toContain(
      'no directory /nonexistent',
    );
  });

  it('also no name, and a base directory elsewhere, in which nobody would find it', async () => {
    expect(await refusalOf('instance_name =')).toContain('Dovecot ends without a name');
    expect(await refusalOf('base_dir = /run/elsewhere')).toContain(`has to be found in ${sandbox().root}/run/dovecot`);
  });

  it('all is named at once', async () => {
    const lines = ['log_path = /nonexistent/x', 'state_dir = /proc/x', 'service imap {', '  user = nosuchuser', '}'];
    expect((await refusalOf(...lines)).split('\n')).toHaveLength(3);
  });

  it('and files that are too large for doveadm, also where Dovecot starts', async () => {
    if (await isDovecot24()) return;
    const file = `${sandbox().root}/authorities.pem`;
    const one = await readFile(`${sandbox().root}/etc/eboxmail/tls/self-signed.pem`, 'utf8');
    await writeFile(file, one.repeat(Math.ceil((140 * 1024) / one.length)));
    expect(await refusalOf(`ssl_ca = <${file}`)).toContain('doveadm and dovecot-lda cannot start with it');
    const copy = `${sandbox().root}/copy.conf`;
    await writeFile(copy, `${await readFile(conf(), 'utf8')}ssl_ca = <${file}\n`);
    await expect(run('doveadm', ['-c', copy, 'who'])).rejects.toThrow('Argument list too long');
    await writeFile(file, one.repeat(3));
    await sandbox().ok(['apply']);
    await expectWorking();
  });

  it.each(['auth', 'dovecot-lmtp', 'quota-status'])('a socket that Postfix may not use: %s', async (name) => {
    const service = name === 'dovecot-lmtp' ? 'lmtp' : name;
    const lines = [`service ${service} {`, `  unix_listener ${socket(name)} {`, '    mode = 0600', '  }', '}'];
    expect(await refusalOf(...lines)).toBe(
      `${lines[1]?.trim()}: Postfix could not connect to it: leave the mode at 0666`,
    );
    await sandbox().writeState(state(...lines.map((line) => line.replace('0600', '0660\n      group = postfix'))));
    await sandbox().ok(['apply']);
    await expectWorking();
  });

  it('is not what it starts with: other logs, directories that it makes, sockets, users and addresses', async () => {
    const { root } = sandbox();
    const lines = [
      `log_path = ${root}/var/log/dovecot.log`,
      `info_log_path = "${root}/var/log/more.log"`,
      'debug_log_path = syslog',
      `state_dir = ${root}/var/lib/new/dovecot`,
      'service auth {',
      '  extra_groups = mail,postfix',
      '  unix_listener login/own {',
      '    user = postfix',
      '  }',
      `  unix_listener ${root}/var/spool/postfix/private/more {`,
      '    mode = 0666',
      '  }',
      '  unix_listener /nonexistent/closed {',
      '    mode = 0',
      '  }',
      '}',
    ];
    expect(await startsWith(lines)).toBe(true);
    await sandbox().writeState(state(...lines));
    await sandbox().ok(['apply']);
    await appendFile(`${root}/var/log/dovecot.log`, '');
    await expectWorking();
  });
});

/** Whether a Dovecot of its own does, with the configuration of the sandbox and these lines. */
async function startsWith(lines: readonly string[]): Promise<boolean> {
  const { root, ports, offset } = sandbox();
  const own = `${root}/own-dovecot`;
  await rm(own, { recursive: true, force: true });
  for (const directory of ['run', 'private', 'var/lib', 'var/log'])
    await mkdir(`${own}/${directory}`, { recursive: true });
  const text = `${await readFile(conf(), 'utf8')}\n${lines.join('\n')}\n`;
  const elsewhere = (await freePortOffset()) - offset;
  const moved = text
    .replaceAll(`${root}/run/dovecot`, `${own}/run`)
    .replaceAll(`${root}/var/spool/postfix/private`, `${own}/private`)
    .replaceAll(`${root}/var/l`, `${own}/var/l`)
    .replace(/(?<=^ +port = )\d+$/gm, (port) =>
      String(Object.values(ports).includes(Number(port)) ? Number(port) + elsewhere : port),
    );
  await writeFile(`${own}/dovecot.conf`, moved);
  const [code] = (await once(spawn('dovecot', ['-c', `${own}/dovecot.conf`], { stdio: 'ignore' }), 'exit')) as [number];
  await sleep(code === 0 ? 500 : 0);
  const pid = Number(await readFile(`${own}/run/master.pid`, 'utf8').catch(() => ''));
  const signalled = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  };
  if (pid === 0 || !signalled('SIGTERM')) return false;
  await eventually('that Dovecot ends', () => !signalled(0));
  return code === 0;
}
