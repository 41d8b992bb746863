import { spawn } from 'node:child_process';
import { EboxmailError, EXIT } from '../core/errors.ts';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  /** Given to standard input, which is then closed. */
  readonly input?: string;
  /** The program becomes a daemon or starts one: its streams are detached, so that nobody waits for them to close. */
  readonly detached?: boolean;
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
      env: { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin` },
    });
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
      reject(error.code === 'ENOENT' ? new MissingProgram(program) : error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(deadline);
      resolve({ code: code ?? 1, stdout, stderr: signal === null ? stderr : `${stderr}stopped by ${signal}\n` });
    });
    if (options.input !== undefined) {
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.input);
    }
  });
}
