import { generation, previousGeneration } from '../../app/apply/history.ts';
import { STATE } from '../../app/apply/replacements.ts';
import { requireWayBack, rollback } from '../../app/apply/rollback.ts';
import { usageError } from '../../core/errors.ts';
import { printJson, type Context } from '../context.ts';
import { confirm } from '../../ui/prompt.ts';
import { example, type Setup } from '../program.ts';
import { applyOptions, type ApplyFlags } from './apply.ts';
import { numberOf } from './history.ts';

export const setup: Setup = (command, action) => {
  command
    .argument('[number]', 'the generation to go back to (default: the one before that in force)')
    .option('--adopt', 'replace files that are not ours or were edited by hand; the originals are kept')
    .option('--allow-removals <n>', 'let so many addresses and mailboxes stop working without a question (10)')
    .addHelpText('after', example('eboxmail rollback', 'eboxmail rollback 12 --yes'))
    .action(action(run));
};

async function run(context: Context, word: string | undefined, flags: ApplyFlags): Promise<number> {
  const { place, terminal } = context;
  const to = word === undefined ? previousGeneration(place) : generation(place, numberOf(word));
  // What cannot be gone back to is said before anybody is asked.
  requireWayBack(place, to);
  const question = `Go back to generation ${to.number} of ${to.time} (${to.summary[0] ?? 'no changes'}), state and files?`;
  if (!context.yes && !(await confirm(terminal, question, '--yes'))) throw usageError('nothing was changed');
  const { replaced, empty } = await rollback(place, to, applyOptions(context, flags));
  const kept = replaced.flatMap((one) => (one.kept === undefined ? [] : [{ name: one.name, path: one.kept }]));
  for (const { name, path } of kept) {
    const what = name === STATE ? 'the state' : `the password in ${name}`;
    terminal.say(`${what} as it was, which was never applied, is kept in ${path}`);
  }
  for (const line of empty) terminal.say(line);
  if (context.json) {
    const state = kept.find(({ name }) => name === STATE)?.path ?? null;
    const secrets = kept.filter(({ name }) => name !== STATE).map(({ path }) => path);
    printJson(context, { generation: to.number, kept: state, keptSecrets: secrets });
  }
  terminal.say(`generation ${to.number} is in force again`);
  return 0;
}
