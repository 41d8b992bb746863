const CONTINUES = /^[ \t]+[^\s#]/;
const BEGINS_AN_ENTRY = /^[^\s#]/;

/**
 * A file of which eboxmail owns one entry: the text with that entry replaced, everything else as it was. Continuation
 * lines (beginning with white space, aliases(5)) belong to the entry above them, also behind comments and empty lines.
 */
export function mergeOwnedLine(current: string | undefined, begins: string, line: string): string {
  if (current === undefined) return line;
  const found = findEntry(current, begins);
  if (found === undefined) return `${current}${current === '' || current.endsWith('\n') ? '' : '\n'}${line}`;
  const ours = line.replace(/\n$/, '');
  if (squeezed(found.entry.join('')) === squeezed(ours)) return current;
  return [...found.before, ours, ...found.behind].join('\n');
}

/** The text with our entry as it is in the original, or without one when that has none. */
export function giveBackOwnedLine(current: string, begins: string, original: string): string {
  const theirs = findEntry(original, begins)?.entry;
  const found = findEntry(current, begins);
  if (theirs !== undefined) return mergeOwnedLine(current, begins, `${theirs.join('\n')}\n`);
  return found === undefined ? current : [...found.before, ...found.behind].join('\n');
}

interface Found {
  readonly before: readonly string[];
  /** The entry and its continuation lines. */
  readonly entry: readonly string[];
  readonly behind: readonly string[];
}

function findEntry(text: string, begins: string): Found | undefined {
  const lines = text.split('\n');
  const at = lines.findIndex(
    (candidate) => BEGINS_AN_ENTRY.test(candidate) && candidate.toLowerCase().replace(/\s+/g, '').startsWith(begins),
  );
  if (at < 0) return undefined;
  const next = lines.findIndex((candidate, index) => index > at && BEGINS_AN_ENTRY.test(candidate));
  const end = next < 0 ? lines.length : next;
  const inside = lines.slice(at + 1, end);
  const isContinuation = (line: string): boolean => CONTINUES.test(line);
  return {
    before: lines.slice(0, at),
    entry: [lines[at] ?? '', ...inside.filter(isContinuation)],
    behind: [...inside.filter((line) => !isContinuation(line)), ...lines.slice(end)],
  };
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '');
}
