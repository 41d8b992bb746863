import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  copies,
  imapLogin,
  mailOf,
  outbound,
  PASSWORD_HASH,
  sendAs,
  sendAsStranger,
  tryLogin,
} from '../support/mail.ts';
import { programForAll } from '../support/program-for-all.ts';
import { freePortOffset } from '../support/ports.ts';
import { runCli, type RunResult } from '../support/run-cli.ts';
import { eventually, finishSandbox, processesOf, sandboxOf, startSandbox, type Sandbox } from '../support/sandbox.ts';
import { makeTempDir } from '../support/temp.ts';

const run = promisify(execFile);

const STATE = `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
`;

let directory = '';
let remove: () => Promise<void> = async () => undefined;
let stateFile = '';

beforeAll(async () => {
  ({ path: directory, remove } = await makeTempDir());
  stateFile = `${directory}/state.yaml`;
  await writeFile(stateFile, STATE, { mode: 0o600 });
});

afterAll(async () => {
  const left = await processesOf(directory);
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  await remove();
  expect(left).toEqual([]);
});

const sandboxCommand = (...args: string[]): Promise<RunResult> => runCli({ args: ['sandbox', ...args] });

async function start(name: string, ...args: string[]): Promise<Sandbox> {
  return startSandbox(`${directory}/${name}`, { state: stateFile, args });
}

/** What a start says that must fail, and that it leaves nothing running. */
async function refusedStart(root: string, ...args: string[]): Promise<RunResult> {
  const result = await sandboxCommand('start', root, '--state', stateFile, ...args);
  const left = await processesOf(root);
  if (result.code === 0) await sandboxCommand('stop', root);
  expect(left).toEqual([]);
  expect(result.stderr).not.toMatch(/ at .*\.js:\d+/);
  return result;
}

describe('three at once', () => {
  const boxes: Sandbox[] = [];
  let outside = '';

  /** Names, times and sizes of what belongs to the machine's own mail system. */
  async function listing(): Promise<string> {
    const places = [
      '/etc/postfix',
      '/etc/dovecot',
      '/var/spool/postfix',
      '/var/lib/postfix',
      '/var/lib/dovecot',
      '/var/mail',
      '/etc/aliases',
      '/etc/mailname',
      '/etc/passwd',
      '/run/dovecot',
    ];
    const { stdout } = await run('sh', [
      '-c',
      `for p in ${places.join(' ')}; do find $p -printf '%p %i %s %m %U %T@\\n' 2>/dev/null; done | sort`,
    ]);
    return stdout;
  }

  beforeAll(async () => {
    outside = await listing();
    boxes.push(...(await Promise.all(['one', 'two', 'three'].map((name) => start(name)))));
  });
  afterAll(async () => {
    for (const box of boxes) await finishSandbox(box.root, []);
    expect(await listing(), 'files outside the sandboxes').toBe(outside);
  });

  it('each has its own ports, mail and outbound directory', async () => {
    const [one, two, three] = boxes as [Sandbox, Sandbox, Sandbox];
    expect(new Set(boxes.flatMap((box) => Object.values(box.ports))).size).toBe(24);
    const tokens = await Promise.all(boxes.map((box) => sendAs(box, 'alice@a.test', ['bob@a.test', 'x@outside.test'])));
    for (const [n, box] of boxes.entries()) {
      for (const [m, token] of tokens.entries()) {
        expect(await copies(box, token, ['bob@a.test'])).toEqual(n === m ? { 'bob@a.test': 1 } : {});
        expect(await outbound(box, token)).toHaveLength(n === m ? 1 : 0);
      }
    }
    expect([one.outbound, two.outbound, three.outbound]).toEqual(boxes.map(({ root }) => `${root}/outbound`));
  });

  it('listen on loopback only', async () => {
    const { stdout } = await run('cat', ['/proc/net/tcp', '/proc/net/tcp6']);
    const ports = boxes.flatMap((box) => [...Object.values(box.ports), 10_027 + box.offset]);
    const hex = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0')));
    const listening = stdout.split('\n').map((line) => line.trim().split(/\s+/));
    const ours = listening.filter((row) => row[3] === '0A' && hex.has(row[1]?.split(':')[1] ?? ''));
    expect(ours.length).toBeGreaterThan(15);
    expect(new Set(ours.map((row) => row[1]?.split(':')[0]))).toEqual(new Set(['0100007F']));
  });

  it('status tells where and whether, with its exit code', async () => {
    const [one] = boxes as [Sandbox];
    const status = await sandboxCommand('status', one.root, '--json');
    expect(status.code).toBe(0);
    expect(JSON.parse(status.stdout)).toEqual({
      root: one.root,
      listen: '127.0.0.1',
      ports: one.ports,
      outbound: one.outbound,
      running: { postfix: true, dovecot: true },
    });
    expect((await sandboxCommand('status', `${directory}/none`)).code).toBe(4);
    expect((await sandboxCommand('stop', `${directory}/none`)).code).toBe(4);
    await mkdir(`${directory}/plain`, { recursive: true });
    expect((await sandboxCommand('status', `${directory}/plain`)).code).toBe(4);
  });

  it('starting a running one again changes nothing', async () => {
    const [one] = boxes as [Sandbox];
    const pids = (await processesOf(one.root)).map(({ pid }) => pid).sort();
    const again = await sandboxCommand('start', one.root, '--json');
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ ports: one.ports });
    const now = new Set((await processesOf(one.root)).map(({ pid }) => pid));
    expect(pids.filter((pid) => now.has(pid)).length).toBeGreaterThan(0);
    expect(await imapLogin(one, 'alice@a.test')).toBe(true);
  });

  it('its ports can be taken by nobody else: exit 1, which ones, nothing left running', async () => {
    const [one] = boxes as [Sandbox];
    const refused = await refusedStart(`${directory}/late`, '--port-offset', String(one.offset));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`127.0.0.1:${one.ports.smtp}`);
    expect(refused.stderr).toContain('--port-offset');
    expect(await imapLogin(one, 'alice@a.test')).toBe(true);
  });
});

