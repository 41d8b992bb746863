import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { EboxmailError, EXIT } from '../core/errors.ts';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program ended whose output was not collected. */
export interface Ended extends Omit<Finished, 'stdout'> {
  readonly signal: NodeJS.Signals | null;
}

export interface ExecOptions {
  /** Given to standard input, which is then closed. */
  readonly input?: string;
  /** The program becomes a daemon or starts one: its streams are detached, so that nobody waits for them to close. */
  readonly detached?: boolean;
  /** Where it works; the directory of this process when absent. */
  readonly directory?: string;
  /** Variables of its environment, besides those of this process. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Milliseconds after which the program is taken to hang and killed; two minutes when absent. */
  readonly patience?: number;
}

/** A daemon's own tools need far less, even on a busy machine. */
const PATIENCE = 120_000;

/** Called with each command before it runs (`--verbose`). Arguments never hold secrets. */
let onCommand: ((command: readonly string[]) => void) | undefined;

export function reportCommandsTo(report: (command: readonly string[]) => void): void {
  onCommand = report;
}

/** Those that run, but for what drives daemons. */
const running = new Set<ChildProcess>();

/** Ends what was started and still runs: who ends at once leaves nobody behind that goes on writing. */
export function endPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** The program is not on this machine. */
export class MissingProgram extends Error {
  readonly program: string;

  constructor(program: string) {
    super(`${program} is not installed`);
    this.program = program;
  }
}

/** The program did not end in time and was killed. */
export class HangingProgram extends EboxmailError {
  constructor(command: readonly string[], patience: number) {
    super(EXIT.failed, `${command.join(' ')} did not end within ${patience / 1000} s`, 'its log may say why');
  }
}

/**
 * Runs a program, without a shell, in the C locale, and gives what it printed whatever its exit status was. The only
 * place that starts programs (but for the lock).
 * @throws MissingProgram when there is no such program; HangingProgram when it does not end
 */
export function exec(program: string, args: readonly string[], options: ExecOptions = {}): Promise<Finished> {
  onCommand?.([program, ...args]);
  return new Promise((resolve, reject) => {
    const streams = options.detached === true ? 'ignore' : 'pipe';
    const child = spawn(program, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', streams, streams],
      cwd: options.directory,
      env: { ...environment(), ...options.variables },
      // What drives daemons is not reached by the Ctrl-C that is meant for this program.
      detached: options.detached === true,
    });
    if (options.detached !== true) running.add(child);
    const patience = options.patience ?? PATIENCE;
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new HangingProgram([program, ...args], patience));
    }, patience);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(deadline);
      running.delete(child);
      reject(error.code === 'ENOENT' ? new MissingProgram(program) : error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(deadline);
      running.delete(child);
      resolve({ code: code ?? 1, stdout, stderr: signal === null ? stderr : `${stderr}stopped by ${signal}\n` });
    });
    if (options.input !== undefined) {
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.input);
    }
  });
}

/** Runs a program for a moment in which nothing else may come in between. How it ended is seen by what it did. */
export function runAtOnce(program: string, args: readonly string[]): void {
  onCommand?.([program, ...args]);
  spawnSync(program, args, { stdio: 'ignore', env: environment(), timeout: PATIENCE });
}

/** What programs are started with. */
export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', PATH: searchPath().join(delimiter) };
}

/** Nothing is run from the working directory, for which an empty element stands (execvp(3)), nor from one below it. */
function searchPath(): readonly string[] {
  const wished = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  return [...wished, '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
}

/** The file that `exec` would run, and what tells it from every other that was or will be in its place. */
export function findProgram(name: string): { readonly path: string; readonly identity: string } | undefined {
  for (const directory of searchPath()) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      const { dev, ino, size, ctimeNs } = statSync(path, { bigint: true });
      return { path, identity: [dev, ino, size, ctimeNs].join(' ') };
    } catch {
      // The next directory, as execvp(3) does.
    }
  }
  return undefined;
}

/**
 * Runs a program and gives what it prints as it comes, in constant memory: the program waits while nobody reads. Whoever
 * stops reading ends the program.
 * @param check is called with the end of it, without the output, when all was read; it may throw
 */
export async function* execChunks(
  program: string,
  args: readonly string[],
  check: (ended: Ended) => void,
): AsyncGenerator<Buffer, void> {
  onCommand?.([program, ...args]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
  const ended = endOf(child, program);
  // Looked at only after the output; until then a failure must not be an unhandled one.
  ended.catch(() => undefined);
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    check(await ended);
  } finally {
    child.kill();
  }
}

/** The same by lines, as many at a time as have come. */
export async function* execLines(...command: Parameters<typeof execChunks>): AsyncGenerator<readonly string[], void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of execChunks(...command)) {
    const lines = decoder.write(chunk).split('\n');
    lines[0] = rest + (lines[0] ?? '');
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines;
  }
  if (rest !== '') yield [rest];
}

/**
 * Runs a program that prints on this process's own standard output, byte for byte and at its own pace. Nothing may have
 * been written there by way of `process.stdout`: Node makes a pipe non-blocking, which other programs take for a failure.
 */
export function execOnOutput(program: string, args: readonly string[]): Promise<Ended> {
  return endOf(spawn(program, args, { stdio: ['ignore', 'inherit', 'pipe'], env: environment() }), program);
}

function endOf(child: ChildProcess, program: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new MissingProgram(program) : error),
    );
    child.on('close', (code, signal) => resolve({ code: code ?? 1, stderr, signal }));
  });
}
