import stringWidth from 'fast-string-width';

/** How many columns a text takes on a terminal. Most texts are plain, and looking at each character is slow. */
export function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}
