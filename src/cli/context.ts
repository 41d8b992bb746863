import { placeOf, type Place } from '../app/state/place.ts';
import { usageError } from '../core/errors.ts';
import { wantsColor, type ColorChoice, type Terminal } from '../ui/terminal.ts';
import { ShownCommands } from './shown-commands.ts';

/** The parts of a process that a command line needs; tests and bin give it. */
export type ProcessLike = Pick<NodeJS.Process, 'argv' | 'env' | 'stdin' | 'stdout' | 'stderr' | 'exitCode'>;

/** What every command gets besides its own arguments. */
export interface Context {
  readonly place: Place;
  readonly terminal: Terminal;
  /** For what is said elsewhere than with `terminal.say` and `printJson`, which see to it themselves. */
  readonly commands: ShownCommands;
  readonly json: boolean;
  readonly yes: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly stdin: NodeJS.ReadStream;
}

export interface GlobalOptions {
  readonly state?: string;
  readonly root?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly color?: ColorChoice;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
}

export function contextOf(process: ProcessLike, options: GlobalOptions): Context {
  const { env, stdin, stdout, stderr } = process;
  const quiet = options.quiet === true;
  const withheld: string[] = [];
  const choice = options.color ?? 'auto';
  // An unset variable in a script: the working directory is never what was meant.
  if (options.root === '' || options.state === '') {
    throw usageError(`${options.root === '' ? '--root' : '--state'} is empty`, 'is a variable of the script not set?');
  }
  const commands = new ShownCommands(options);
  return {
    commands,
    place: placeOf(
      options.root ?? nonEmpty(env['EBOXMAIL_ROOT']) ?? '/',
      options.state ?? nonEmpty(env['EBOXMAIL_STATE']),
    ),
    terminal: {
      data: (text) => void stdout.write(text),
      pour: pourer(stdout),
      say: (text) => {
        const line = commands.complete(text.endsWith('\n') ? text : `${text}\n`);
        if (quiet) withheld.push(line);
        else stderr.write(line);
      },
      sayWithheld: () => void stderr.write(withheld.splice(0).join('')),
      interactive: stdin.isTTY === true && stderr.isTTY === true,
      tables: stdout.isTTY === true,
      // A terminal that does not know its size says 0.
      columns: stdout.columns || 80,
      size: () => [stdout.rows || 24, stdout.columns || 80],
      colored: {
        stdout: wantsColor(choice, stdout.isTTY === true, env),
        stderr: wantsColor(choice, stderr.isTTY === true, env),
      },
    },
    json: options.json === true,
    yes: options.yes === true,
    quiet,
    verbose: options.verbose === true,
    stdin,
  };
}

/** Standard output is never destroyed, so an error is all that tells that nobody reads on. */
function pourer(stdout: NodeJS.WriteStream): Terminal['pour'] {
  let open = true;
  stdout.on('error', () => (open = false));
  return async (text) => {
    if (!open || stdout.write(text)) return open;
    return new Promise((resolve) => {
      const done = (): void => {
        stdout.off('drain', done).off('error', done).off('close', done);
        resolve(open);
      };
      stdout.on('drain', done).on('error', done).on('close', done);
    });
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Data for programs: one JSON document. */
export function printJson({ terminal, commands }: Context, data: unknown): void {
  const completed = (key: string, value: unknown): unknown =>
    key === 'hint' && typeof value === 'string' ? commands.complete(value) : value;
  terminal.data(`${JSON.stringify(data, commands.areComplete ? undefined : completed, 2)}\n`);
}
