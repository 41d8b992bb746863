import { allCommands } from './program.ts';
import { TOPICS } from '../../src/cli/topics.ts';

/** A line of a help text that runs the program, and what it says to the program. */
export interface Example {
  readonly line: string;
  readonly args: readonly string[];
}

/** What these do is done to a running server: test/e2e/examples.test.ts has one. */
export const NEED_DAEMONS =
  /^eboxmail (?:queue|log|status|apply(?! --dry-run)|expire|history|rollback|uninstall|sandbox|relay test|fetch test|user restore|user show|--root)|--apply|--self/;

/** Every example of every help text and topic, each once. */
export async function allExamples(): Promise<readonly Example[]> {
  const texts = (await allCommands()).map(({ command }) => {
    let text = '';
    command.configureOutput({ writeOut: (part) => void (text += part) });
    command.outputHelp();
    return text.slice(text.search(/\n(?:Examples?|Start with):\n/));
  });
  const lines = [...texts, ...TOPICS.map(({ text }) => text)].flatMap((text) => text.split('\n'));
  const examples = lines
    .filter((line) => /^ {2}(?:sudo |printf .*\| )?eboxmail \S/.test(line))
    .map((line) => line.trim());
  return [...new Set(examples)].map((line) => ({ line, args: argsIn(line) }));
}

/** The arguments of eboxmail in a command line for a shell, without what feeds it and what reads it. */
function argsIn(line: string): readonly string[] {
  const words = [...line.matchAll(/"[^"]*"|'[^']*'|[|<>]+|[^\s|<>'"]+/g)].map(([word]) => word);
  const start = words.indexOf('eboxmail') + 1;
  const end = words.findIndex((word, at) => at > start && /^[|<>]/.test(word));
  return words.slice(start, end < 0 ? undefined : end).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
}
