import type { Candidate } from './values.ts';

/** A line for bash as words, without quotes; the last one is what is being typed. */
export interface BashLine {
  readonly words: readonly string[];
  /** The last word as it stands in the line. */
  readonly typed: string;
}

/** Splits what stands before the cursor as bash does; nothing is expanded. Only the last command of the line counts. */
export function wordsOf(line: string): BashLine {
  let words: string[] = [];
  let [word, typed, quote]: [string, string, string] = ['', '', ''];
  let escaped = false;
  for (const character of line) {
    const separates = quote === '' && !escaped && /[\s;|&()]/.test(character);
    if (separates) {
      if (typed !== '') words.push(word);
      if (/[;|&()]/.test(character)) words = [];
      [word, typed] = ['', ''];
      continue;
    }
    typed += character;
    if (escaped) [word, escaped] = [word + character, false];
    else if (character === '\\' && quote !== "'") escaped = true;
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
    else word += character;
  }
  return { words: [...words, word], typed };
}

/** Characters that mean nothing to bash. */
const PLAIN = /^[\p{L}\p{N}@%+=:,./_-]$/u;

/**
 * Candidates as bash puts them into the line: quoted, and without what stands before the last character that breaks
 * words for it (`@` among them), because only what is behind that is replaced.
 */
export function bashAnswer(found: readonly Candidate[], { words, typed }: BashLine, breaks: string): readonly string[] {
  const current = words.at(-1) ?? '';
  const inQuotes = /["'\\]/.test(typed);
  const kept = inQuotes ? 0 : Math.max(...[...breaks].map((character) => current.lastIndexOf(character))) + 1;
  return found
    .map(({ value }) => value)
    .filter((value) => !inQuotes || [...value].every((character) => PLAIN.test(character)))
    .map((value) => quotedForBash(value.slice(Math.max(0, kept))));
}

function quotedForBash(text: string): string {
  return [...text].map((character) => (PLAIN.test(character) ? character : `\\${character}`)).join('');
}
