import type { Command } from 'commander';
import { Batch } from '../app/state/batch.ts';
import { changedPart, editState, RefusedEdit } from '../app/state/edit-state.ts';
import { checkState } from '../app/state/load-state.ts';
import { EboxmailError, EXIT, usageError, type ExitCode } from '../core/errors.ts';
import type { StateFile } from '../core/generated/state-types.ts';
import type { JsonObject } from '../core/json.ts';
import { formatPath, type Problem } from '../core/problem.ts';
import { visible } from '../ui/problems.ts';
import type { Context, GlobalOptions } from './context.ts';
import { isEditing } from './editing.ts';
import { makeProgram } from './program.ts';

/** A command of a batch. */
export interface BatchLine {
  /** Where it stands, for messages: `FILE:LINE`, perhaps with a place in the line. */
  readonly where: string;
  /** The column of a table that it comes from. */
  readonly column?: string;
  readonly line: number;
  readonly words: readonly string[];
  /** The lines that make what the last words name, one a word: who could not be made is not missed once more. */
  readonly named?: readonly number[];
}

/** A command that was not done. */
export interface BatchFailure extends Pick<BatchLine, 'where' | 'column' | 'line'> {
  readonly error: EboxmailError;
}

/** What a command answered, as with --json. */
export type BatchAnswer = { readonly line: number; readonly changed: boolean } & JsonObject;

export interface BatchResult {
  readonly changed: boolean;
  readonly answers: readonly BatchAnswer[];
  readonly warnings: readonly Problem[];
}

/** Nothing was written, and why, command by command. Exit code of the first. */
export class RefusedBatch extends EboxmailError {
  readonly details: readonly string[];
  readonly failures: readonly BatchFailure[];

  constructor(unordered: readonly BatchFailure[]) {
    const failures = [...unordered].sort((a, b) => a.line - b.line);
    const shown = failures.slice(0, MOST_SHOWN);
    const more = failures.length - shown.length;
    const count = failures.length === 1 ? '1 error' : `${failures.length} errors`;
    super(failures[0]?.error.exitCode ?? EXIT.failed, `${count}, so nothing was changed`);
    this.failures = failures;
    this.details = [...shown.map(failureText), ...(more === 0 ? [] : [`… and ${more} more`])];
  }
}

/** One mistake at the top can make thousands of lines wrong. */
const MOST_SHOWN = 100;

function failureText({ where, column, error }: BatchFailure): string {
  const cell = column === undefined ? '' : ` ${column}:`;
  const hint = error.hint === undefined ? '' : `\n${error.hint.replace(/^/gm, '    ')}`;
  return `${where}:${cell} error: ${visible(error.message)}${hint}`;
}

/** Does commands as one change of the state. @throws RefusedBatch with all that is wrong */
export async function runBatch(
  context: Context,
  lines: readonly BatchLine[],
  { failures, dryRun }: { readonly failures: readonly BatchFailure[]; readonly dryRun: boolean },
): Promise<BatchResult> {
  const answers: BatchAnswer[] = [];
  let batch: Batch | undefined;
  const edit = async (state: StateFile): Promise<StateFile> => {
    batch = new Batch(state);
    const found = [
      ...failures,
      ...(await runLines({ ...context, place: { ...context.place, batch } }, lines, answers)),
    ];
    if (found.length === 0) return batch.state;
    const data = dataOf(batch.state);
    const problems = await checkState(data, changedPart(dataOf(state), data));
    throw new RefusedBatch([...found, ...blame(problems, batch, lines)]);
  };
  try {
    const { changed, warnings } = await editState(context.place, edit, {
      create: lines.some(({ words }) => words[0] === 'domain' && words[1] === 'add'),
      beforeWriting: (before) => batch?.beforeWriting(before),
      beside: () => batch?.beside() ?? false,
      dryRun,
    });
    if (changed && !dryRun) await batch?.afterwards();
    return { changed, answers, warnings };
  } catch (error) {
    const blamed = error instanceof RefusedEdit && batch !== undefined ? blame(error.problems, batch, lines) : [];
    throw blamed.length > 0 ? new RefusedBatch(blamed) : error;
  }
}

/** @returns what could not be done; the commands after that are tried all the same */
async function runLines(
  context: Context,
  lines: readonly BatchLine[],
  answers: BatchAnswer[],
): Promise<readonly BatchFailure[]> {
  const failures: BatchFailure[] = [];
  const notMade = new Set<number>();
  const runner = await lineRunner(context, lines);
  for (const [index, batchLine] of lines.entries()) {
    const { line, named } = batchLine;
    const words = withoutNotMade(batchLine, notMade);
    if (words === undefined) continue;
    context.place.batch?.begin(index);
    try {
      answers.push({ line, ...(await runner(words)) } as BatchAnswer);
    } catch (error) {
      if (!(error instanceof EboxmailError)) throw error;
      failures.push({ ...batchLine, error });
      if (named === undefined) notMade.add(line);
    }
  }
  return failures;
}

