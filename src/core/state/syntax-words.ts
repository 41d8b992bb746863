/** A syntax error in plain words. */
export interface SyntaxWords {
  readonly message: string;
  readonly hint?: string;
}

const WORDS: Readonly<Record<string, SyntaxWords>> = {
  ALIAS_PROPS: { message: 'An alias (`*name`) can have neither an anchor nor a tag' },
  BAD_ALIAS: { message: 'An alias (`*name`) needs a name', hint: 'quote the value if it is no alias' },
  BAD_DIRECTIVE: { message: 'A line that starts with `%` is no valid YAML directive', hint: 'quote the text' },
  BAD_DQ_ESCAPE: {
    message: 'Unknown escape sequence in a double-quoted text',
    hint: "write `\\\\` for a backslash, or use 'single quotes'",
  },
  BAD_INDENT: { message: 'Wrong indentation', hint: 'entries of one map or list start in the same column' },
  BAD_PROP_ORDER: { message: 'Anchors and tags must stand before the `-`, `?` or `:` they belong to' },
  BAD_SCALAR_START: { message: 'A text cannot start with this character', hint: 'put the text in quotes' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'A second `key: value` on one line, or a wrong indentation',
    hint: 'quote a text that contains `: `, or write the entries on lines of their own',
  },
  BLOCK_IN_FLOW: { message: 'A block with its own lines cannot stand between `{ }` or `[ ]`' },
  KEY_OVER_1024_CHARS: { message: 'The key is too long (more than 1024 characters)' },
  MISSING_CHAR: { message: 'Something is missing here' },
  MULTILINE_IMPLICIT_KEY: { message: 'A key must be on one line', hint: 'is a `:` or a closing quote missing above?' },
  MULTIPLE_ANCHORS: { message: 'A value can have only one anchor' },
  MULTIPLE_TAGS: { message: 'A value can have only one tag' },
  TAB_AS_INDENT: { message: 'Tabs cannot be used for indentation', hint: 'use spaces' },
  UNEXPECTED_TOKEN: {
    message: 'This is not expected here',
    hint: 'is a quote, a bracket or a `:` wrong before it? A text that begins with { or [ needs quotes',
  },
};

const OPEN_QUOTE: SyntaxWords = {
  message: 'The file ends, or a line begins, inside of a text in quotes',
  hint: 'find the quote above that is not closed, and write the closing one where its text ends',
};

const OPEN_BRACKET: SyntaxWords = {
  message: 'A `{` or `[` above is not closed',
  hint: 'write the `}` or `]` where it ends; what stands between them is indented when it goes on in another line',
};

/** Error codes whose text from the library names the missing or wrong character. */
const OWN_WORDS = new Set(['MISSING_CHAR', 'BAD_SCALAR_START', 'BAD_DQ_ESCAPE', 'BAD_INDENT']);

/** The words for an error of the YAML library. */
export function syntaxWords(code: string, message: string): SyntaxWords {
  const words = WORDS[code] ?? { message: 'This is not valid YAML' };
  const detail = message.split('\n')[0]?.trim() ?? '';
  if (/^Missing closing ["']/.test(detail)) return OPEN_QUOTE;
  if (/ end with an? [}\]]$/.test(detail)) return OPEN_BRACKET;
  const useful = OWN_WORDS.has(code) || WORDS[code] === undefined;
  return useful && detail !== '' ? { ...words, message: `${words.message} (${decapitalise(detail)})` } : words;
}

function decapitalise(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
