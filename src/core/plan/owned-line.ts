const CONTINUES = /^[ \t]+[^\s#]/;
const BEGINS_AN_ENTRY = /^[^\s#]/;

/**
 * A file of which eboxmail owns one entry: the text with that entry replaced, everything else as it was. Continuation
 * lines (beginning with white space, aliases(5)) belong to the entry above them, also behind comments and empty lines.
 */
export function mergeOwnedLine(current: string | undefined, begins: string, line: string): string {
  if (current === undefined) return line;
  const lines = current.split('\n');
  const at = lines.findIndex(
    (candidate) => BEGINS_AN_ENTRY.test(candidate) && candidate.toLowerCase().replace(/\s+/g, '').startsWith(begins),
  );
  if (at < 0) return `${current}${current === '' || current.endsWith('\n') ? '' : '\n'}${line}`;
  const next = lines.findIndex((candidate, index) => index > at && BEGINS_AN_ENTRY.test(candidate));
  const behind = lines.slice(at + 1, next < 0 ? lines.length : next);
  const continuation = behind.filter((candidate) => CONTINUES.test(candidate));
  const ours = line.replace(/\n$/, '');
  if (squeezed([lines[at] ?? '', ...continuation].join('')) === squeezed(ours)) return current;
  const kept = behind.filter((candidate) => !CONTINUES.test(candidate));
  return [...lines.slice(0, at), ours, ...kept, ...lines.slice(at + 1 + behind.length)].join('\n');
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '');
}
