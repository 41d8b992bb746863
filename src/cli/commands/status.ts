import { readStatus } from '../../app/status/status.ts';
import { repairInterrupted, type Repair } from '../../app/apply/repair.ts';
import { EboxmailError, EXIT } from '../../core/errors.ts';
import { allIsWell } from '../../core/status.ts';
import { statusLines } from '../../ui/status-text.ts';
import { paint } from '../../ui/terminal.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (command, action) => {
  command
    .addHelpText(
      'after',
      '\nThe exit code is 0 when all is well and 1 otherwise; lines that begin with !! say what is not.\n' +
        example('eboxmail status', 'eboxmail status --json', 'eboxmail status --quiet || mail -s "mail server" root'),
    )
    .action(action(run));
};

const REPAIRED: Readonly<Record<Repair, string>> = {
  finished: 'an apply that was cut off is finished now',
  undone: 'an apply that was cut off is undone: the state has changed since; "eboxmail plan" shows what is to do',
};

async function run(context: Context): Promise<number> {
  const { terminal } = context;
  const repaired = await tryToRepair(context);
  const status = await readStatus(context.place);
  const well = repaired && allIsWell(status);
  if (context.json) {
    printJson(context, { well, ...status });
  } else {
    const color = await paint(terminal.colored.stdout);
    const mark = (fine: boolean): string => (fine ? (color?.green('ok') ?? 'ok') : (color?.red('!!') ?? '!!'));
    const lines = statusLines(status).filter((line) => !context.quiet || !line.well);
    const say = ({ well: fine, text }: (typeof lines)[number]): string =>
      `${mark(fine)} ${context.commands.complete(text)}\n`;
    terminal.data(lines.map(say).join(''));
    terminal.say(well ? 'all is well' : 'something is not well: see the lines with !!');
  }
  return well ? EXIT.done : EXIT.failed;
}

/** @returns whether an apply that was cut off, if there is one, is repaired now; a failure must not keep the rest from being told */
async function tryToRepair({ place, terminal }: Context): Promise<boolean> {
  try {
    const repaired = await repairInterrupted(place, (step) => terminal.say(step));
    if (repaired !== undefined) terminal.say(REPAIRED[repaired]);
    return true;
  } catch (error) {
    if (!(error instanceof EboxmailError)) throw error;
    terminal.say(`an apply that was cut off could not be repaired: ${error.message}`);
    terminal.say('"eboxmail apply" says more and brings it to its end');
    return false;
  }
}
