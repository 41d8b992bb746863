/** What a command line in a file says: its words, or why it says nothing that can be relied on. */
export type Words =
  | { readonly ok: true; readonly words: readonly string[] }
  /** `column` is 1-based and counts UTF-16 code units. */
  | { readonly ok: false; readonly why: string; readonly hint: string; readonly column: number };

/** What a shell would act on unless it is quoted. */
const SHELL_ONLY = /[$`;|&<>()]/;

/** What a backslash takes its meaning from between double quotes (POSIX shell, 2.2.3). */
const QUOTABLE = /["\\$`]/;

/**
 * Splits a line as sh(1) does: blanks between words, '…' as it is, "…" with backslashes, a backslash before one character,
 * and # at the beginning of a word for a comment. Nothing is expanded, and what a shell would expand or act on is an error
 * outside of quotes rather than taken as it stands: whoever wrote it meant something else.
 */
export function splitWords(line: string): Words {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === ' ' || character === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '#' && word === undefined) {
      break;
    } else if (character === "'" || character === '"') {
      const part = character === "'" ? singleQuoted(line, at) : doubleQuoted(line, at);
      if (typeof part === 'number') return wrong(part, 'a quote is not closed', `close it with ${character}`);
      if ('odd' in part) return unquotable(line, part.odd);
      word = (word ?? '') + part.text;
      at = part.end;
    } else if (character === '\\') {
      at += 1;
      if (at === line.length)
        return wrong(at - 1, 'a backslash ends the line', 'a command is one line; write \\\\ for a backslash');
      word = (word ?? '') + line.charAt(at);
    } else if (SHELL_ONLY.test(character)) {
      return unquotable(line, at);
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return { ok: true, words };
}

interface Quoted {
  readonly text: string;
  /** Where the closing quote is. */
  readonly end: number;
}

/** @returns the place of the opening quote when it is not closed */
function singleQuoted(line: string, open: number): Quoted | number {
  const end = line.indexOf("'", open + 1);
  return end < 0 ? open : { text: line.slice(open + 1, end), end };
}

/** @returns the place of the opening quote when it is not closed, or that of what a shell would expand */
function doubleQuoted(line: string, open: number): Quoted | { readonly odd: number } | number {
  let text = '';
  for (let at = open + 1; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '"') return { text, end: at };
    if (character === '$' || character === '`') return { odd: at };
    if (character === '\\' && QUOTABLE.test(line.charAt(at + 1))) at += 1;
    text += line.charAt(at);
  }
  return open;
}

function unquotable(line: string, at: number): Words {
  return wrong(at, `${line.charAt(at)} is nothing that is acted on here`, "put '…' around what it belongs to");
}

function wrong(at: number, why: string, hint: string): Words {
  return { ok: false, why, hint, column: at + 1 };
}
