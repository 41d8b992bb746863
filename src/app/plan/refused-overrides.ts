import { EboxmailError, EXIT } from '../../core/errors.ts';
import type { LocatedProblem, Problem } from '../../core/problem.ts';
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
    if (problem !== undefined) problems.set(JSON.stringify(problem.path), problem);
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
  const [, line, why] = / line (\d+): (.*)$/.exec(complaint) ?? [];
  const setting = dovecotConf.split('\n')[Number(line) - 1]?.trim() ?? '';
  const number = dovecot.split('\n').findIndex((one) => one.trim() === setting);
  if (setting === '' || number === -1 || why === undefined) return undefined;
  return problemAt(['overrides', 'dovecot'], `line ${number + 1} of it, "${setting}": ${why}`, undefined);
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
