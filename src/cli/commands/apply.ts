import { apply } from '../../app/apply/apply.ts';
import type { ApplyOptions } from '../../app/plan/apply-options.ts';
import { versionsOf } from '../../app/plan/consent.ts';
import { prepare } from '../../app/plan/prepare.ts';
import { digestOf, requireExpected } from '../../app/plan/digest.ts';
import { EXIT, usageError, withHint } from '../../core/errors.ts';
import { whatStops, type Removals } from '../../core/plan/removals.ts';
import { isEmpty, type FileChange } from '../../core/plan/plan.ts';
import { PATHS } from '../../core/render/paths.ts';
import { planData, removalsText } from '../../ui/plan-text.ts';
import { problemText } from '../../ui/problems.ts';
import { confirm } from '../../ui/prompt.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';
import { showPlan } from './plan.ts';

export const setup: Setup = (command, action) => {
  command
    .option('--adopt', 'replace files that are not ours or were edited by hand; the originals are kept')
    .option('--keep-edits', 'take what was edited by hand in our files into "overrides" of the state first')
    .option('--dry-run', 'stop after the plan')
    .option('--allow-removals <n>', 'let so many addresses and mailboxes stop working without a question (10)')
    .option('--expect <digest>', 'apply only the plan with this digest, which "plan" printed; not with --keep-edits')
    .addHelpText('after', example('eboxmail apply', 'eboxmail apply --adopt', 'eboxmail apply --dry-run'))
    .action(action(run));
};

/** Options that every command has which applies by itself. */
export interface ApplyFlags {
  readonly adopt?: boolean;
  readonly adoptEdited?: boolean;
  readonly allowRemovals?: string;
}

interface Options extends ApplyFlags {
  readonly keepEdits?: boolean;
  readonly dryRun?: boolean;
  readonly expect?: string;
}

const KEEP_FIRST = 'what is kept makes another plan: apply with --keep-edits alone, or without it what was reviewed';

async function run(context: Context, { dryRun, keepEdits, ...flags }: Options): Promise<number> {
  // The edits become part of the state, so that the plan is another one than any that was reviewed.
  if (keepEdits === true && flags.expect !== undefined)
    throw usageError('--keep-edits and --expect exclude each other', KEEP_FIRST);
  if (keepEdits === true && dryRun !== true) return applyKeepingEdits(context, flags);
  if (dryRun !== true) return runApply(context, flags);
  const prepared = await prepare(context.place);
  requireExpected(prepared.plan, flags.expect);
  await showPlan(context, prepared);
  return EXIT.done;
}

/** Applies, saying each step. */
export async function runApply(context: Context, flags: ApplyFlags & { readonly expect?: string }): Promise<number> {
  const { terminal, place } = context;
  const { plan, prepared } = await apply(place, { ...applyOptions(context, flags), expect: flags.expect });
  for (const warning of prepared.warnings) terminal.say(problemText(place.statePath, warning));
  if (context.json) printJson(context, { applied: !isEmpty(plan), ...planData(plan, digestOf(plan)) });
  terminal.say(isEmpty(plan) ? 'nothing to do: what is installed is what the state says' : 'done');
  return EXIT.done;
}

/** Their settings are in the state then, so the files may be written anew. */
async function applyKeepingEdits(context: Context, flags: Options): Promise<number> {
  const { keepEdits } = await import('../../app/apply/keep-edits.ts');
  const { postfix, dovecot, comments } = await keepEdits(context.place);
  for (const [name, value] of postfix) context.terminal.say(`overrides.postfix: ${name} = ${value}`);
  for (const line of dovecot) context.terminal.say(`overrides.dovecot: ${line}`);
  for (const path of comments) {
    context.terminal.say(
      `comments in ${path} are not kept: the edited file is in ${context.place.root}/${PATHS.lib}/backup`,
    );
  }
  try {
    return await runApply(context, { ...flags, adoptEdited: true });
  } catch (error) {
    if (postfix.size + dovecot.length === 0) throw error;
    throw withHint(
      error,
      'what was edited by hand is in "overrides" of the state now: change it there, or take it out',
    );
  }
}

/** How an apply talks to whoever started it. */
export function applyOptions(context: Context, { adopt, adoptEdited, allowRemovals }: ApplyFlags): ApplyOptions {
  const { terminal } = context;
  return {
    adopt: adopt === true,
    adoptEdited: adoptEdited === true,
    allowRemovals: allowRemovals === undefined ? undefined : countOf(allowRemovals),
    progress: (step) => terminal.say(step),
    ...(terminal.interactive
      ? { askConsent: (files) => askConsent(context, files), askRemovals: (removals) => askRemovals(context, removals) }
      : {}),
  };
}

function countOf(word: string): number {
  if (/^\d{1,9}$/.test(word)) return Number(word);
  throw usageError(`--allow-removals cannot be "${word}"`, 'write a number');
}

async function askRemovals({ terminal }: Context, removals: Removals): Promise<boolean> {
  terminal.say(removalsText(removals));
  return confirm(terminal, `Let ${whatStops(removals)} stop working?`, '--allow-removals');
}

/** "eBox requests permission to overwrite certain files": what each would lose is shown first. */
async function askConsent({ terminal, place, yes }: Context, files: readonly FileChange[]): Promise<boolean> {
  if (yes) return false;
  for (const file of files) terminal.say(versionsOf(file, place.root));
  const question = `Replace ${files.length === 1 ? 'this file' : `these ${files.length} files`}? The originals are kept.`;
  return confirm(terminal, question, '--adopt');
}
