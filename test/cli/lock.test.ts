import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bash, BIN, HASH, scene, STATE, type Scene } from '../support/scene.ts';

/** Starts an `eboxmail` that runs on while the test does something else; it is gone when the test is over. */
function start(there: Scene, args: readonly string[]): ChildProcess {
  const env = { PATH: process.env['PATH'], EBOXMAIL_ROOT: there.root };
  return kept(spawn(process.execPath, [BIN, ...args], { env, stdio: 'ignore', detached: true }));
}

function kept(child: ChildProcess): ChildProcess {
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  return child;
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; !(await what()); await sleep(5)) {
    if (performance.now() > end) throw new Error('what was waited for did not happen');
  }
}

/** An `eboxmail` that stands still with the lock in its hand: the state is a FIFO that nobody writes to. */
async function holder(there: Scene): Promise<ChildProcess> {
  await rm(there.statePath);
  expect((await bash(`mkfifo ${there.statePath}`)).code).toBe(0);
  const child = start(there, ['server', 'set', '--message-size', '5 MB']);
  const lock = join(dirname(there.statePath), '.state.yaml.lock');
  await until(async () => (await readFile(lock, 'utf8').catch(() => '')).includes(`process ${child.pid},`));
  return child;
}

describe('many at once', () => {
  it('50 processes each add a user: all succeed, and nothing is lost', { timeout: 60_000 }, async () => {
    const there = await scene(STATE);
    const addresses = Array.from({ length: 50 }, (_, n) => `u${n}@example.com`);
    const results = await Promise.all(
      addresses.map((address) => there.run(['user', 'add', address, '--password-hash', HASH])),
    );
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    const users = (await there.json(['user', 'list'])) as { address: string }[];
    expect(users.map(({ address }) => address)).toEqual(expect.arrayContaining(addresses));
    expect(users).toHaveLength(53);
    expect(await there.beside()).toEqual(['state.yaml']);
    expect((await there.text()).startsWith(STATE.slice(0, STATE.indexOf('groups:')))).toBe(true);
    await there.ok(['validate']);
  });

  it('additions, removals and changes do not undo each other', { timeout: 60_000 }, async () => {
    const numbers = Array.from({ length: 8 }, (_, n) => n);
    const old = numbers.map((n) => `  old${n}.example:\n`).join('');
    const there = await scene(STATE.replace('users:\n', `${old}users:\n`));
    const jobs = numbers.flatMap((n) => [
      ['domain', 'remove', `old${n}.example`],
      ['domain', 'add', `new${n}.example`],
      ['alias', 'add', `a${n}@example.com`, `b@partner${n}.example`],
      ['user', 'set', 'alice@example.com', '--quota', `${n + 1} GB`],
    ]);
    const results = await Promise.all(jobs.map((args) => there.run(args)));
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    const text = await there.text();
    const expected = STATE.replace(/quota: 2 GB/, /quota: \d GB/.exec(text)?.[0] ?? '');
    const added = (line: string): boolean =>
      !/^ {2}(new\d\.example: \{\}|a\d@example\.com: b@partner\d\.example)$/.test(line);
    expect(text.split('\n').filter(added).join('\n')).toBe(expected);
    expect(text.split('\n').filter((line) => !added(line))).toHaveLength(16);
    await there.ok(['validate']);
  });

  it('two states in one directory do not disturb each other', { timeout: 60_000 }, async () => {
    const there = await scene(STATE);
    const other = join(dirname(there.statePath), 'other.yaml');
    await writeFile(other, STATE);
    const jobs = Array.from({ length: 10 }, (_, n) => [
      ['domain', 'add', `d${n}.example`],
      ['--state', other, 'domain', 'add', `d${n}.example`],
    ]);
    const results = await Promise.all(jobs.flat().map((args) => there.run(args)));
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    for (const state of [there.statePath, other]) {
      expect(await there.json(['--state', state, 'domain', 'list'])).toHaveLength(12);
    }
  });

  it('of those who add the same, one does', async () => {
    const there = await scene(STATE);
    const results = await Promise.all(Array.from({ length: 4 }, () => there.run(['domain', 'add', 'new.example'])));
    expect(results.map(({ code }) => code).sort()).toEqual([0, 5, 5, 5]);
    const empty = await scene();
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((name) => empty.run(['domain', 'add', `${name}.example`])));
    expect(made.map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual(Array(4).fill([0, '']));
    expect(await empty.json(['domain', 'list'])).toHaveLength(4);
  });
});

