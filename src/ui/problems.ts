import { basename } from 'node:path';
import { formatPath, type LocatedProblem } from '../core/problem.ts';
import { written } from '../core/visible.ts';
import { excerptText } from './excerpt.ts';

/**
 * A problem as compilers write it, so that editors can jump to it: `state.yaml:14:12: error: key: message`, the line
 * with a caret, and what to do.
 */
export function problemText(file: string, problem: LocatedProblem): string {
  const { position, severity, message, hint, path, source } = problem;
  const where = position === undefined ? basename(file) : `${basename(file)}:${position.line}:${position.column}`;
  const key = path.length === 0 ? '' : `${formatPath(path)}: `;
  const excerpt = position === undefined || source === undefined ? '' : `\n${excerptText(position.line, source)}`;
  return `${where}: ${severity}: ${visible(`${key}${message}`)}${excerpt}${hint === undefined ? '' : `\n    ${hint}`}`;
}

/** What the file holds is shown, never acted on by a terminal; and a problem is one line. */
export function visible(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, written);
}

/** The same for programs. */
export function problemData(file: string, { rule, severity, path, message, hint, position }: LocatedProblem): object {
  return { file, line: position?.line, column: position?.column, severity, rule, key: formatPath(path), message, hint };
}
