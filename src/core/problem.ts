/**
 * A Problem is a finding about the state file: data, never thrown. All of them are collected and shown in one run.
 * The rule's id is stable (scripts may match on it); the words are for people.
 */
export interface Problem {
  /** Id of the rule that produced it, e.g. `syntax`, `schema`, `alias-cycle`. */
  readonly rule: string;
  readonly severity: 'error' | 'warning';
  /** Keys from the root of the state to what is wrong; list items by index. Empty: the whole file. */
  readonly path: StatePath;
  /** Whether the key or the value at `path` is to be pointed at. */
  readonly at: 'key' | 'value';
  /** What is wrong, in one sentence without a full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

export type StatePath = readonly (string | number)[];

/** A place in a text, both 1-based; `column` counts UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A line of a file as it may be shown, without secrets; `column` (0-based, UTF-16 code units) is what is pointed at. */
export interface SourceLine {
  readonly text: string;
  readonly column: number;
}

/** A Problem with its place in the file; `position` is absent when the file itself could not be read as YAML there. */
export interface LocatedProblem extends Problem {
  readonly position?: Position;
  readonly source?: SourceLine;
}

/** `users.alice@example.com.password` for people: keys joined by dots, list items as `[n]` (0-based). */
export function formatPath(path: StatePath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
