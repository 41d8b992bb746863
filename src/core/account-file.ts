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
  return new Set(linesOf(text).map(nameOf));
}

/** Accounts that only the newer of two files has. */
export function accountsAdded(before: string, after: string): readonly string[] {
  const known = namesIn(before);
  return [...namesIn(after)].filter((name) => !known.has(name));
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

function textOf(lines: readonly string[]): string {
  return `${[...lines].sort().join('\n')}\n`;
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':'));
}

/** No password fits this: crypt(5) never gives "*". */
export const NO_LOGIN = '{SHA512-CRYPT}*';

/** What follows the name and the hash on a line of an old address: whose mailbox it stands for. */
const STANDS_FOR = /^([^:]+):[^:]*::::::(?:.* )?userdb_user=([^ ]+)/;

/**
 * When a rename is taken back, Postfix may hold mail for the new address, which it has put in the place of the old one. So the
 * new address stands for the mailbox for a while, as the old one does after a rename.
 * @param before text of the account file to go back to; @param now text of the one that goes
 */
export function withWayBack(before: string, now: string): string {
  const known = namesIn(before);
  const extra = linesOf(now).flatMap((line) => {
    const [, old, renamed] = STANDS_FOR.exec(line) ?? [];
    return old === undefined || renamed === undefined || !known.has(old) || known.has(renamed)
      ? []
      : [standIn(renamed, STANDS_FOR.exec(lineOf(old, before))?.[2] ?? old)];
  });
  return extra.length === 0 ? before : textOf([...linesOf(before), ...new Set(extra)]);
}

/**
 * The newer file with the accounts that go, for the time in which mail that was accepted for them is delivered: nobody can
 * log in with them any more.
 * @returns undefined when none goes
 */
export function withThoseWhoGo(before: string, after: string): string | undefined {
  const left = namesIn(after);
  const going = linesOf(before).filter((line) => !left.has(nameOf(line)));
  if (going.length === 0) return undefined;
  const closed = going.map((line) => line.replace(/^([^:]+):[^:]*:/, `$1:${NO_LOGIN}:`));
  return textOf([...linesOf(after), ...closed]);
}

function lineOf(name: string, text: string): string {
  return linesOf(text).find((line) => nameOf(line) === name) ?? '';
}

/** A line for an address that has no mailbox of its own and with which nobody can log in. */
export function standIn(address: string, user: string, fields: readonly string[] = []): string {
  return `${address}:${NO_LOGIN}::::::${[`userdb_user=${user}`, ...fields].join(' ')}`;
}
