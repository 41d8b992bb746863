/**
 * Exit codes of the command line (contract section 2). Only `cli/report` turns an error into one.
 */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  invalidState: 3,
  notFound: 4,
  exists: 5,
  locked: 6,
  consent: 7,
  rolledBack: 8,
  rollbackFailed: 9,
  changesPending: 10,
  cancelled: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Something the administrator can act on: one sentence, a hint, an exit code. Anything else that is thrown is a bug. */
export class EboxmailError extends Error {
  readonly exitCode: ExitCode;
  /** What to do about it; several lines are possible. */
  hint: string | undefined;

  constructor(exitCode: ExitCode, message: string, hint?: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EboxmailError';
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** The same error with one more line of what to do; anything that is no error for people stays as it is. */
export function withHint(error: unknown, hint: string): unknown {
  if (!(error instanceof EboxmailError)) return error;
  error.hint = [error.hint, hint].filter(Boolean).join('\n');
  return error;
}

/** The system refused something: a full disk, a missing right, a failing device. Nothing that the program did wrong. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** Whether the system refused something, as it was or in words for people, for want of a right. */
export function isForbidden(error: unknown): boolean {
  const cause = error instanceof EboxmailError ? error.cause : error;
  return isSystemError(cause) && 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM');
}

/** What could not be done, and why the system refused it. */
export const refused = (what: string, error: unknown, hint?: string): EboxmailError =>
  new EboxmailError(EXIT.failed, `${what}: ${(error as Error).message}`, hint, error);

/**
 * What is asked for is so already: the thing to add is there (exit 5), the thing to remove is not (exit 4).
 * `--if-not-exists` and `--if-exists` make it no error.
 */
export class Unneeded extends EboxmailError {}

export const alreadyThere = (message: string, hint?: string): Unneeded => new Unneeded(EXIT.exists, message, hint);
export const notThere = (message: string, hint?: string): Unneeded => new Unneeded(EXIT.notFound, message, hint);

export const usageError = (message: string, hint?: string): EboxmailError =>
  new EboxmailError(EXIT.usage, message, hint);
export const notFound = (message: string, hint?: string): EboxmailError =>
  new EboxmailError(EXIT.notFound, message, hint);
export const alreadyExists = (message: string, hint?: string): EboxmailError =>
  new EboxmailError(EXIT.exists, message, hint);
export const failed = (message: string, hint?: string): EboxmailError => new EboxmailError(EXIT.failed, message, hint);
