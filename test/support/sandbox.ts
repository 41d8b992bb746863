import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { freePortOffset } from './ports.ts';
import { runCli, type RunOptions, type RunResult } from './run-cli.ts';
import { makeTempDir } from './temp.ts';

export type SandboxPorts = Readonly<
  Record<'smtp' | 'submission' | 'smtps' | 'imap' | 'imaps' | 'pop3' | 'pop3s' | 'managesieve', number>
>;

/** A running sandbox, as `sandbox start --json` describes it. */
export interface Sandbox {
  readonly root: string;
  readonly listen: string;
  readonly ports: SandboxPorts;
  readonly outbound: string;
  readonly offset: number;
  /** Runs `eboxmail --root ROOT …`. */
  run(args: readonly string[], options?: Omit<RunOptions, 'args'>): Promise<RunResult>;
  /** The same, and fails the test unless it ends with 0. */
  ok(args: readonly string[], options?: Omit<RunOptions, 'args'>): Promise<RunResult>;
  /** Replaces the state file. */
  writeState(text: string): Promise<void>;
  readState(): Promise<string>;
}

export interface UseSandboxOptions {
  /** The YAML text. */
  readonly state: string;
  /** Called with the directory of the state file before the start, for secret files beside it. */
  readonly prepare?: (directory: string) => Promise<void>;
  /** Lines of the logs that the scenario provokes, among those that hold a warning or an error. */
  readonly tolerate?: readonly RegExp[];
}

/**
 * A sandbox for all tests of a file (or of a describe block). It is stopped whatever happens; then no process may be left
 * that has to do with its directory, and its logs may hold no complaint that the scenario does not announce.
 */
export function useSandbox(options: UseSandboxOptions): () => Sandbox {
  let sandbox: Sandbox | undefined;
  let remove: () => Promise<void> = async () => undefined;
  beforeAll(async () => {
    const directory = await makeTempDir();
    remove = directory.remove;
    const state = join(directory.path, 'given.yaml');
    await writeFile(state, options.state, { mode: 0o600 });
    await options.prepare?.(directory.path);
    sandbox = await startSandbox(join(directory.path, 'sb'), { state });
  });
  afterAll(async () => {
    try {
      if (sandbox !== undefined) await finishSandbox(sandbox.root, options.tolerate ?? []);
    } finally {
      await remove();
    }
  });
  return () => {
    if (sandbox === undefined) throw new Error('the sandbox has not started');
    return sandbox;
  };
}

export interface StartSandboxOptions {
  readonly state?: string;
  readonly offset?: number;
  readonly args?: readonly string[];
}

/** Starts a sandbox; when that fails, whatever it started is stopped again. */
export async function startSandbox(root: string, options: StartSandboxOptions = {}): Promise<Sandbox> {
  const offset = options.offset ?? (await freePortOffset());
  const state = options.state === undefined ? [] : ['--state', options.state];
  const args = ['sandbox', 'start', root, ...state, '--port-offset', String(offset), '--json', ...(options.args ?? [])];
  const result = await runCli({ args });
  if (result.code !== 0) {
    const logs = await complaints(root, []);
    await runCli({ args: ['sandbox', 'stop', root] });
    throw new Error(`sandbox start ended with ${result.code}:\n${result.stderr}\n${logs.join('\n')}`);
  }
  return sandboxOf(result.stdout, offset);
}

/** The sandbox that the answer of `sandbox start --json` tells of. */
export function sandboxOf(json: string, offset: number): Sandbox {
  const info = JSON.parse(json) as Pick<Sandbox, 'root' | 'listen' | 'ports' | 'outbound'>;
  const { root } = info;
  const run: Sandbox['run'] = (args, options) => runCli({ ...options, args: ['--root', root, ...args] });
  return {
    ...info,
    offset,
    run,
    ok: async (args, options) => {
      const result = await run(args, options);
      expect(result, `eboxmail ${args.join(' ')}\n${result.stderr}`).toMatchObject({ code: 0 });
      return result;
    },
    writeState: (text) => writeFile(`${root}/etc/eboxmail/state.yaml`, text, { mode: 0o600 }),
    readState: () => readFile(`${root}/etc/eboxmail/state.yaml`, 'utf8'),
  };
}

/** Stops a sandbox and checks what it leaves behind. */
export async function finishSandbox(root: string, tolerate: readonly RegExp[]): Promise<void> {
  const { code, stderr } = await runCli({ args: ['sandbox', 'stop', root] });
  const left = await processesOf(root);
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  const said = await complaints(root, tolerate);
  expect(
    { code, stderr: code === 0 ? '' : stderr, left, said },
    ['after the end of the sandbox', ...said].join('\n'),
  ).toEqual({
    code: 0,
    stderr: '',
    left: [],
    said: [],
  });
}

