import type { InvalidState } from '../app/state/load-state.ts';
import { EboxmailError, EXIT, isForbidden, isSystemError } from '../core/errors.ts';
import { visibleText } from '../core/visible.ts';
import type { RefusedBatch } from './batch-run.ts';
import type { ProcessLike } from './context.ts';
import type { ShownCommands } from './shown-commands.ts';

/**
 * Says what was thrown, and gives its exit code. The one place where errors become text.
 * @param commands completes those that are named
 */
export async function report({ stderr, argv }: ProcessLike, error: unknown, commands?: ShownCommands): Promise<number> {
  const debug = argv.includes('--debug');
  if (error instanceof EboxmailError) {
    const text = await describe(error);
    stderr.write(commands?.complete(text) ?? text);
    if (debug) stderr.write(`${error.stack ?? ''}\n`);
    return error.exitCode;
  }
  if (isCommanderEnd(error)) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
    stderr.write('eboxmail: cancelled\n');
    return EXIT.cancelled;
  }
  if (isSystemError(error)) {
    const hint = needsRoot(error) ? `  ${USE_SUDO}\n` : '';
    stderr.write(`eboxmail: the system refuses: ${error.message}\n${hint}${debug ? `${error.stack ?? ''}\n` : ''}`);
    return EXIT.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(`eboxmail: this is a bug, please report it with the command that you ran\n${text}\n`);
  return EXIT.failed;
}

const USE_SUDO = 'use sudo';

/** Whether something was refused that root may do. */
function needsRoot(error: unknown): boolean {
  return process.getuid?.() !== 0 && isForbidden(error);
}

async function describe(error: EboxmailError): Promise<string> {
  const lines: string[] = [];
  if ('problems' in error) {
    const { problemText } = await import('../ui/problems.ts');
    const { file, problems } = error as InvalidState;
    lines.push(...problems.map((problem) => problemText(file ?? 'state', problem)));
  }
  if ('details' in error) lines.push(...(error as RefusedBatch).details);
  lines.push(`eboxmail: ${visibleText(error.message)}`);
  const hints = [error.hint, needsRoot(error) ? USE_SUDO : undefined].filter((hint) => hint !== undefined);
  lines.push(...hints.flatMap((hint) => visibleText(hint).split('\n')).map((line) => `  ${line}`));
  return `${lines.join('\n')}\n`;
}

/** Commander has printed its message already; it throws to end the run (its exitOverride). */
function isCommanderEnd(error: unknown): error is { exitCode: number } {
  return (
    error instanceof Error && 'code' in error && String(error.code).startsWith('commander.') && 'exitCode' in error
  );
}
