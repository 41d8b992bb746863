/** An account whose being known or not tells which of two account files Dovecot goes by. */
export interface Telltale {
  readonly name: string;
  /** Whether it is in the newer file. */
  readonly added: boolean;
}

/**
 * @param before and `after` texts of the account file, which are sorted
 * @returns undefined when both have the same accounts
 */
export function telltaleOf(before: string, after: string): Telltale | undefined {
  const known = namesIn(before);
  const names = namesIn(after);
  for (const name of names) if (!known.has(name)) return { name, added: true };
  for (const name of known) if (!names.has(name)) return { name, added: false };
  return undefined;
}

function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.split('\n').flatMap((line) => (line === '' ? [] : [line.slice(0, line.indexOf(':'))])));
}
