import { Command, Option } from 'commander';
import { visibleText } from '../core/visible.ts';
import type { Context, GlobalOptions, ProcessLike } from './context.ts';
import { contextOf } from './context.ts';
import { noticeInterruptedApply } from './interrupted.ts';
import type { ShownCommands } from './shown-commands.ts';

/** Adds what a command takes to it. */
export type Setup = (command: Command, action: ActionMaker) => void;

/** Makes a commander action of a handler, which gets the context first and then its arguments and options. */
export type ActionMaker = <A extends unknown[]>(
  handler: (context: Context, ...args: A) => Promise<number | undefined>,
) => (...args: A) => Promise<void>;

interface Noun {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Setup>;
}

/** Every command of the program. Only the one that is asked for is loaded. */
const NOUNS: readonly Noun[] = [
  {
    name: 'setup',
    summary: 'set a new server up, question by question',
    load: async () => (await import('./commands/setup.ts')).setup,
  },
  {
    name: 'server',
    summary: 'general options',
    load: async () => (await import('./commands/server.ts')).setup,
  },
  {
    name: 'domain',
    summary: 'mail domains and their aliases',
    load: async () => (await import('./commands/domain.ts')).setup,
  },
  {
    name: 'user',
    summary: 'users and their mail accounts',
    load: async () => (await import('./commands/user.ts')).setup,
  },
  {
    name: 'alias',
    summary: 'further addresses and where they go',
    load: async () => (await import('./commands/alias.ts')).setup,
  },
  {
    name: 'group',
    summary: 'groups of users',
    load: async () => (await import('./commands/group.ts')).setup,
  },
  {
    name: 'network',
    summary: 'network objects: machines and networks by name',
    load: async () => (await import('./commands/network.ts')).setup,
  },
  {
    name: 'relay',
    summary: 'mail to the outside: by which way it leaves, and who may send it without a login',
    load: async () => (await import('./commands/relay.ts')).setup,
  },
  {
    name: 'fetch',
    summary: 'mail from accounts that users have elsewhere',
    load: async () => (await import('./commands/fetch.ts')).setup,
  },
  {
    name: 'filter',
    summary: 'the filter that mail passes through',
    load: async () => (await import('./commands/filter.ts')).setup,
  },
  {
    name: 'batch',
    summary: 'many changes of the state as one, a command a line',
    load: async () => (await import('./commands/batch.ts')).setup,
  },
  {
    name: 'validate',
    summary: 'check the state file',
    load: async () => (await import('./commands/validate.ts')).setup,
  },
  {
    name: 'schema',
    summary: 'the JSON Schema of the state file, for editors',
    load: async () => (await import('./commands/schema.ts')).setup,
  },
  {
    name: 'plan',
    summary: 'show what apply would change',
    load: async () => (await import('./commands/plan.ts')).setup,
  },
  {
    name: 'apply',
    summary: 'make the server what the state says',
    load: async () => (await import('./commands/apply.ts')).setup,
  },
  {
    name: 'status',
    summary: 'whether all is well; exit 1 when something is not',
    load: async () => (await import('./commands/status.ts')).setup,
  },
  {
    name: 'expire',
    summary: 'remove what has been in Trash and Spam for too long',
    load: async () => (await import('./commands/expire.ts')).setup,
  },
  {
    name: 'history',
    summary: 'the configurations that were in force',
    load: async () => (await import('./commands/history.ts')).setup,
  },
  {
    name: 'rollback',
    summary: 'go back to an earlier configuration',
    load: async () => (await import('./commands/rollback.ts')).setup,
  },
  {
    name: 'uninstall',
    summary: 'give back what was there before eboxmail',
    load: async () => (await import('./commands/uninstall.ts')).setup,
  },
  {
    name: 'explain',
    summary: 'what happens to mail for an address, and who may send as it',
    load: async () => (await import('./commands/explain.ts')).setup,
  },
  {
    name: 'queue',
    summary: 'messages that are not delivered yet',
    load: async () => (await import('./commands/queue.ts')).setup,
  },
  {
    name: 'log',
    summary: 'what became of a message, and how much mail there was',
    load: async () => (await import('./commands/log.ts')).setup,
  },
  {
    name: 'client',
    summary: 'what to type into a mail program',
    load: async () => (await import('./commands/client.ts')).setup,
  },
  {
    name: 'sandbox',
    summary: 'a private, throw-away mail server',
    load: async () => (await import('./commands/sandbox.ts')).setup,
  },
  {
    name: 'completion',
    summary: 'a script that makes a shell complete commands, options and names',
    load: async () => (await import('./commands/completion.ts')).setup,
  },
  {
    name: 'help',
    summary: 'help on a topic or a command',
    load: async () => (await import('./commands/help.ts')).setup,
  },
];

