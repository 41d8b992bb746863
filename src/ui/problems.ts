import { basename } from 'node:path';
import { formatPath, type LocatedProblem } from '../core/problem.ts';
import { written } from '../core/visible.ts';

/** A problem as compilers write it, so that editors can jump to it: `state.yaml:14:12: error: key: message`. */
export function problemText(file: string, problem: LocatedProblem): string {
  const { position, severity, message, hint, path } = problem;
  const where = position === undefined ? basename(file) : `${basename(file)}:${position.line}:${position.column}`;
  const key = path.length === 0 ? '' : `${formatPath(path)}: `;
  return `${where}: ${severity}: ${visible(`${key}${message}`)}${hint === undefined ? '' : `\n    ${hint}`}`;
}

/** What the file holds is shown, never acted on by a terminal; and a problem is one line. */
export function visible(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, written);
}

/** The same for programs. */
export function problemData(file: string, { rule, severity, path, message, hint, position }: LocatedProblem): object {
  return { file, line: position?.line, column: position?.column, severity, rule, key: formatPath(path), message, hint };
}
