import type { Command, Option } from 'commander';
import type { ProcessLike } from '../context.ts';
import { makeProgram } from '../program.ts';

/** What the last word of a command line can be. */
export interface Place {
  readonly program: Command;
  readonly command: Command;
  /** The words before that are no options: commands and arguments. */
  readonly path: readonly string[];
  readonly args: readonly string[];
  /** The option whose value it is. */
  readonly option: Option | undefined;
  /** What of the word is completed: without `--option=`. */
  readonly word: string;
  /** After `--` nothing is an option. */
  readonly onlyArguments: boolean;
}

/** Follows a command line through the table of commands; `words` are those behind the program's name. */
export async function placeIn(process: ProcessLike, words: readonly string[]): Promise<Place> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const { command: program } = await makeProgram(
    Object.create(process, { argv: { value: ['node', 'eboxmail', ...before] } }) as ProcessLike,
  );
  let command = program;
  let option: Option | undefined;
  let onlyArguments = false;
  const [path, args]: [string[], string[]] = [[], []];
  for (const word of before) {
    if (option !== undefined) option = undefined;
    else if (word === '--') onlyArguments = true;
    else if (word.startsWith('-') && !onlyArguments) option = valueOption(command, word);
    else {
      const below: Command | undefined =
        args.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      if (below === undefined) args.push(word);
      else [command] = [below, path.push(word)];
    }
  }
  const given = onlyArguments ? null : /^(--[a-z-]+)=(.*)$/s.exec(current);
  const inWord = given === null ? undefined : optionsOf(command).find((each) => each.long === given[1]);
  return {
    program,
    command,
    path,
    args,
    option: option ?? inWord,
    word: inWord === undefined ? current : (given?.[2] ?? ''),
    onlyArguments,
  };
}

/** The options of a command and of all above it. */
export function optionsOf(command: Command): readonly Option[] {
  const own = command.options.filter(({ hidden }) => !hidden);
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)];
}

/** The option of a word whose value is the next one. */
function valueOption(command: Command, word: string): Option | undefined {
  const found = optionsOf(command).find(({ long, short }) => long === word || short === word);
  return found?.required === true ? found : undefined;
}
