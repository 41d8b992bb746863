import type { Command } from 'commander';
import { editState, type StateEdit } from '../app/state/edit-state.ts';
import { EXIT, Unneeded } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { formatPath } from '../core/problem.ts';
import { printJson, type Context } from './context.ts';

/** Options that every editing command has. */
export interface EditOptions {
  readonly apply?: boolean;
  readonly ifNotExists?: boolean;
  readonly ifExists?: boolean;
}

export interface Wording {
  /** What was done, e.g. `added the domain example.com`; a function where the edit has to be done first. */
  readonly done: string | (() => string);
  /** What to do next; without it, plan and apply are named. */
  readonly next?: readonly string[];
  /** More fields of the JSON answer. */
  readonly data?: object | (() => object);
  /** What standard output gets, when it was done and there is no JSON answer. */
  readonly output?: string | undefined;
  /** Makes the state file when there is none. */
  readonly create?: boolean;
  /** Done with the state as it is when the change has passed its checks, just before that is written. */
  readonly beforehand?: (before: JsonObject) => void;
  /** Writes what stands beside the state, before that is written; tells whether it changed anything. */
  readonly beside?: () => boolean;
  /** Done once the state is written, before it is applied. */
  readonly afterwards?: () => void | Promise<void>;
}

const editing = new WeakSet<Command>();

/** Whether a command changes the state, and nothing but the state. */
export function isEditing(command: Command): boolean {
  return editing.has(command);
}

export function editOptions(command: Command, presence: 'add' | 'remove' | 'change'): Command {
  editing.add(command);
  if (presence === 'add') command.option('--if-not-exists', 'when it is there already, leave it and exit 0');
  if (presence === 'remove') command.option('--if-exists', 'when it is not there, exit 0');
  return command.option('--apply', 'also apply');
}

/** Runs an edit of the state, says what it did, and applies where that is asked for. */
export async function runEdit(
  context: Context,
  options: EditOptions,
  edit: StateEdit,
  wording: Wording,
): Promise<number> {
  const changed = await tolerate(options, async () => {
    const { changed, warnings } = await editState(context.place, edit, {
      create: wording.create,
      beforeWriting: wording.beforehand,
      beside: wording.beside,
    });
    for (const { message, hint, path } of warnings) {
      context.terminal.say(`warning: ${formatPath(path)}: ${message}${hint === undefined ? '' : `\n    ${hint}`}`);
    }
    return changed;
  });
  const { afterwards } = wording;
  if (changed && afterwards !== undefined) {
    if (context.place.batch === undefined) await afterwards();
    else context.place.batch.later(afterwards);
  }
  if (context.json) printJson(context, { changed, ...(changed ? valueOf(wording.data ?? {}) : {}) });
  else if (changed && wording.output !== undefined) context.terminal.data(wording.output);
  context.terminal.say(changed ? valueOf(wording.done) : 'unchanged');
  if (options.apply === true) {
    const { runApply } = await import('./commands/apply.ts');
    return runApply({ ...context, json: false }, { adopt: false });
  }
  if (changed && context.place.batch === undefined) {
    const next = wording.next ?? [];
    context.terminal.say(
      [...next, 'see what follows from it: eboxmail plan; make it so: eboxmail apply']
        .map((line) => `  ${line}`)
        .join('\n'),
    );
  }
  return EXIT.done;
}

function valueOf<T extends string | object>(value: T | (() => T)): T {
  return typeof value === 'function' ? (value as () => T)() : value;
}

/** With --if-not-exists and --if-exists, what is there or not there already is no error. */
export async function tolerate({ ifNotExists, ifExists }: EditOptions, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    const allowed = error instanceof Unneeded && (error.exitCode === EXIT.exists ? ifNotExists : ifExists);
    if (allowed === true) return false;
    throw error;
  }
}