/** The words of a line but for those that name what lines before it failed to make; undefined when it names nothing else. */
function withoutNotMade({ words, named }: BatchLine, notMade: ReadonlySet<number>): readonly string[] | undefined {
  if (named === undefined || !named.some((line) => notMade.has(line))) return words;
  const first = words.length - named.length;
  const left = words.filter((_, at) => at < first || !notMade.has(named[at - first] ?? 0));
  return left.length === first ? undefined : left;
}

/** Runs one command after the other on the program itself, so that a line is what it would be alone. */
async function lineRunner(
  context: Context,
  lines: readonly BatchLine[],
): Promise<(words: readonly string[]) => Promise<JsonObject>> {
  let output = '';
  let complaint = '';
  let withheld: string[] = [];
  const terminal: Context['terminal'] = {
    ...context.terminal,
    data: (text) => (output += text),
    say: (text) => {
      if (context.verbose || text.startsWith('warning: ')) context.terminal.say(text);
      else withheld.push(text);
    },
    sayWithheld: () => withheld.splice(0).forEach((text) => context.terminal.say(text)),
    interactive: false,
  };
  const { command, exitCode } = await makeProgram(process, {
    wanted: new Set(lines.map(({ words }) => words[0] ?? '')),
    contextOf: (options) => ({ ...context, terminal, json: true, yes: context.yes || options.yes === true }),
    onOutput: (text) => (complaint += text),
  });
  command.hook('preAction', (_, wanted) => requireSuitable(command, wanted));
  return async (words) => {
    output = '';
    complaint = '';
    withheld = [];
    requireEditing(command, words);
    try {
      await command.parseAsync([...words], { from: 'user' });
    } catch (error) {
      if (complaint === '') throw error;
      throw misspelt(complaint, command, words);
    }
    if (exitCode() !== EXIT.done) throw new EboxmailError(exitCode() as ExitCode, 'the command was not done');
    return JSON.parse(output) as JsonObject;
  };
}

/** What commander says of words that make no command. */
function misspelt(complaint: string, program: Command, words: readonly string[]): EboxmailError {
  if (complaint.startsWith('Usage:')) return usageError('help is nothing for a line', 'a line changes the state');
  const known = program.commands.some((command) => command.name() === words[0]);
  const text = complaint
    .trim()
    .replace(/^eboxmail: /, '')
    .replace(/\n/g, ' ');
  return usageError(text, `see: eboxmail ${known ? `${words[0]} ` : ''}--help`);
}

/** @throws usage error for commands that are none or do not edit the state */
function requireEditing(program: Command, words: readonly string[]): void {
  if (words[0]?.startsWith('-') === true)
    throw usageError(`${words[0]} is no command`, 'a line begins with a command, without "eboxmail" and its options');
  let found = program;
  let depth = 0;
  for (const word of words) {
    const next = found.commands.find((command) => command.name() === word);
    if (next === undefined) break;
    found = next;
    depth += 1;
  }
  const unknown = depth === 0 || (words.length > depth && found.commands.some(editsSomewhere));
  // What is no command at all is told by commander, with what was meant.
  if (isEditing(found) || unknown) return;
  throw doesNotEdit(words.slice(0, depth).join(' '));
}

function editsSomewhere(command: Command): boolean {
  return isEditing(command) || command.commands.some(editsSomewhere);
}

function doesNotEdit(name: string): EboxmailError {
  return usageError(
    `"${name}" does not edit the state`,
    'a batch holds commands such as domain add, user add, alias add or server set',
  );
}

/** @throws usage error for options that only make sense for a command alone */
function requireSuitable(program: Command, wanted: Command): void {
  const given = { ...wanted.parent?.opts<LineOptions>(), ...wanted.opts<LineOptions>() };
  const global = Object.keys(program.opts<GlobalOptions>()).find((name) => name !== 'yes');
  const forAll = given.apply === true ? 'apply' : global;
  if (forAll !== undefined)
    throw usageError(
      `--${forAll} is nothing for a line`,
      'it is for the whole: give it to the command that reads the lines',
    );
  if (given.passwordStdin === true)
    throw usageError(
      '--password-stdin is nothing for a line: lines have no standard input of their own',
      'use --password-file FILE or --password-hash HASH',
    );
  if (given.self === true) throw usageError('--self is nothing for a line', 'users do this one by one');
  if (given.list === true) throw doesNotEdit(`${wanted.name()} --list`);
}

interface LineOptions {
  readonly apply?: boolean;
  readonly passwordStdin?: boolean;
  readonly self?: boolean;
  readonly list?: boolean;
}

/** What is wrong with the state that came of it, at the commands that made it so. */
function blame(problems: readonly Problem[], batch: Batch, lines: readonly BatchLine[]): readonly BatchFailure[] {
  return problems.flatMap(({ severity, path, message, hint }) => {
    const index = severity === 'error' ? batch.changerOf(path) : undefined;
    const line = index === undefined ? undefined : lines[index];
    if (line === undefined) return [];
    const field = line.column !== undefined && typeof path[2] === 'string' ? { column: path[2] } : {};
    return [
      { ...line, ...field, error: new EboxmailError(EXIT.invalidState, `${formatPath(path)}: ${message}`, hint) },
    ];
  });
}

function dataOf(state: StateFile): JsonObject {
  return state as unknown as JsonObject;
}
