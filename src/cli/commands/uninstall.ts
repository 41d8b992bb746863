import { planUninstall, uninstall, type UninstallPlan } from '../../app/apply/uninstall.ts';
import { usageError } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { confirm } from '../../ui/prompt.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (command, action) => {
  command.addHelpText('after', example('eboxmail uninstall', 'eboxmail uninstall --yes')).action(action(run));
};

async function run(context: Context): Promise<number> {
  const { place, terminal, yes } = context;
  const plan = planUninstall(place);
  for (const line of words(plan, place.root)) terminal.say(line);
  const question = plan.stops
    ? 'Stop the mail service and give back what was there before eboxmail? State and mail stay.'
    : 'Clear away what is left of an apply that did not get as far as to put anything in place?';
  if (!yes && !(await confirm(terminal, question, '--yes'))) throw usageError('nothing was changed');
  const done = await uninstall(place, (step) => terminal.say(step));
  if (context.json) printJson(context, done);
  terminal.say(
    `done; the state (${place.statePath}), the mail (${place.root}/${PATHS.mail}) and the history (${place.root}/${PATHS.lib}) are still there`,
  );
  return 0;
}

function words({ restored, removed, left, moves }: UninstallPlan, root: string): readonly string[] {
  const each = (title: string, paths: readonly string[]): readonly string[] =>
    paths.map((path) => `${title} ${root}/${path}`);
  return [
    ...(moves ? ['brings mailboxes back that an apply which was cut off had begun to move'] : []),
    ...each('gives back the original of', restored),
    ...each('removes', removed),
    ...each('leaves, because it was changed since the last apply,', left),
    ...(left.length > 0 ? [`what was there before eboxmail is in ${root}/${PATHS.lib}/backup`] : []),
  ];
}
