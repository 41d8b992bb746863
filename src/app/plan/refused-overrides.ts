import { EboxmailError, EXIT } from '../../core/errors.ts';
import type { LocatedProblem, Problem } from '../../core/problem.ts';
import { withoutComment } from '../../core/render/dovecot/override-parts.ts';
import { parseState } from '../../core/state/parse.ts';
import type { Prepared } from './prepare.ts';

/** The daemons do not take the new configuration (exit 1), and what they complain of has a place in the state. */
export class RefusedConfiguration extends EboxmailError {
  readonly file: string;
  readonly problems: readonly LocatedProblem[];

  constructor(file: string, problems: readonly LocatedProblem[], others: readonly string[]) {
    super(EXIT.failed, 'the new configuration would not work, so nothing was changed', others.join('\n') || undefined);
    this.file = file;
    this.problems = problems;
  }
}

/**
 * @param complaints of the daemons about the configuration that was staged for them
 * @param dovecotConf the staged one
 */
export function refusedConfiguration(
  file: string,
  { model, text }: Pick<Prepared, 'model' | 'text'>,
  complaints: readonly string[],
  dovecotConf: string,
): RefusedConfiguration {
  const { postfix, dovecot } = model.overrides;
  const problems = new Map<string, Problem>();
  const others = complaints.filter((complaint) => {
    const problem = aboutPostfix(complaint, postfix) ?? aboutDovecot(complaint, dovecot, dovecotConf);
    if (problem !== undefined) problems.set(keyOf(problem), problem);
    return problem === undefined && !(problems.size > 0 && CONSEQUENCE.test(complaint));
  });
  const { located } = parseState(text);
  return new RefusedConfiguration(file, [...problems.values()].map(located), [...new Set(others)]);
}

/** What doveconf says besides when it has said what is wrong. */
const CONSEQUENCE = /dump-capability process returned/;

function aboutPostfix(complaint: string, postfix: ReadonlyMap<string, string>): Problem | undefined {
  const name = [...postfix.keys()].find((key) => new RegExp(`(^|[\\s:])${escaped(key)}([\\s=:]|$)`).test(complaint));
  if (name === undefined) return undefined;
  const unknown = complaint.includes('unused parameter');
  const message = unknown ? `Postfix has no parameter ${name}` : `Postfix refuses it: ${withoutPath(complaint)}`;
  const hint = unknown ? 'postconf -d lists those that it has' : undefined;
  return problemAt(['overrides', 'postfix', name], message, hint);
}

function aboutDovecot(complaint: string, dovecot: string, dovecotConf: string): Problem | undefined {
  const [, line, why = complaint] = /\/staging\/dovecot\.conf line (\d+): (.*)$/.exec(complaint) ?? [];
  if (line !== undefined) return atLine(plain(dovecotConf.split('\n')[Number(line) - 1] ?? ''), why, dovecot);
  const [, shown, ofOurs] = /^"(.*)" in dovecot\.conf: (.*)$/.exec(complaint) ?? [];
  if (shown !== undefined && ofOurs !== undefined) return atLine(plain(shown), ofOurs, dovecot);
  // What it says of a value that it understands, and cannot use, has no line.
  const [, said = '', name] =
    /^doveconf: \w+: (?:Error in .*\/staging\/dovecot\.conf: )?((\w+)(?:: | doesn't ).*)$/.exec(complaint) ?? [];
  const setting = dovecot
    .split('\n')
    .map(plain)
    .findLast((one) => name !== undefined && one.startsWith(`${name} = `));
  return setting === undefined ? undefined : atLine(setting, said, dovecot);
}

/** @param setting a line as `plain` has it */
function atLine(setting: string, why: string, dovecot: string): Problem | undefined {
  const lines = dovecot.split('\n');
  const number = lines.findIndex((line) => plain(line) === setting);
  if (setting === '' || number === -1) return undefined;
  const [, name] = /^Global setting (\S+) won't change the setting inside an earlier filter/.exec(why) ?? [];
  const message = name === undefined ? why : `a block further up has a ${name} of its own, which stays as it is`;
  const hint = name === undefined ? undefined : 'put it into a block of the same name, or before any "!include"';
  return problemAt(
    ['overrides', 'dovecot'],
    `line ${number + 1} of it, "${lines[number]?.trim() ?? ''}": ${message}`,
    hint,
  );
}

/** Lines that are the same to doveconf(1), whatever blanks, commas, quotes and comments they have. */
function plain(line: string): string {
  return withoutComment(line)
    .replace(/^([^\s=]+)\s*=\s*/, '$1 = ')
    .replace(/^(\S+ = )"(.*)"$/, '$1$2')
    .replace(/[\s,]+/g, ' ')
    .trim();
}

/** Postfix may complain of one parameter several times, and Dovecot's settings are all in one place. */
function keyOf({ path, message }: Problem): string {
  return JSON.stringify(path[1] === 'dovecot' ? [path, message] : path);
}

function problemAt(path: Problem['path'], message: string, hint: string | undefined): Problem {
  return {
    rule: 'override',
    severity: 'error',
    path,
    at: 'key',
    message,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The path is that of a place that is gone when it is read. */
function withoutPath(complaint: string): string {
  return complaint.replace(/^\S+: (?:warning|fatal|error): (?:\/\S+: )?/, '');
}

function escaped(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/g, '\\$&');
}
