import { isMap } from 'yaml';
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import * as stateFacts from '../generated/state-keys.ts';
import type { LocatedProblem, Position, Problem, StatePath } from '../problem.ts';
import { readData } from './data.ts';
import { readDocument } from './document.ts';
import { layoutOf } from './layout-of.ts';
import type { Layout } from './layout.ts';
import { toLf } from './line-ends.ts';
import { asNode, isAbsent, rangeOf } from './nodes.ts';
import { locatorOf, positionsIn } from './positions.ts';
import type { SchemaFacts } from './schema-facts.ts';
import { sourceLinesOf } from './source-line.ts';
import { syntaxWords } from './syntax-words.ts';

/** The text of a state file as data, with everything that is wrong with it as YAML. */
export interface ParsedState {
  /** The state; `{}` when the text is no valid YAML or no map. */
  readonly data: JsonObject;
  readonly problems: readonly LocatedProblem[];
  /** Where the key or the value at a path stands: the deepest ancestor there is, when it does not exist. */
  locate(path: StatePath, at: 'key' | 'value'): Position | undefined;
  /** A problem with its place in the file and the line there. */
  readonly located: (problem: Problem) => LocatedProblem;
  /** Where the entries of the big maps stand; undefined when the file is too irregular or has problems. */
  readonly layout: Layout | undefined;
}

/** Reads the text of a state file, or of another with a schema. The schema tells what of its lines may be shown. */
export function parseState(text: string, schema: SchemaFacts = stateFacts): ParsedState {
  const lf = toLf(text);
  const document = readDocument(lf.text);
  const position = positionsIn(lf.text);
  const root = asNode(document.contents);
  if (document.errors.length > 0) {
    const sourceAt = sourceLinesOf(lf.text, undefined, schema);
    const problems = document.errors.map((error) => pointedAt(syntaxProblem(error, position), sourceAt));
    return { data: {}, problems, locate: () => undefined, located: (problem) => problem, layout: undefined };
  }
  const sourceAt = sourceLinesOf(lf.text, root, schema);
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
  const locate = (path: StatePath, at: 'key' | 'value'): Position | undefined => {
    const offset = find(path, at);
    return offset === undefined ? undefined : position(offset);
  };
  return {
    data: isObject(read.value) ? read.value : {},
    problems: problems.map((problem) => pointedAt(problem, sourceAt)),
    locate,
    located: (problem) => {
      const where = locate(problem.path, problem.at);
      return where === undefined ? problem : pointedAt({ ...problem, position: where }, sourceAt);
    },
    layout: problems.length === 0 && read.plain ? layoutOf(document, lf) : undefined,
  };
}

function pointedAt(problem: LocatedProblem, sourceAt: ReturnType<typeof sourceLinesOf>): LocatedProblem {
  const source = problem.position === undefined ? undefined : sourceAt(problem.position);
  return source === undefined ? problem : { ...problem, source };
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