describe('a start that is refused leaves everything as it was', () => {
  /** Names and contents of what the administrator has written, and the processes. */
  async function whole({ root }: Sandbox): Promise<unknown> {
    const { stdout } = await run('sh', [
      '-c',
      `cd ${root}/etc/eboxmail && find . -type f ! -name '.*' | sort | xargs sha256sum`,
    ]);
    const masters = ['var/spool/postfix/pid/master.pid', 'run/dovecot/master.pid'];
    return [stdout, ...(await Promise.all(masters.map((file) => readFile(`${root}/${file}`, 'utf8'))))];
  }

  it('moving to ports that another one has: exit 1, as for one that does not run', async () => {
    const [mine, other] = await Promise.all([start('mine'), start('other')]);
    try {
      const before = await whole(mine);
      const refused = await sandboxCommand('start', mine.root, '--port-offset', String(other.offset));
      expect(refused.code, refused.stderr).toBe(1);
      expect(refused.stderr).toContain(`cannot listen on 127.0.0.1:${other.ports.smtp} for smtp`);
      expect(refused.stderr).toContain(`eboxmail sandbox start ${mine.root} --port-offset ${other.offset + 1000}`);
      expect(await whole(mine)).toEqual(before);
      expect((await sandboxCommand('status', mine.root)).code).toBe(0);

      // By hand, which no command sees before the apply.
      const host = `${mine.root}/etc/eboxmail/host.yaml`;
      const text = await readFile(host, 'utf8');
      await writeFile(host, text.replace(`port_offset: ${mine.offset}`, `port_offset: ${other.offset}`));
      const apply = await mine.run(['apply']);
      expect([apply.code, apply.stderr]).toEqual([1, expect.stringContaining('cannot listen on')]);
      await writeFile(host, text);
      await mine.ok(['plan', '--exit-code']);

      const offset = await freePortOffset();
      const moved = sandboxOf(
        (await sandboxCommand('start', mine.root, '--port-offset', String(offset), '--json')).stdout,
        offset,
      );
      expect(await imapLogin(moved, 'alice@a.test')).toBe(true);
      expect(await imapLogin(other, 'alice@a.test')).toBe(true);
    } finally {
      await finishSandbox(mine.root, []);
      await finishSandbox(other.root, []);
    }
  });

  it('moving that fails after the switch: exit 8, and the ports are those from before', async () => {
    const box = await start('stays');
    try {
      await writeFile(
        `${directory}/broken.yaml`,
        `${STATE}overrides: {postfix: {smtpd_recipient_restrictions: reject}}\n`,
        { mode: 0o600 },
      );
      const before = await whole(box);
      const offset = String(await freePortOffset());
      const failed = await sandboxCommand(
        'start',
        box.root,
        '--port-offset',
        offset,
        '--state',
        `${directory}/broken.yaml`,
      );
      expect(failed.code, failed.stderr).toBe(8);
      expect(((await whole(box)) as unknown[])[0]).toEqual((before as unknown[])[0]);
      await box.ok(['plan', '--exit-code']);
      await box.ok(['status']);
      expect(await imapLogin(box, 'alice@a.test')).toBe(true);
    } finally {
      await finishSandbox(box.root, [/./]);
    }
  });

  it('another state by which many addresses stop working: exit 7, and how to say that it is meant', async () => {
    const many = Array.from({ length: 12 }, (_, n) => `  user${n}@a.test: {password: "${PASSWORD_HASH}"}\n`).join('');
    const few = `${directory}/few.yaml`;
    await writeFile(`${directory}/many.yaml`, `${STATE.trimStart()}${many}`, { mode: 0o600 });
    const box = await startSandbox(`${directory}/many`, { state: `${directory}/many.yaml` });
    try {
      await mkdir(`${directory}/secrets`, { recursive: true });
      await writeFile(`${directory}/secrets/relay`, 'secret\n', { mode: 0o600 });
      const relay = 'relay: {smarthost: {host: 127.0.0.1, port: 9, username: u, password: {file: secrets/relay}}}\n';
      await writeFile(few, `${STATE.trimStart()}${relay}`, { mode: 0o600 });
      const before = await whole(box);
      const words = ['sandbox', 'start', box.root, '--state', few];
      for (const args of [words, [...words, '--yes'], [...words, '--allow-removals', '11']]) {
        const refused = await runCli({ args });
        expect(refused.code, refused.stderr).toBe(7);
        expect(refused.stderr).toContain('user11@a.test');
        expect(refused.stderr).toContain(`eboxmail --state ${few} sandbox start ${box.root} --allow-removals 12\n`);
        expect(await whole(box)).toEqual(before);
      }
      await box.ok(['plan', '--exit-code']);
      const meant = await runCli({ args: ['--state', few, 'sandbox', 'start', box.root, '--allow-removals', '12'] });
      expect(meant.code, meant.stderr).toBe(0);
      expect(await box.readState()).toContain('smarthost');
      expect(await readFile(`${box.root}/etc/eboxmail/secrets/relay`, 'utf8')).toBe('secret\n');
    } finally {
      await finishSandbox(box.root, []);
    }
  });
});

