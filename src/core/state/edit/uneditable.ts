import { formatPath } from '../../problem.ts';

/** The file is written in a way that a change cannot be made without touching what it is not about. */
export class UneditableError extends Error {
  override readonly name = 'UneditableError';
  /** Keys from the root of the state to what was to be changed. */
  readonly path: readonly string[];

  constructor(path: readonly string[], reason?: string) {
    const what = path.length === 0 ? 'The state file' : `\`${formatPath(path)}\``;
    const why = reason === undefined ? '' : ` (${reason})`;
    super(
      `${what} is written in a way that eboxmail cannot edit without touching other parts${why}; edit the file by hand`,
    );
    this.path = path;
  }
}
