import { hasErrors, loadState } from '../../app/state/load-state.ts';
import { EXIT } from '../../core/errors.ts';
import { problemData, problemText } from '../../ui/problems.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (validate, action) => {
  validate
    .addHelpText('after', example('eboxmail validate', 'eboxmail validate --state new.yaml --json'))
    .action(action(run));
};

async function run(context: Context): Promise<number> {
  const { place, terminal } = context;
  const { problems } = await loadState(place, { positions: true });
  const invalid = hasErrors(problems);
  if (context.json) {
    printJson(context, { valid: !invalid, problems: problems.map((problem) => problemData(place.statePath, problem)) });
  } else {
    for (const problem of problems) terminal.say(problemText(place.statePath, problem));
    terminal.say(summary(place.statePath, problems));
  }
  return invalid ? EXIT.invalidState : EXIT.done;
}

function summary(file: string, problems: readonly { severity: string }[]): string {
  const count = (severity: string): number => problems.filter((problem) => problem.severity === severity).length;
  const words = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const [errors, warnings] = [count('error'), count('warning')];
  const parts = [errors > 0 ? words(errors, 'error') : '', warnings > 0 ? words(warnings, 'warning') : ''].filter(
    Boolean,
  );
  return parts.length === 0 ? `${file} is valid` : `${file}: ${parts.join(', ')}`;
}
