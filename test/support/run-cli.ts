import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { checkOutput } from './output-schemas.ts';

const BIN = fileURLToPath(new URL('../../bin/eboxmail.js', import.meta.url));

export interface RunOptions {
  readonly args: readonly string[];
  /** What the command reads from standard input; nothing when absent. */
  readonly input?: string;
  /** Added to a small fixed environment; undefined removes a variable of that. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Milliseconds after which the command and its children are killed and the call rejects (60 s). */
  readonly timeout?: number;
}

export interface RunResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly signal: NodeJS.Signals | null;
}

/** All that is passed on: what changes the output (EBOXMAIL_*, NO_COLOR, FORCE_COLOR, CI) or the start-up time is not. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

/** A command that has ended may leave daemons, but none may keep its output: `x=$(eboxmail …)` would wait for it for ever. */
const OUTPUT_GRACE = 5_000;

/** Runs the built `eboxmail` in a process and session of its own, without a terminal; JSON that it prints is checked. */
export async function runCli(options: RunOptions): Promise<RunResult> {
  const { args, input = '', timeout = 60_000 } = options;
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: 'pipe',
    // A session of its own has no terminal that could be opened by way of /dev/tty.
    detached: true,
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A command may end without reading its input.
  child.stdin.on('error', () => undefined).end(input);
  const closed = once(child, 'close');
  const deadline = new AbortController();
  try {
    const ended = await Promise.race([once(child, 'exit'), expire(timeout, deadline.signal)]);
    if (ended === undefined) throw new Error(`eboxmail ${args.join(' ')} did not end within ${timeout} ms`);
    if ((await Promise.race([closed, expire(OUTPUT_GRACE, deadline.signal)])) === undefined) {
      throw new Error(`eboxmail ${args.join(' ')} has ended, but something it started keeps its output open`);
    }
    if (child.exitCode !== null) checkOutput(args, stdout());
    return { code: child.exitCode, signal: child.signalCode, stdout: stdout(), stderr: stderr() };
  } catch (error) {
    if (child.exitCode === null) killGroup(child.pid);
    child.stdout.destroy();
    child.stderr.destroy();
    (error as Error).message += `\nstdout: ${stdout()}\nstderr: ${stderr()}`;
    throw error;
  } finally {
    deadline.abort();
  }
}

function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]]));
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

async function expire(milliseconds: number, signal: AbortSignal): Promise<undefined> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}

function killGroup(pid: number | undefined): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}