describe('stop and start again', () => {
  it('keeps mail, state and ports', async () => {
    const box = await start('again');
    try {
      const token = await sendAsStranger(box, 'bob@a.test');
      expect(await copies(box, token, ['bob@a.test'])).toEqual({ 'bob@a.test': 1 });
      await box.ok(['user', 'add', 'later@a.test', '--password-hash', PASSWORD_HASH]);
      expect((await sandboxCommand('stop', box.root)).code).toBe(0);
      expect(await processesOf(box.root)).toEqual([]);
      expect((await sandboxCommand('status', box.root)).code).toBe(1);
      const stopped = await sandboxCommand('stop', box.root);
      expect([stopped.code, stopped.stderr]).toEqual([0, expect.stringContaining('was not running')]);
      const again = await sandboxCommand('start', box.root, '--json');
      expect(again.code, again.stderr).toBe(0);
      expect(sandboxOf(again.stdout, box.offset).ports).toEqual(box.ports);
      expect(await mailOf(box, 'bob@a.test')).toHaveLength(1);
      expect(await imapLogin(box, 'later@a.test')).toBe(true);
    } finally {
      await finishSandbox(box.root, []);
    }
  });

  it('a start that is interrupted can be done again', async () => {
    const offset = await freePortOffset();
    const root = `${directory}/int`;
    // As one leaves it that is interrupted at the very beginning.
    await mkdir(`${root}/etc/eboxmail`, { recursive: true });
    for (const seconds of ['0.3', '0.6', '0.9']) {
      const args = ['-s', 'INT', seconds, process.execPath, 'bin/eboxmail.js', 'sandbox', 'start', root];
      await run('timeout', [...args, '--state', stateFile, '--port-offset', String(offset)]).catch(() => undefined);
    }
    const box = await startSandbox(root, { state: stateFile, offset });
    try {
      expect((await tryLogin(box, 'alice@a.test')).code).toBe(235);
    } finally {
      // Where one went back there was nothing before, and its daemons complain of that until they end.
      await finishSandbox(root, [/./]);
    }
  });

  it('a hung or killed daemon does not keep it from stopping', async () => {
    const box = await start('hung');
    const pid = Number(await readFile(`${box.root}/var/spool/postfix/pid/master.pid`, 'utf8'));
    process.kill(pid, 'SIGKILL');
    const dovecot = Number(await readFile(`${box.root}/run/dovecot/master.pid`, 'utf8'));
    process.kill(dovecot, 'SIGSTOP');
    await finishSandbox(box.root, [/./]);
    await eventually('every process has ended', async () => (await processesOf(box.root)).length === 0, 2000);
  });
});

