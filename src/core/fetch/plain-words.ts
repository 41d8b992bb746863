/** What a stranger's server said, as a terminal may get it: one line, not too long. */
export function plainWords(text: string): string {
  return text
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, 200);
}