/** What Dovecot calls a warning whenever it is stopped or reloaded. */
const ALWAYS_TOLERATED = [
  // Postfix, when the process that it talks to ends in a reload; it asks the next one.
  /warning: problem talking to service \S+: (Connection reset by peer|Success)/,
  /warning: (connect to|problem talking to server) private\/quota-status: (No such file or directory|Connection refused|Connection reset by peer)/,
  // What a virtual machine's clocks make Postfix say.
  /warning: (file system clock is \d+ seconds? ahead of local clock|resetting file time stamps)/,
  /: Warning: Killed with signal 15 \(by pid=\d+ uid=0 code=kill\)/,
  /master: Warning: SIGHUP received - reloading configuration/,
];

/** Every line of the logs that tells of something wrong. */
export async function complaints(root: string, tolerate: readonly RegExp[]): Promise<string[]> {
  const lines = [...(await logLines(root, 'mail.log')), ...(await logLines(root, 'dovecot.log'))];
  const fine = [...ALWAYS_TOLERATED, ...tolerate];
  return lines.filter(
    (line) => /\b(warning|error|fatal|panic): /i.test(line) && !fine.some((pattern) => pattern.test(line)),
  );
}

export async function logLines(root: string, name: 'mail.log' | 'dovecot.log'): Promise<string[]> {
  const text = await readFile(`${root}/var/log/${name}`, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

export interface Reloads {
  readonly postfix: number;
  readonly dovecot: number;
  readonly starts: number;
}

/** How often the daemons were told to read their configuration again, and how often they started, once that is quiet. */
export async function reloads(root: string): Promise<Reloads> {
  // They write their logs a little after what they do.
  let last = await countReloads(root);
  for (;;) {
    await sleep(150);
    const now = await countReloads(root);
    if (now.starts >= 2 && JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
}

async function countReloads(root: string): Promise<Reloads> {
  const mail = await logLines(root, 'mail.log');
  const dovecot = await logLines(root, 'dovecot.log');
  const count = (lines: readonly string[], pattern: RegExp): number =>
    lines.filter((line) => pattern.test(line)).length;
  return {
    postfix: count(mail, /master\[\d+\]: reload/),
    dovecot: count(dovecot, /master: Warning: SIGHUP received/),
    starts: count(mail, /master\[\d+\]: daemon started/) + count(dovecot, /master: Info: Dovecot v\S+ .*starting up/),
  };
}

export interface FoundProcess {
  readonly pid: number;
  readonly why: string;
}

/** Processes with this directory in their command line, working directory, executable or open files. */
export async function processesOf(directory: string): Promise<FoundProcess[]> {
  const found: FoundProcess[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const why = await connection(pid, directory);
    if (why !== undefined) found.push({ pid, why });
  }
  return found;
}

async function connection(pid: number, directory: string): Promise<string | undefined> {
  const proc = `/proc/${pid}`;
  const below = (path: string): boolean => path === directory || path.startsWith(`${directory}/`);
  try {
    if (/\) Z/.test(await readFile(`${proc}/stat`, 'utf8'))) return undefined;
    const words = (await readFile(`${proc}/cmdline`, 'utf8')).split('\0');
    // A vitest worker may have such a word in a test name; daemons have it as a whole argument.
    if (words.some(below)) return `command line: ${words.join(' ')}`;
    for (const link of ['cwd', 'root', 'exe']) {
      const target = await readlink(`${proc}/${link}`).catch(() => '');
      if (below(target)) return `${link}: ${target}, ${words.join(' ')}`;
    }
    for (const descriptor of await readdir(`${proc}/fd`)) {
      const target = await readlink(`${proc}/fd/${descriptor}`).catch(() => '');
      if (below(target)) return `open file: ${target}, ${words.join(' ')}`;
    }
  } catch {
    // It ended while it was looked at.
  }
  return undefined;
}

/**
 * Waits until a condition holds; fails the test otherwise.
 * @param details what the failure says besides
 */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeout = 20_000,
  details: () => Promise<string> | string = () => '',
): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeout} ms: ${what} ${await details()}`);
    await sleep(20);
  }
}

/** A directory of programs that are found before the machine's own: for failures that cannot be had otherwise. */
export async function fakePrograms(
  directory: string,
  scripts: Readonly<Record<string, string>>,
): Promise<{ PATH: string }> {
  await mkdir(directory, { recursive: true });
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
}