describe('a lock that somebody has', () => {
  it('ends with 6 after the waiting time and names the process', async () => {
    const there = await scene(STATE);
    const { pid } = await holder(there);
    for (const wait of ['1', '0', '0.5']) {
      const started = performance.now();
      const { code, stdout, stderr } = await there.run(['server', 'set', '--message-size', '6 MB'], {
        env: { EBOXMAIL_LOCK_WAIT: wait },
      });
      const took = performance.now() - started;
      expect({ code, stdout }).toEqual({ code: 6, stdout: '' });
      expect(stderr).toContain(`process ${pid},`);
      expect(stderr).toContain('EBOXMAIL_LOCK_WAIT');
      expect(took).toBeGreaterThan(Number(wait) * 1000);
      expect(took).toBeLessThan(Number(wait) * 1000 + 5000);
    }
  });

  it('is not said to be that of a process that is no more', async () => {
    const there = await scene(STATE);
    const lock = join(dirname(there.statePath), '.state.yaml.lock');
    const ended = spawn('true');
    await once(ended, 'exit');
    const others = kept(spawn('flock', [lock, 'sleep', '1000'], { stdio: 'ignore', detached: true }));
    await until(async () => (await bash(`flock --nonblock ${lock} true`)).code !== 0);
    const said = async (pid: number | undefined): Promise<string> => {
      await writeFile(lock, `process ${pid}, since 2001-02-03T04:05:06.789Z\n`);
      const { code, stderr } = await there.run(['domain', 'add', 'x.example'], { env: { EBOXMAIL_LOCK_WAIT: '0' } });
      expect(code).toBe(6);
      return stderr;
    };
    expect(await said(ended.pid)).toMatch(/another eboxmail is at work, and did not end/);
    expect(await said(others.pid)).toContain(`(process ${others.pid}, since 2001`);
  });

  it('is waited for', async () => {
    const there = await scene(STATE);
    const lock = join(dirname(there.statePath), '.state.yaml.lock');
    kept(spawn('flock', [lock, 'sleep', '1.5'], { stdio: 'ignore', detached: true }));
    await until(async () => (await stat(lock).catch(() => undefined)) !== undefined);
    await sleep(100);
    const started = performance.now();
    // Who only reads does not wait; neither does who is refused before.
    await there.ok(['user', 'list']);
    await there.ok(['validate']);
    await there.refuses(2, ['domain', 'add', 'a b']);
    for (const wait of ['', '10', 'nonsense', '-1']) {
      await there.ok(['domain', 'add', `d${wait.length}.example`, '--if-not-exists'], {
        env: { EBOXMAIL_LOCK_WAIT: wait },
      });
    }
    expect(performance.now() - started).toBeGreaterThan(800);
  });

  it('is free when its holder is killed', async () => {
    const there = await scene(STATE);
    const child = await holder(there);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await rm(there.statePath);
    await there.write(STATE);
    await there.ok(['domain', 'add', 'new.example'], { env: { EBOXMAIL_LOCK_WAIT: '2' } });
    // The same for one that something else than eboxmail held.
    const lock = join(dirname(there.statePath), '.state.yaml.lock');
    const other = kept(spawn('flock', [lock, 'sleep', '1000'], { stdio: 'ignore', detached: true }));
    await until(async () => (await bash(`flock --nonblock ${lock} true`)).code !== 0);
    process.kill(-(other.pid ?? 0), 'SIGKILL');
    await there.ok(['domain', 'remove', 'new.example'], { env: { EBOXMAIL_LOCK_WAIT: '2' } });
    expect(await there.text()).toBe(STATE);
  });
});

describe('a kill', () => {
  it('at any moment leaves one of the versions whole', { timeout: 60_000 }, async () => {
    const there = await scene(STATE);
    const version = (name: string): string => STATE.replace('name: Alice Liddell', `name: ${name}`);
    const set = (name: string): string[] => ['user', 'set', 'alice@example.com', '--name', name];
    await there.ok(set('Warm'));
    const started = performance.now();
    await there.ok(set('Begin'));
    const whole = performance.now() - started;
    let present = version('Begin');
    let [killed, changed] = [0, 0];
    for (let n = 0; n < 40; n++) {
      const child = start(there, set(`Name ${n}`));
      // Most of the time goes into starting; what matters is the end.
      await Promise.race([once(child, 'exit'), sleep(whole * (0.3 + 0.8 * Math.random()))]);
      if (child.kill('SIGKILL')) {
        killed++;
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
      const text = await there.text();
      expect([present, version(`Name ${n}`)]).toContain(text);
      if (text !== present) changed++;
      present = text;
    }
    expect(killed).toBeGreaterThan(10);
    expect(changed).toBeLessThan(40);
    await there.ok(set('After'), { env: { EBOXMAIL_LOCK_WAIT: '5' } });
    expect(await there.text()).toBe(version('After'));
    expect(await there.beside()).toEqual(['state.yaml']);
    const cache = await readdir(join(there.root, 'var/cache/eboxmail'));
    expect(cache.filter((name) => name.includes('new'))).toEqual([]);
  });

  it('leaves a file that the next edit removes, and no other', async () => {
    const there = await scene(STATE);
    const directory = dirname(there.statePath);
    const others = ['.other.yaml.eboxmail-new.4711', '.state.yaml.swp', 'state.yaml.eboxmail-new.1', 'state.yaml~'];
    for (const name of ['.state.yaml.eboxmail-new.4711', '.state.yaml.eboxmail-new.1', ...others]) {
      await writeFile(join(directory, name), 'half');
    }
    await there.ok(['domain', 'add', 'new.example']);
    expect(await there.beside()).toEqual([...others, 'state.yaml'].sort());
  });
});