describe('places where a sandbox cannot or can be', () => {
  it('a directory with something in it: 5, and untouched', async () => {
    const path = `${directory}/full`;
    await mkdir(path);
    await writeFile(`${path}/mine`, 'x');
    const refused = await refusedStart(path);
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining(path)]);
    expect(await readdir(path)).toEqual(['mine']);
  });

  it('a root with a state of its own starts, whatever commands have looked at it or changed it', async () => {
    const root = `${directory}/own`;
    const offset = await freePortOffset();
    const on = async (...args: string[]): Promise<void> => {
      const result = await runCli({ args: ['--root', root, ...args], input: 'secret\n' });
      expect(result.code, result.stderr).toBe(0);
    };
    await on('domain', 'add', 'a.test');
    await on('user', 'add', 'alice@a.test', '--password-hash', PASSWORD_HASH);
    await on('user', 'add', 'gone@a.test', '--password-hash', PASSWORD_HASH);
    await on('user', 'remove', 'gone@a.test', '--purge', '--yes');
    await on('relay', 'smarthost', 'set', '127.0.0.1:9', '--username', 'u', '--password-stdin');
    await on('user', 'list');
    await on('explain', 'alice@a.test');
    await on('plan');
    expect(await readdir(`${root}/var`)).toEqual(['cache', 'lib']);
    await writeFile(`${root}/var/lib/mine`, '');
    expect((await refusedStart(root)).code).toBe(5);
    await rm(`${root}/var/lib/mine`);
    const box = await startSandbox(root, { offset });
    try {
      expect((await tryLogin(box, 'alice@a.test')).code).toBe(235);
    } finally {
      await finishSandbox(root, []);
    }
  });

  it('daemons of an ordinary server are none of its: 4, and how to stop them', async () => {
    const box = await start('ordinary');
    const host = `${box.root}/etc/eboxmail/host.yaml`;
    const text = await readFile(host, 'utf8');
    try {
      await writeFile(host, text.replace(/^sandbox: .*\n/m, ''));
      for (const word of ['stop', 'status']) {
        const refused = await sandboxCommand(word, box.root);
        expect([refused.code, refused.stdout]).toEqual([4, '']);
        expect(refused.stderr).toContain(`eboxmail --root ${box.root} uninstall`);
        expect(refused.stderr).not.toContain('sandbox start');
      }
      expect(await imapLogin(box, 'alice@a.test')).toBe(true);
      await box.ok(['uninstall', '--yes']);
      const stopped = await sandboxCommand('stop', box.root);
      expect([stopped.code, stopped.stderr]).toEqual([4, expect.stringContaining('make one with')]);
    } finally {
      await writeFile(host, text);
      await finishSandbox(box.root, []);
    }
  });

  it('a path that is too long or has odd characters: 2', async () => {
    for (const name of [
      'x'.repeat(80),
      'a b',
      'a$b',
      'a#b',
      'a%b',
      'a"b',
      'a\nb',
      'ä',
      'a:b',
      'a,b',
      'a{b',
      'a;b',
      'a*',
    ]) {
      const refused = await refusedStart(`${directory}/${name}`);
      expect(refused.code, JSON.stringify(name)).toBe(2);
    }
    expect((await readdir(directory)).filter((name) => /^(a.|x{80}|ä)/.test(name) && name !== 'again')).toEqual([]);
  });

  it('the longest path that is allowed works', async () => {
    const refused = await refusedStart(`${directory}/${'x'.repeat(80)}`);
    const most = Number(/it can have (\d+) characters/.exec(refused.stderr)?.[1]);
    const box = await start('y'.repeat(most - directory.length - 1));
    try {
      expect((await tryLogin(box, 'alice@a.test')).code).toBe(235);
      const token = await sendAs(box, 'alice@a.test', 'bob@a.test');
      expect(await copies(box, token, ['bob@a.test'])).toEqual({ 'bob@a.test': 1 });
    } finally {
      await finishSandbox(box.root, []);
    }
  });

  it('a file, or below a directory that is closed to others: a clear error', async () => {
    await writeFile(`${directory}/file`, '');
    expect((await refusedStart(`${directory}/file`)).code).toBe(2);
    await mkdir(`${directory}/closed`, { mode: 0o700 });
    const refused = await refusedStart(`${directory}/closed/sb`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`${directory}/closed`)]);
    expect(await readdir(`${directory}/closed`)).toEqual([]);
  });

  it('a directory from mktemp -d, under any umask, works', async () => {
    const path = await mkdtemp('/tmp/eboxmail-m-');
    await chmod(path, 0o700);
    const offset = await freePortOffset();
    const command = `umask 077; exec "$0" bin/eboxmail.js sandbox start ${path} --state ${stateFile} --port-offset ${offset} --json`;
    try {
      const { stdout } = await run('sh', ['-c', command, process.execPath]);
      const box = sandboxOf(stdout, offset);
      expect((await tryLogin(box, 'alice@a.test')).code).toBe(235);
      const token = await sendAs(box, 'alice@a.test', ['bob@a.test', 'x@outside.test']);
      expect(await copies(box, token, ['bob@a.test'])).toEqual({ 'bob@a.test': 1 });
      expect(await outbound(box, token)).toHaveLength(1);
    } finally {
      await finishSandbox(path, []);
      await rm(path, { recursive: true, force: true });
    }
  });

  it('wrong options: 2', async () => {
    for (const args of [
      ['--port-offset', '0'],
      ['--port-offset', 'x'],
      ['--port-offset', '99999'],
      ['--listen', '0.0.0.0'],
      ['--listen', '192.0.2.1'],
      ['--listen', 'localhost'],
    ]) {
      expect((await refusedStart(`${directory}/never`, ...args)).code, args.join(' ')).toBe(2);
    }
  });

  it('no state: 4; a state with errors: 3; both leave nothing', async () => {
    expect((await sandboxCommand('start', `${directory}/never`, '--state', `${directory}/no.yaml`)).code).toBe(4);
    await writeFile(`${directory}/bad.yaml`, 'version: 1\nnonsense: 1\n');
    expect((await sandboxCommand('start', `${directory}/never`, '--state', `${directory}/bad.yaml`)).code).toBe(3);
    await writeFile(`${directory}/bad.yaml`, `${STATE}  carol@b.test: {password: "${PASSWORD_HASH}"}\n`);
    const named = await sandboxCommand('start', `${directory}/never`, '--state', `${directory}/bad.yaml`);
    expect([named.code, named.stderr]).toEqual([
      3,
      expect.stringContaining(`eboxmail --state ${directory}/bad.yaml domain add b.test`),
    ]);
    expect(await readdir(directory)).not.toContain('never');
  });

  it('another loopback address', async () => {
    const box = await start('address', '--listen', '127.0.0.7');
    try {
      expect(box.listen).toBe('127.0.0.7');
      expect((await tryLogin(box, 'alice@a.test')).code).toBe(235);
      await expect(imapLogin({ ...box, listen: '127.0.0.1' }, 'alice@a.test')).rejects.toThrow(/ECONNREFUSED/);
    } finally {
      await finishSandbox(box.root, []);
    }
  });
});

