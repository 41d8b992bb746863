import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { runCli, type RunOptions, type RunResult } from './run-cli.ts';
import { tempDir } from './temp.ts';

export const BIN = fileURLToPath(new URL('../../bin/eboxmail.js', import.meta.url));

/** A hash for accounts nobody logs in to: making one takes a quarter of a second, giving this one nothing. */
export const HASH = '{SHA512-CRYPT}$6$rounds=5000$saltsaltsaltsalt$VERYSECRETHASHofNobody';
export const OTHER_HASH = '{BLF-CRYPT}$2y$05$OTHERSECRETHASHofNobodyAtAllxxxxxxxxxxxxxxxxxxxxxxxxxx';

/** Two domains, a few users, aliases of each kind and a group: what most tests start from. */
export const STATE = `# The mail service.
version: 1
server:
  mailname: mx.test.example   # never a mail domain
defaults:
  user: {domain: example.com}
domains:
  example.com:
    aliases: [example.net]
  other.example: {}
users:
  alice@example.com:
    name: Alice Liddell
    password: "${HASH}"
    quota: 2 GB
  bob@example.com: {password: "${OTHER_HASH}"}   # the other one
  carol@other.example:
    account: false
groups:
  staff: {members: [alice@example.com, carol@other.example]}
aliases:
  al@example.com: alice@example.com
  team@example.com: staff
  both@example.com: [alice@example.com, bob@example.com]
  chain@other.example: al@example.com
  partner@example.com: bob@partner.example
`;

type Options = Omit<RunOptions, 'args'>;

/** A root of its own with a state file in it, and the commands to run on it. */
export interface Scene {
  readonly root: string;
  readonly statePath: string;
  /** Runs `eboxmail …` with EBOXMAIL_ROOT set. */
  run(args: readonly string[], options?: Options): Promise<RunResult>;
  /** The same, and the test fails unless it ends with 0. */
  ok(args: readonly string[], options?: Options): Promise<RunResult>;
  /** The answer of a `--json` command: standard output must be one JSON document. */
  json(args: readonly string[], options?: Options): Promise<unknown>;
  /**
   * The command must end with this code (or one of them), print nothing on standard output, say why on standard error,
   * leave the state as it is, byte for byte, and nothing new beside it.
   */
  refuses(code: number | readonly number[], args: readonly string[], options?: Options): Promise<string>;
  text(): Promise<string>;
  write(text: string | Uint8Array): Promise<void>;
  /** The names in the state's directory, without the lock file, which stays. */
  beside(): Promise<readonly string[]>;
}

/** For use inside a test. Without a text there is no state file, and no directory for it either. */
export async function scene(state?: string): Promise<Scene> {
  const root = join(await tempDir(), 'root');
  const directory = join(root, 'etc/eboxmail');
  const statePath = join(directory, 'state.yaml');
  const run = (args: readonly string[], options: Options = {}): Promise<RunResult> =>
    runCli({ args, ...options, env: { EBOXMAIL_ROOT: root, ...options.env } });
  const bytes = (): Promise<Buffer | undefined> => readFile(statePath).catch(() => undefined);
  const beside = async (): Promise<readonly string[]> =>
    (await readdir(directory).catch(() => [])).filter((name) => name !== '.state.yaml.lock').sort();
  const write = async (text: string | Uint8Array): Promise<void> => {
    await mkdir(directory, { recursive: true });
    await writeFile(statePath, text);
    await chmod(statePath, 0o600);
  };
  if (state !== undefined) await write(state);
  const ok: Scene['ok'] = async (args, options) => {
    const result = await run(args, options);
    expect(result.code, JSON.stringify({ args, ...result })).toBe(0);
    return result;
  };
  return {
    root,
    statePath,
    run,
    ok,
    json: async (args, options) => JSON.parse((await ok([...args, '--json'], options)).stdout) as unknown,
    refuses: async (code, args, options) => {
      const before = { bytes: await bytes(), beside: await beside() };
      const result = await run(args, options);
      const codes = typeof code === 'number' ? [code] : code;
      expect(codes, `${JSON.stringify(args)}: ${JSON.stringify(result)}`).toContain(result.code);
      expect(result.stdout).toBe('');
      expect(result.stderr).toMatch(/\S/);
      expect(result.stderr).not.toMatch(/this is a bug|\n\s+at /);
      expect({ bytes: await bytes(), beside: await beside() }, JSON.stringify(args)).toEqual(before);
      return result.stderr;
    },
    text: () => readFile(statePath, 'utf8'),
    write,
    beside,
  };
}

/** `chmod 600` and the like, as `stat` says it. */
export async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8).padStart(4, '0');
}

/** What a script for bash did; `$EBOXMAIL` in it is the program. Standard input is empty. */
export async function bash(script: string, env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  const child = spawn('bash', ['-c', script], {
    env: { PATH: process.env['PATH'], NODE: process.execPath, EBOXMAIL: `${process.execPath} ${BIN}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}

/** Every file and directory below, with what a change of it changes. */
export async function listing(directory: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(directory, { recursive: true })).sort();
  const entries = await Promise.all(
    ['.', ...names].map(async (name) => {
      const { mode, uid, gid, size, ino, mtimeMs, ctimeMs } = await stat(join(directory, name));
      return [name, `${mode.toString(8)} ${uid}:${gid} ${size} ${ino} ${mtimeMs} ${ctimeMs}`] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** Runs jobs, so many at a time: the machine has two cores, and a command fills one. */
export async function inTurns<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
