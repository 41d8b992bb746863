import { strayCharacter } from './state/schema-words.ts';

/** Longer than any password in use, short enough for a line of SMTP in base64 (RFC 4954 section 4). */
const MAX_BYTES = 500;

/**
 * Why a password cannot be used at a relay, in words that complete "the password …"; undefined when it can. Postfix keeps
 * it in a line of a table, whose blanks at the ends are lost. Never repeats the text.
 */
export function whyNotRelayPassword(text: string): string | undefined {
  if (text === '') return 'is empty';
  const stray = strayCharacter(text, false);
  if (stray !== undefined) return `contains ${stray}`;
  if (text !== text.trim()) return 'begins or ends with a blank, which Postfix would drop';
  return new TextEncoder().encode(text).length > MAX_BYTES ? `is longer than ${MAX_BYTES} bytes` : undefined;
}