/** Options of the program that take a value: what follows them is no command. */
const VALUE_OPTIONS = new Set(['--state', '--root', '--color']);

export interface Program {
  readonly command: Command;
  /** Exit code of the command that ran. */
  readonly exitCode: () => number;
  /** Completes the commands that it names; undefined when none ran. */
  readonly shownCommands: () => ShownCommands | undefined;
}

/** What is different where the words of a command come from elsewhere than the arguments. */
export interface ProgramSettings {
  /** The commands to be loaded in full. */
  readonly wanted?: ReadonlySet<string>;
  /** All of them: for what describes the program, such as man pages. */
  readonly whole?: boolean;
  readonly contextOf?: (options: GlobalOptions) => Context;
  /** Takes help, and what is wrong with the words. */
  readonly onOutput?: (text: string) => void;
}

/** The program, with the command that the arguments name in full and all others by name only. */
export async function makeProgram(process: ProcessLike, settings: ProgramSettings = {}): Promise<Program> {
  const nouns = nounsIn(process.argv.slice(2));
  const {
    wanted = new Set(nouns),
    whole = false,
    contextOf: makeContext = (options) => contextOf(process, options),
    onOutput,
  } = settings;
  let exitCode = 0;
  let shownCommands: ShownCommands | undefined;
  const program = new Command('eboxmail');
  program
    .description('One YAML file says what the mail service should be; eboxmail makes it so on Postfix and Dovecot.')
    .exitOverride()
    .configureOutput({
      writeOut: onOutput ?? ((text) => void process.stdout.write(text)),
      writeErr: onOutput ?? ((text) => void process.stderr.write(text)),
      outputError: (text, write) => {
        if (onOutput !== undefined) return write(`eboxmail: ${visibleText(text.replace(/^error: /, ''))}`);
        const path = commandPath(program, process.argv.slice(2));
        const words = text.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)/, '\n  did you mean $1?');
        write(`eboxmail: ${visibleText(words)}  see: ${path.join(' ')} --help\n`);
      },
    })
    .showSuggestionAfterError()
    .version(__EBOXMAIL_VERSION__, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--state <file>', 'the state file (EBOXMAIL_STATE; default: etc/eboxmail/state.yaml under the root)')
    .option('--root <dir>', 'work on the system under this directory (EBOXMAIL_ROOT; default: /)')
    .option('--json', 'data as JSON on standard output')
    .option('-y, --yes', 'answer yes to every question')
    .addOption(new Option('--color <when>', 'when to use colour').choices(['auto', 'always', 'never']))
    .option('-q, --quiet', 'say less')
    .option('-v, --verbose', 'show each daemon command that is run')
    .option('--debug', 'show stack traces')
    .addHelpText(
      'after',
      '\nStart with:\n  eboxmail setup\n\nOr step by step:\n  eboxmail domain add example.com\n  eboxmail user add alice@example.com\n  eboxmail plan\n',
    );
  const action: ActionMaker =
    (handler) =>
    async (...args) => {
      const context = makeContext(program.opts<GlobalOptions>());
      shownCommands = context.commands;
      if (context.verbose) await showCommands(context);
      if (settings.wanted === undefined) noticeInterruptedApply(context, nouns[0]);
      exitCode = (await handler(context, ...args)) ?? 0;
    };
  program.helpCommand(false);
  for (const { name, summary, load } of NOUNS) {
    const command = program.command(name).description(summary);
    if (whole || wanted.has(name)) (await load())(command, action);
  }
  return { command: program, exitCode: () => exitCode, shownCommands: () => shownCommands };
}

/** The names of the commands that arguments lead to, from the program's own on. */
function commandPath(program: Command, args: readonly string[]): readonly string[] {
  const path = [program.name()];
  let command = program;
  for (const word of wordsOf(args)) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    path.push(word);
    command = next;
  }
  return path;
}

async function showCommands({ terminal }: Context): Promise<void> {
  const { reportCommandsTo } = await import('../system/exec.ts');
  reportCommandsTo((command) => terminal.say(`$ ${command.join(' ')}`));
}

/** The command that arguments name: the first word that is no option, and the one that help is asked for. */
function nounsIn(args: readonly string[]): readonly string[] {
  const words = wordsOf(args);
  return words.slice(0, words[0] === 'help' ? 2 : 1);
}

function wordsOf(args: readonly string[]): readonly string[] {
  return args.filter((word, index) => !word.startsWith('-') && !VALUE_OPTIONS.has(args[index - 1] ?? ''));
}

/** Help with an example, as every command has. */
export function example(...lines: readonly string[]): string {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  return `\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}
