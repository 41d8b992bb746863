import { EXIT } from '../core/errors.ts';
import { formatPath } from '../core/problem.ts';
import { runBatch, type BatchAnswer, type BatchFailure, type BatchLine } from './batch-run.ts';
import { printJson, type Context } from './context.ts';

export interface BatchOptions {
  readonly dryRun?: boolean;
  readonly apply?: boolean;
}

/** Does the commands, says what came of it, and applies where that is asked for. */
export async function finishBatch(
  context: Context,
  lines: readonly BatchLine[],
  failures: readonly BatchFailure[],
  { dryRun = false, apply = false }: BatchOptions,
): Promise<number> {
  const { terminal } = context;
  const { changed, answers, warnings } = await runBatch(context, lines, { failures, dryRun });
  for (const { message, hint, path } of warnings)
    terminal.say(`warning: ${formatPath(path)}: ${message}${hint === undefined ? '' : `\n    ${hint}`}`);
  if (context.json) printJson(context, { changed: changed && !dryRun, dryRun, commands: answers });
  else if (!dryRun) terminal.data(generatedPasswords(answers));
  terminal.say(summary(answers, dryRun));
  if (dryRun) return EXIT.done;
  if (apply) {
    const { runApply } = await import('./commands/apply.ts');
    return runApply({ ...context, json: false }, { adopt: false });
  }
  if (changed) terminal.say('  see what follows from it: eboxmail plan; make it so: eboxmail apply');
  return EXIT.done;
}

/** They have to be told once: address and password, one user a line. */
function generatedPasswords(answers: readonly BatchAnswer[]): string {
  return answers
    .map(({ user, password }) =>
      typeof user === 'string' && typeof password === 'string' ? `${user}\t${password}\n` : '',
    )
    .join('');
}

function summary(answers: readonly BatchAnswer[], dryRun: boolean): string {
  const changes = answers.filter(({ changed }) => changed).length;
  const rest = answers.length - changes;
  const unneeded = rest === 0 ? '' : `; ${rest} ${rest === 1 ? 'was' : 'were'} so already`;
  const done = `${changes} ${changes === 1 ? 'change' : 'changes'}${unneeded}`;
  return dryRun ? `nothing was changed; it would be ${done}` : `done: ${done}`;
}