describe('who and where', () => {
  it('not root: a clear message', async () => {
    const box = await start('root-only');
    try {
      const program = await programForAll(directory);
      for (const args of [
        ['start', `${directory}/other`],
        ['stop', box.root],
      ]) {
        const result = await asNobody(program, ['sandbox', ...args, '--state', `${box.root}/etc/eboxmail/state.yaml`]);
        expect(result.code, args.join(' ')).toBe(1);
        expect(result.stderr).toMatch(/as root/);
      }
      const apply = await asNobody(program, ['--root', box.root, 'apply']);
      expect([apply.code, apply.stderr]).toEqual([1, expect.stringContaining('must be run as root')]);
    } finally {
      await finishSandbox(box.root, []);
    }
  });

  it.each([
    ['/usr/sbin', 'postconf', 'postfix'],
    ['/usr/sbin', 'postmap', 'postfix'],
    ['/usr/sbin', 'dovecot', 'dovecot-core'],
    ['/usr/bin', 'doveconf', 'dovecot-core'],
    ['/usr/bin', 'openssl', 'openssl'],
  ])('without %s/%s: exit 1, the package and the command that installs it', async (place, program, owner) => {
    const root = `${directory}/without-${program}`;
    const result = await withoutProgram(place, program, [
      'sandbox',
      'start',
      root,
      '--state',
      stateFile,
      '--port-offset',
      String(await freePortOffset()),
    ]);
    const left = await processesOf(root);
    if (left.length > 0) await sandboxCommand('stop', root);
    expect(result.code, result.stderr).toBe(1);
    expect(result.stderr).toContain(`package ${owner}`);
    expect(result.stderr).toMatch(/apt-get install .*postfix.*dovecot/);
    expect(left).toEqual([]);
  });

  it.each([
    ['imap', 'dovecot-imapd'],
    ['managesieve', 'dovecot-managesieved'],
    ['lmtp', 'dovecot-lmtpd'],
    ['modules/lib90_sieve_plugin.so', 'dovecot-sieve'],
  ])('without Dovecot’s %s: exit 1, the package', async (file, owner) => {
    const root = `${directory}/without-${file.replace(/\W/g, '-')}`;
    const place = file.includes('/') ? '/usr/lib/dovecot/modules' : '/usr/lib/dovecot';
    const result = await withoutProgram(place, file.split('/').at(-1) ?? '', [
      'sandbox',
      'start',
      root,
      '--state',
      stateFile,
      '--port-offset',
      String(await freePortOffset()),
    ]);
    const left = await processesOf(root);
    if (left.length > 0) await sandboxCommand('stop', root);
    expect(result.code, result.stderr).toBe(1);
    expect(result.stderr).toContain(owner);
  });
});

/** Runs the program in a mount namespace of its own in which one file of a directory is not there. */
async function withoutProgram(place: string, program: string, args: readonly string[]): Promise<RunResult> {
  const script = `
    set -e
    farm=$(mktemp -d ${directory}/farm.XXXX); real=$farm/real
    chmod 755 $farm
    mkdir $real
    mount --bind ${place} $real
    mkdir $farm/d
    for f in $real/*; do [ "$(basename $f)" = ${program} ] || ln -s $f $farm/d/; done
    mount --bind $farm/d ${place}
    exec "$@"`;
  return collected(
    spawn('unshare', ['-m', 'bash', '-c', script, 'bash', process.execPath, 'bin/eboxmail.js', ...args]),
  );
}

async function asNobody(program: string, args: readonly string[]): Promise<RunResult> {
  const ids = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  return collected(spawn('setpriv', [...ids, process.execPath, program, ...args], { cwd: '/' }));
}

async function collected(child: ReturnType<typeof spawn>): Promise<RunResult> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  await once(child, 'exit');
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}
