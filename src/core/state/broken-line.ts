import type { SourceLine } from '../problem.ts';
import { nearest } from './unknown-key.ts';

/** Keys that hold secrets, however they are spelt. */
const SECRET_KEY = /pass|pasw|pwd|secret|hash/i;
/** `key:` with or without quotes. */
const KEY = /["']?([^\s"'{}[\],:]+)["']?\s*:(?=\s|$|["'{[])/g;
/** How hashes begin: `{SHA512-CRYPT}…`, `$6$…`; and comments, which may hold what was a secret once. */
const SECRET_LOOKS = /\{[A-Za-z0-9.-]+\}|\$[0-9a-z]{1,10}\$|(?<=^|\s)#/;

/** A line of a text that is no YAML: whatever could be a secret, and what follows it, is hidden. */
export function hideInBrokenLine(
  lines: readonly string[],
  row: number,
  column: number,
  hidden: string,
): SourceLine | undefined {
  const line = lines[row] ?? '';
  const from = continuesSecret(lines, row) ? line.search(/\S|$/) : secretIn(line);
  if (from === undefined) return { text: line.trimEnd(), column };
  const shown = line.slice(0, from);
  // Of a comment nothing is left.
  const text = line[from] === '#' || from >= line.trimEnd().length ? shown.trimEnd() : `${shown}${hidden}`;
  return { text, column: Math.min(column, from) };
}

/** Where in a line a secret may begin. */
function secretIn(line: string): number | undefined {
  const key = [...line.matchAll(KEY)].find(([, name = '']) => isSecretKey(name));
  const after = key === undefined ? undefined : key.index + key[0].length;
  const looks = SECRET_LOOKS.exec(line)?.index;
  if (after === undefined || looks === undefined) return after === undefined ? looks : afterSpace(line, after);
  return Math.min(afterSpace(line, after), looks);
}

function afterSpace(line: string, at: number): number {
  return at + (/^\s*/.exec(line.slice(at))?.[0].length ?? 0);
}

function isSecretKey(name: string): boolean {
  return SECRET_KEY.test(name) || nearest(name, ['password']) !== undefined;
}

/** Whether a line goes on with the value of a secret key above: it is indented below that, or has no key of its own. */
function continuesSecret(lines: readonly string[], row: number): boolean {
  let indent = indentOf(lines[row] ?? '');
  let keyless = lastKeyIn(lines[row] ?? '') === undefined;
  for (let at = row - 1; at >= 0 && (indent > 0 || keyless); at -= 1) {
    const line = lines[at] ?? '';
    if (line.trim() === '') continue;
    const key = lastKeyIn(line);
    const above = indentOf(line) < indent;
    if (key !== undefined && (above || keyless) && isSecretKey(key)) return true;
    if (key !== undefined) keyless = false;
    indent = Math.min(indent, indentOf(line));
  }
  return false;
}

function lastKeyIn(line: string): string | undefined {
  return [...line.matchAll(KEY)].at(-1)?.[1];
}

function indentOf(line: string): number {
  return line.search(/\S|$/);
}
