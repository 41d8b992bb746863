import { isMap } from 'yaml';
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import type { LocatedProblem, Position, StatePath } from '../problem.ts';
import { readData } from './data.ts';
import { readDocument } from './document.ts';
import { layoutOf } from './layout-of.ts';
import type { Layout } from './layout.ts';
import { toLf } from './line-ends.ts';
import { asNode, isAbsent, rangeOf } from './nodes.ts';
import { locatorOf, positionsIn } from './positions.ts';
import { syntaxWords } from './syntax-words.ts';

/** The text of a state file as data, with everything that is wrong with it as YAML. */
export interface ParsedState {
  /** The state; `{}` when the text is no valid YAML or no map. */
  readonly data: JsonObject;
  readonly problems: readonly LocatedProblem[];
  /** Where the key or the value at a path stands: the deepest ancestor there is, when it does not exist. */
  locate(path: StatePath, at: 'key' | 'value'): Position | undefined;
  /** Where the entries of the big maps stand; undefined when the file is too irregular or has problems. */
  readonly layout: Layout | undefined;
}

/** Reads the text of a state file. */
export function parseState(text: string): ParsedState {
  const lf = toLf(text);
  const document = readDocument(lf.text);
  const position = positionsIn(lf.text);
  const root = asNode(document.contents);
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => syntaxProblem(error, position));
    return { data: {}, problems, locate: () => undefined, layout: undefined };
  }
  const read = readData(root, (offset) => position(offset).line);
  const problems: LocatedProblem[] = read.findings.map(({ offset, ...problem }) => ({
    ...problem,
    severity: 'error',
    position: position(offset),
  }));
  if (root !== undefined && !isMap(root) && !isAbsent(root)) {
    const message = 'The file must hold a map of keys like `users:` and `domains:` at its top level';
    const where = position(rangeOf(root).start);
    problems.push({ rule: 'top-level', severity: 'error', path: [], at: 'value', message, position: where });
  }
  const find = locatorOf(root, read.targets);
  return {
    data: isObject(read.value) ? read.value : {},
    problems,
    locate: (path, at) => {
      const offset = find(path, at);
      return offset === undefined ? undefined : position(offset);
    },
    layout: problems.length === 0 && read.plain ? layoutOf(document, lf) : undefined,
  };
}

interface YamlError {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

function syntaxProblem(error: YamlError, position: (offset: number) => Position): LocatedProblem {
  const base = { severity: 'error', path: [], at: 'value', position: position(error.pos[0]) } as const;
  if (error.code === 'MULTIPLE_DOCS') {
    const message = 'A second YAML document starts here: a state is one document';
    return { ...base, rule: 'several-documents', message, hint: 'remove the line with `---`' };
  }
  return { ...base, rule: 'syntax', ...syntaxWords(error.code, error.message) };
}
