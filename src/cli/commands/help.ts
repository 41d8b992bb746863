import type { Command } from 'commander';
import { usageError } from '../../core/errors.ts';
import { quoted } from '../../core/state/schema-words.ts';
import { nearest } from '../../core/state/unknown-key.ts';
import type { Context } from '../context.ts';
import { example, type Setup } from '../program.ts';
import { TOPICS } from '../topics.ts';

export const setup: Setup = (help, action) => {
  help
    .argument('[words...]', 'a topic, or a command')
    .addHelpText('after', `\nTopics:\n${topicList()}`)
    .addHelpText('after', example('eboxmail help addresses', 'eboxmail help user add'))
    .action(
      action((context: Context, words: string[], _options: object, command: Command) => run(context, words, command)),
    );
};

/** The topics with their summaries, as help lists commands. */
function topicList(): string {
  const width = Math.max(...TOPICS.map(({ name }) => name.length)) + 2;
  return TOPICS.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}\n`).join('');
}

async function run({ terminal }: Context, words: readonly string[], command: Command): Promise<undefined> {
  const program = command.parent ?? command;
  const topic = words.length === 1 ? TOPICS.find(({ name }) => name === words[0]) : undefined;
  const named = commandOf(program, words);
  // What is both, such as filter, is a command with a topic below it.
  if (named !== undefined && named !== program) named.outputHelp();
  if (topic !== undefined) terminal.data(`${named === undefined ? '' : '\n'}${topic.text}\n`);
  else if (named === program)
    terminal.data(`${program.helpInformation()}\nTopics, for eboxmail help TOPIC:\n${topicList()}`);
  else if (named === undefined) throw unknown(program, words);
}

function commandOf(program: Command, words: readonly string[]): Command | undefined {
  return words.reduce<Command | undefined>((at, word) => at?.commands.find((each) => each.name() === word), program);
}

function unknown(program: Command, words: readonly string[]): Error {
  const text = words.join(' ');
  const names = [...TOPICS.map(({ name }) => name), ...program.commands.map((each) => each.name())];
  const near = words.length === 1 ? nearest(text, names) : undefined;
  const hint = near === undefined ? 'what there is: eboxmail help' : `did you mean ${near}?`;
  return usageError(`there is no help for ${quoted(text)}`, hint);
}
