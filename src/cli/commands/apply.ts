import { apply } from '../../app/apply.ts';
import { prepare } from '../../app/prepare.ts';
import { digestOf } from '../../app/digest.ts';
import { EXIT } from '../../core/errors.ts';
import { isEmpty, type FileChange } from '../../core/plan/plan.ts';
import { unifiedDiff } from '../../core/plan/diff.ts';
import { planData } from '../../ui/plan-text.ts';
import { problemText } from '../../ui/problems.ts';
import { confirm } from '../../ui/prompt.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';
import { showPlan } from './plan.ts';

export const setup: Setup = (command, action) => {
  command
    .option('--adopt', 'replace files that are not ours or were edited by hand; the originals are kept')
    .option('--dry-run', 'stop after the plan')
    .addHelpText('after', example('eboxmail apply', 'eboxmail apply --adopt', 'eboxmail apply --dry-run'))
    .action(action(run));
};

interface Options {
  readonly adopt?: boolean;
  readonly dryRun?: boolean;
}

async function run(context: Context, { adopt, dryRun }: Options): Promise<number> {
  if (dryRun !== true) return runApply(context, { adopt: adopt === true });
  await showPlan(context, await prepare(context.place));
  return EXIT.done;
}

/** Applies, saying each step. */
export async function runApply(context: Context, { adopt }: { adopt: boolean }): Promise<number> {
  const { terminal, place } = context;
  const { plan, prepared } = await apply(place, {
    adopt,
    progress: (step) => terminal.say(step),
    ...(terminal.interactive ? { askConsent: (files) => askConsent(context, files) } : {}),
  });
  for (const warning of prepared.warnings) terminal.say(problemText(place.statePath, warning));
  if (context.json) printJson(context, { applied: !isEmpty(plan), ...planData(plan, digestOf(plan)) });
  terminal.say(isEmpty(plan) ? 'nothing to do: what is installed is what the state says' : 'done');
  return EXIT.done;
}

/** "eBox requests permission to overwrite certain files": what each would lose is shown first. */
async function askConsent({ terminal, place, yes }: Context, files: readonly FileChange[]): Promise<boolean> {
  if (yes) return false;
  for (const file of files) terminal.say(`${place.root}/${file.path}: ${file.reason}\n${unifiedDiff(file)}`);
  const question = `Replace ${files.length === 1 ? 'this file' : `these ${files.length} files`}? The originals are kept.`;
  return confirm(terminal, question, '--adopt');
}
