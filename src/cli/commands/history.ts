import { damagedGenerations, generation, history } from '../../app/apply/history.ts';
import { EXIT, usageError } from '../../core/errors.ts';
import type { Generation } from '../../system/generations.ts';
import { showFields, showTable } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (command, action) => {
  command
    .addHelpText('after', example('eboxmail history', 'eboxmail history show 12', 'eboxmail history --json'))
    .action(action(list));
  command
    .command('show')
    .description('one configuration: when, by whom, what changed, which files')
    .argument('<number>', 'its number in the list')
    .addHelpText('after', example('eboxmail history show 12'))
    .action(action(show));
};

async function list(context: Context): Promise<number> {
  const generations = history(context.place);
  const damaged = damagedGenerations(context.place);
  for (const line of damaged) context.terminal.say(line);
  if (context.json) printJson(context, generations.map(dataOf));
  else if (generations.length + damaged.length === 0) context.terminal.say('nothing has been applied yet');
  else {
    const rows = generations.map(({ number, time, author, summary }) => [
      String(number),
      time,
      author,
      summary.length > 1 ? `${summary[0] ?? ''} (and ${summary.length - 1} more)` : (summary[0] ?? ''),
    ]);
    await showTable(context.terminal, ['Number', 'Time', 'By', 'Changes'], rows);
  }
  return EXIT.done;
}

async function show(context: Context, word: string): Promise<number> {
  const found = generation(context.place, numberOf(word));
  if (context.json) {
    printJson(context, { ...dataOf(found), files: found.files });
    return EXIT.done;
  }
  showFields(context.terminal, [
    ['Generation', String(found.number)],
    ['Time', found.time],
    ['By', found.author],
    ...found.summary.map((line, index) => [index === 0 ? 'Changes' : '', line] as const),
  ]);
  const rows = found.files.map(({ path, mode, owner, group, sha256 }) => [
    path,
    mode.toString(8).padStart(4, '0'),
    `${owner}:${group}`,
    sha256.slice(0, 12),
  ]);
  await showTable(context.terminal, ['File', 'Mode', 'Owner', 'SHA-256'], rows);
  return EXIT.done;
}

/** @throws exit 2 when a word is no number of a generation */
export function numberOf(word: string): number {
  if (/^[1-9]\d{0,8}$/.test(word)) return Number(word);
  throw usageError(`"${word}" is no number of a generation`, 'see which there are with: eboxmail history');
}

function dataOf({ number, time, author, summary }: Generation): object {
  return { number, time, author, summary };
}
