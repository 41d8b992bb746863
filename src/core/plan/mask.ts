import { HEADER } from '../render/rendered-file.ts';

/** A line as eboxmail writes it: the address, the password, and nothing else but a quota and whose mailbox it is. */
const OUR_LINE =
  /^([^:\s{}$]+):([^:]*)(::::::(?:userdb_user=[a-z0-9._-]+@[a-z0-9.-]+ ?)?(?:userdb_quota_rule=\*:bytes=\d+)?)$/;

/**
 * The account file as it may be shown: the password in each line is replaced, and a line that is not ours is hidden
 * whole, as a hash could be anywhere in it. A password that changes stays visible as a change.
 */
export function maskAccountFiles(
  before: string | undefined,
  after: string | undefined,
): { before: string | undefined; after: string | undefined } {
  const old = new Map(
    linesOf(before).flatMap((line) => {
      const [, name, password] = OUR_LINE.exec(line) ?? [];
      return name === undefined ? [] : [[name, password] as const];
    }),
  );
  const show = (line: string, isNew: boolean): string => {
    const [, name, password, rest] = OUR_LINE.exec(line) ?? [];
    if (name === undefined) return line === '' ? '' : '<hidden line>';
    const changed = isNew && old.has(name) && old.get(name) !== password;
    return `${name}:${changed ? '<hidden, changed>' : '<hidden>'}${rest}`;
  };
  const mask = (text: string | undefined, isNew: boolean): string | undefined =>
    text === undefined
      ? undefined
      : linesOf(text)
          .map((line) => show(line, isNew))
          .join('\n');
  return { before: mask(before, false), after: mask(after, true) };
}

/** The line of fetchmail's file that holds the password, as eboxmail writes it; see renderFetchFile. */
const PASSWORD_LINE = /^ {2}password "(?:[A-Za-z0-9]|\\x[0-9a-f]{2})*"$/;

/** fetchmail's file as it may be shown: without the password, and nothing at all of a file that is not as we write it. */
export function maskFetchFiles(
  before: string | undefined,
  after: string | undefined,
): { before: string | undefined; after: string | undefined } {
  const passwordOf = (text: string | undefined): string | undefined => {
    const found = linesOf(text).filter((line) => /password/i.test(line));
    return found.length === 1 && PASSWORD_LINE.test(found[0] ?? '') ? found[0] : undefined;
  };
  const [old, now] = [passwordOf(before), passwordOf(after)];
  const mask = (text: string | undefined, password: string | undefined, mark: string): string | undefined => {
    if (text === undefined) return undefined;
    return password === undefined ? '<hidden>\n' : text.replace(password, () => `  password ${mark}`);
  };
  const changed = old !== undefined && old !== now;
  return { before: mask(before, old, '<hidden>'), after: mask(after, now, changed ? '<hidden, changed>' : '<hidden>') };
}

function linesOf(text: string | undefined): readonly string[] {
  return (text ?? '').split('\n');
}

/** A line of a table of logins as eboxmail writes it: the relay, and what is sent there. */
const LOGIN_LINE = /^(\[?[A-Za-z0-9._:-]+\]?:\d+) (.+)$/;

/** A table of logins at relays as it may be shown: in each line what follows the relay is replaced. */
export function maskRelayLogins(
  before: string | undefined,
  after: string | undefined,
): { before: string | undefined; after: string | undefined } {
  const old = linesOf(before);
  const show = (line: string, isNew: boolean): string => {
    if (line === '' || line === HEADER) return line;
    const [, relay] = LOGIN_LINE.exec(line) ?? [];
    if (relay === undefined) return '<hidden line>';
    const changed = isNew && !old.includes(line) && old.some((other) => other.startsWith(`${relay} `));
    return `${relay} ${changed ? '<hidden, changed>' : '<hidden>'}`;
  };
  const mask = (text: string | undefined, isNew: boolean): string | undefined =>
    text === undefined
      ? undefined
      : linesOf(text)
          .map((line) => show(line, isNew))
          .join('\n');
  return { before: mask(before, false), after: mask(after, true) };
}
