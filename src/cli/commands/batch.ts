import { basename } from 'node:path';
import { usageError, type EboxmailError } from '../../core/errors.ts';
import { splitWords } from '../../core/words.ts';
import type { BatchFailure, BatchLine } from '../batch-run.ts';
import type { Context } from '../context.ts';
import { finishBatch, type BatchOptions } from '../batch-end.ts';
import { example, type Setup } from '../program.ts';
import { readInput } from '../input.ts';

const ABOUT = `
One command a line, without "eboxmail": those that edit the state, such as "user add alice@example.com --no-account". Words
are split and quoted as in a shell, but nothing is expanded; # begins a comment. Either all of them are done, with one
change of the state, or nothing is; all that is wrong is told, with its line.`;

export const setup: Setup = (batch, action) => {
  batch
    .argument('[file]', 'the file; - or nothing: standard input')
    .option('--dry-run', 'check all of it and change nothing')
    .option('--apply', 'also apply')
    .addHelpText('after', ABOUT)
    .addHelpText('after', example('eboxmail batch new-users.txt', 'make-users | eboxmail batch - --apply'))
    .action(action(run));
};

async function run(context: Context, file = '-', options: BatchOptions): Promise<number> {
  const name = file === '-' ? 'standard input' : basename(file);
  const { lines, failures } = commandsIn(await readInput(context, file), name);
  if (lines.length + failures.length === 0)
    throw usageError(`${name} holds no command`, 'write one a line, e.g. user add alice@example.com --no-account');
  return finishBatch(context, lines, failures, options);
}

/** The commands of a text, and the lines that cannot be told apart into words. */
function commandsIn(text: string, name: string): { lines: readonly BatchLine[]; failures: readonly BatchFailure[] } {
  const lines: BatchLine[] = [];
  const failures: BatchFailure[] = [];
  const where = (line: number): string => `${name}:${line}`;
  for (const [index, each] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const split = splitWords(each);
    if (!split.ok) {
      const error: EboxmailError = usageError(split.why, split.hint);
      failures.push({ where: `${where(line)}:${split.column}`, line, error });
    } else if (split.words.length > 0) {
      const [first = '', ...rest] = split.words;
      lines.push({ where: where(line), line, words: first === 'eboxmail' ? rest : split.words });
    }
  }
  return { lines, failures };
}
