import { loadState, stateOf } from '../../app/state/load-state.ts';
import { placeOf } from '../../app/state/place.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import type { ProcessLike } from '../context.ts';
import { bashAnswer, wordsOf } from './bash.ts';
import { optionsOf, placeIn, type Place } from './places.ts';
import { valuesAt, type Candidate } from './values.ts';

/** What stands for file names, which the shell completes by itself. */
const FILES = ':files';

/**
 * Answers a shell that asks how a command line can go on, a candidate a line: `__complete bash LINE WORDBREAKS` with all
 * of the line before the cursor, or `__complete zsh|fish WORD…` with the words behind the program's name, without quotes.
 * Nothing is ever said but candidates: whatever goes wrong, there are none.
 */
export async function complete(process: ProcessLike, [shell = '', ...rest]: readonly string[]): Promise<void> {
  try {
    const bash = shell === 'bash' ? wordsOf(rest[0] ?? '') : undefined;
    const words = bash?.words.slice(1) ?? rest;
    const found = await candidates(process, words);
    if (found === 'files') return void process.stdout.write(`${FILES}\n`);
    const lines = bash === undefined ? found.map((one) => lineOf(shell, one)) : bashAnswer(found, bash, rest[1] ?? '');
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  } catch {
    // The shell is in the middle of a line: no place for words.
  }
}

function lineOf(shell: string, { value, about }: Candidate): string {
  return shell === 'fish' && about !== undefined ? `${value}\t${about}` : value;
}

async function candidates(process: ProcessLike, words: readonly string[]): Promise<'files' | readonly Candidate[]> {
  const place = await placeIn(process, words);
  const { command, args, option, word, onlyArguments } = place;
  const asValue = option !== undefined;
  const found =
    !asValue && !onlyArguments && word.startsWith('-')
      ? optionsOf(command).map(({ long, short, description }) => ({ value: long ?? short ?? '', about: description }))
      : !asValue && args.length === 0 && command.commands.length > 0
        ? command.commands.map((each) => ({ value: each.name(), about: each.description() }))
        : await valuesOf(process, place, words);
  if (found === 'files') return found;
  // `--option=value` is one word.
  const before = (words.at(-1) ?? '').slice(0, (words.at(-1) ?? '').length - word.length);
  return found
    .filter(
      ({ value, about }) => value.startsWith(word) && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(`${value}${about ?? ''}`),
    )
    .map(({ value, about }) => ({ value: before + value, ...(about === undefined ? {} : { about }) }));
}

async function valuesOf({ env }: ProcessLike, place: Place, words: readonly string[]): ReturnType<typeof valuesAt> {
  const root = given(words, '--root') ?? (env['EBOXMAIL_ROOT'] || '/');
  const path = given(words, '--state') ?? (env['EBOXMAIL_STATE'] || undefined);
  const state = async (): Promise<StateFile> => {
    // Names help just when a state has mistakes. What is not where it belongs is met by `complete`, which then has none.
    return stateOf((await loadState(placeOf(root, path), { mayRemember: true })).data);
  };
  return valuesAt(place, root, state);
}

/** The value of an option of the program, wherever it stands in the line. */
function given(words: readonly string[], name: string): string | undefined {
  const complete = words.slice(0, -1);
  const at = complete.indexOf(name);
  if (at >= 0) return complete[at + 1];
  return complete.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}
