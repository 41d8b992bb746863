import { EboxmailError, EXIT, isSystemError } from '../core/errors.ts';
import type { InvalidState } from '../app/load-state.ts';
import type { RefusedBatch } from './batch-run.ts';
import type { ProcessLike } from './context.ts';

/** Runs a command line and gives its exit code. The one place where errors become text. */
export async function main(process: ProcessLike): Promise<number> {
  const quick = await quickList(process);
  if (quick !== undefined) return quick;
  const lost = watchOutput(process);
  const code = await run(process);
  return code === EXIT.done && lost() ? EXIT.failed : code;
}

/**
 * `queue list --json` is what `postqueue -j` prints, so Postfix writes it where it goes. That is a fifth faster than reading
 * it, and has to be before anything touches standard output (see execOnOutput).
 */
async function quickList(process: ProcessLike): Promise<number | undefined> {
  if (!process.argv.includes('queue') || !process.argv.includes('--json')) return undefined;
  const { quickListRoot, listAsItIs } = await import('./queue/quick-list.ts');
  const root = quickListRoot(process.argv.slice(2), process.env);
  if (root === undefined) return undefined;
  try {
    await listAsItIs(root);
    return EXIT.done;
  } catch (error) {
    return report(process, error);
  }
}

async function run(process: ProcessLike): Promise<number> {
  if (process.argv.length === 3 && process.argv[2] === '--version') {
    process.stdout.write(`${__EBOXMAIL_VERSION__}\n`);
    return EXIT.done;
  }
  try {
    const { makeProgram } = await import('./program.ts');
    const { command, exitCode } = await makeProgram(process);
    await command.parseAsync([...process.argv]);
    return exitCode();
  } catch (error) {
    return report(process, error);
  }
}

/**
 * `| head` closes the pipe: what is left to write is not wanted, and that is no failure. Output that is lost in any other
 * way (a full disk) is one.
 * @returns whether output was lost
 */
function watchOutput(process: ProcessLike): () => boolean {
  let lost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || lost) return;
    lost = true;
    // The error may come after main has given its exit code.
    process.exitCode = EXIT.failed;
    process.stderr.write(`eboxmail: the output could not be written: ${error.message}\n`);
  });
  // Nobody can be told of it.
  process.stderr.on('error', () => undefined);
  return () => lost;
}

async function report({ stderr, argv }: ProcessLike, error: unknown): Promise<number> {
  const debug = argv.includes('--debug');
  if (error instanceof EboxmailError) {
    stderr.write(await describe(error));
    if (debug) stderr.write(`${error.stack ?? ''}\n`);
    return error.exitCode;
  }
  if (isCommanderEnd(error)) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
    stderr.write('eboxmail: cancelled\n');
    return EXIT.cancelled;
  }
  if (isSystemError(error)) {
    stderr.write(`eboxmail: the system refuses: ${error.message}\n${debug ? `${error.stack ?? ''}\n` : ''}`);
    return EXIT.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(`eboxmail: this is a bug, please report it with the command that you ran\n${text}\n`);
  return EXIT.failed;
}

async function describe(error: EboxmailError): Promise<string> {
  const lines: string[] = [];
  if ('problems' in error) {
    const { problemText } = await import('../ui/problems.ts');
    const { file, problems } = error as InvalidState;
    lines.push(...problems.map((problem) => problemText(file ?? 'state', problem)));
  }
  if ('details' in error) lines.push(...(error as RefusedBatch).details);
  lines.push(`eboxmail: ${error.message}`);
  if (error.hint !== undefined) lines.push(...error.hint.split('\n').map((line) => `  ${line}`));
  return `${lines.join('\n')}\n`;
}

/** Commander has printed its message already; it throws to end the run (its exitOverride). */
function isCommanderEnd(error: unknown): error is { exitCode: number } {
  return (
    error instanceof Error && 'code' in error && String(error.code).startsWith('commander.') && 'exitCode' in error
  );
}
