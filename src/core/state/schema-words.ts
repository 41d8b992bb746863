import type { Json } from '../json.ts';
import type { JsonType, ValueFacts } from './schema-facts.ts';

/** Texts longer than this are not repeated in messages. */
const SHOWN_LENGTH = 60;

const TYPE_WORDS: Readonly<Record<JsonType, string>> = {
  null: 'empty',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  string: 'a text',
  array: 'a list',
  object: 'a map of keys and values',
};

const CHARACTER_NAMES: Readonly<Record<string, string>> = {
  '\n': 'a line break',
  '\r': 'a carriage return',
  '\t': 'a tab',
  '\0': 'a NUL character',
  '\u0085': 'a line break (U+0085)',
  '\u2028': 'a line break (U+2028)',
  '\u2029': 'a paragraph break (U+2029)',
};

/** What belongs in a place, in words that complete "must be …". */
export function expectedWords(facts: ValueFacts): string {
  if (facts.expected !== undefined) return facts.expected;
  if (facts.const !== undefined) return String(facts.const);
  if (facts.enum !== undefined) return `one of ${facts.enum.join(', ')}`;
  if (facts.minimum !== undefined && facts.maximum !== undefined) {
    return `a whole number from ${facts.minimum} to ${facts.maximum}`;
  }
  // That a section may also stay empty is no help to who wrote something else there.
  const types = facts.types.filter((type) => type !== 'null');
  return types.map((type) => TYPE_WORDS[type]).join(' or ');
}

/** A value in words, for "…, not …". Only the kind of value is named when `secret` is set, or when it would be long. */
export function describeValue(value: Json | undefined, secret: boolean): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (value === '') return 'an empty text';
  if (typeof value === 'string')
    return secret || value.length > SHOWN_LENGTH ? 'this text' : `the text ${quoted(value)}`;
  if (typeof value === 'number') return secret ? 'a number' : `the number ${value}`;
  return secret ? 'true or false' : String(value);
}

/** A text in quotes, shortened, with nothing in it that a terminal would act on. */
export function quoted(text: string): string {
  const short = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
  return JSON.stringify(short).replace(/[\p{C}\u2028\u2029]/gu, (character) => `\\u{${codeOf(character)}}`);
}

/** The first character of a text that no text in the file may hold, in words. */
export function strayCharacter(text: string, multiline: boolean): string | undefined {
  for (const character of text) {
    if (multiline && (character === '\n' || character === '\t')) continue;
    if (!/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(character)) continue;
    return CHARACTER_NAMES[character] ?? `the control character U+${codeOf(character)}`;
  }
  return undefined;
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
