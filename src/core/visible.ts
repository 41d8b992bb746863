/** Control and format characters, which a terminal may act on; joiners of letters and emoji are none of them. */
const UNSAFE = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Text from outside as it may be shown: what a terminal could act on is written out; lines and tabs stay. */
export function visibleText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNSAFE, written);
}

/** The same for a field, which is one line without tabs. */
export function visibleField(text: string): string {
  return visibleText(text).replace(/[\n\t]/g, written);
}

/** A character by its number, as JavaScript writes it. */
export function written(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16).toUpperCase().padStart(4, '0')}}`;
}
