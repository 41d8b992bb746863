import { visibleText } from '../core/visible.ts';

/** What the command line says of where to work; what comes from the environment holds for the next command as well. */
export interface GivenOptions {
  readonly root?: string | undefined;
  readonly state?: string | undefined;
}

/** The commands that work on a root and its state. */
export const COMMANDS_ON_A_ROOT: readonly string[] = [
  'alias',
  'apply',
  'batch',
  'client',
  'domain',
  'expire',
  'explain',
  'fetch',
  'filter',
  'group',
  'history',
  'log',
  'network',
  'plan',
  'queue',
  'relay',
  'rollback',
  'server',
  'setup',
  'status',
  'uninstall',
  'user',
  'validate',
];

/** `sandbox` names its root itself, and takes only the state from elsewhere. Help is the same everywhere. */
const COMMAND = new RegExp(
  `(?<![\\w./@-])eboxmail (?=(${COMMANDS_ON_A_ROOT.join('|')}|sandbox start)(?![\\w-])(?![^"\\n]* --help))`,
  'g',
);

/** Lines of files, in differences and with a caret below: they are shown as they are. */
const QUOTED = /^\s*(?:[-+@#]|\d* ?\|)/;

/** Commands in messages, as they have to be typed: with the `--root` and `--state` that this one was given. */
export class ShownCommands {
  readonly #given: GivenOptions;
  #root: string | undefined;
  #state: string | undefined;

  constructor(given: GivenOptions) {
    this.#given = given;
    this.#root = given.root;
    this.#state = given.state;
  }

  /** For a command that names its root otherwise: the others are about that root, and the state in it. */
  turnTo(root: string): void {
    this.#root = root;
    this.#state = undefined;
  }

  /** Nothing was given, so that nothing changes. */
  get areComplete(): boolean {
    return this.#root === undefined && this.#given.state === undefined;
  }

  complete(text: string): string {
    if (this.areComplete) return text;
    const ordinary = `${option('--root', this.#root)}${option('--state', this.#state)}`;
    const sandbox = option('--state', this.#given.state);
    const completed = (line: string): string =>
      line.replace(COMMAND, (word, command: string) => `${word}${command === 'sandbox start' ? sandbox : ordinary}`);
    return text
      .split('\n')
      .map((line) => (QUOTED.test(line) ? line : completed(line)))
      .join('\n');
  }
}

function option(name: string, value: string | undefined): string {
  return value === undefined ? '' : `${name} ${word(visibleText(value))} `;
}

/** As a shell takes it for one word. */
function word(text: string): string {
  return /^[\p{L}\p{N}_@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
