const CONTINUES = /^[ \t]+[^\s#]/;
const BEGINS_AN_ENTRY = /^[^\s#]/;
/** The name of an entry of aliases(5), as it is or in quotes, in which a backslash stands for what follows it. */
const NAME = /^(?:"((?:[^"\\]|\\.)*)"|([^\s":#]+))\s*:/;

/**
 * A file of which eboxmail owns one entry: the text with that entry replaced, everything else as it was. Continuation
 * lines (beginning with white space, aliases(5)) belong to the entry above them, also behind comments and empty lines.
 * Of several entries of that name Postfix goes by the first, and warns: ours takes its place, and the others go.
 */
export function mergeOwnedLine(current: string | undefined, begins: string, line: string): string {
  if (current === undefined) return line;
  const { entries, without } = takeOut(current, begins);
  const [first] = entries;
  if (first === undefined) return `${current}${current === '' || current.endsWith('\n') ? '' : '\n'}${line}`;
  const ours = line.replace(/\n$/, '');
  if (squeezed(textOf(entries)) === squeezed(ours)) return current;
  return without.toSpliced(first.at, 0, ours).join('\n');
}

/**
 * The text with our entry as it is in the original, or without one when that has none. Where it is what an apply makes of
 * the original, it is the original, byte for byte.
 */
export function giveBackOwnedLine(current: string, begins: string, original: string): string {
  const { entries, without } = takeOut(current, begins);
  if (entries.length === 1 && mergeOwnedLine(original, begins, `${textOf(entries)}\n`) === current) return original;
  const theirs = takeOut(original, begins).entries;
  if (theirs.length > 0) return mergeOwnedLine(current, begins, `${textOf(theirs)}\n`);
  return entries.length === 0 ? current : without.join('\n');
}

interface Entry {
  /** Where it begins, in the lines without those of the entries. */
  readonly at: number;
  /** The entry and its continuation lines. */
  readonly lines: readonly string[];
}

interface TakenOut {
  readonly entries: readonly Entry[];
  /** All other lines. */
  readonly without: readonly string[];
}

function takeOut(text: string, begins: string): TakenOut {
  const lines = text.split('\n');
  const entries: { at: number; lines: string[] }[] = [];
  const without: string[] = [];
  let open: string[] | undefined;
  for (const [index, line] of lines.entries()) {
    if (BEGINS_AN_ENTRY.test(line)) {
      open = isOurs(lines, index, begins) ? [line] : undefined;
      if (open === undefined) without.push(line);
      else entries.push({ at: without.length, lines: open });
    } else if (open !== undefined && CONTINUES.test(line)) open.push(line);
    else without.push(line);
  }
  return { entries, without };
}

/** The colon may be on a line that goes on with the one of the name. */
function isOurs(lines: readonly string[], index: number, begins: string): boolean {
  const goesOn = lines.slice(index + 1).find((line) => BEGINS_AN_ENTRY.test(line) || CONTINUES.test(line)) ?? '';
  const [, quoted, plain = ''] = NAME.exec(`${lines[index] ?? ''}${CONTINUES.test(goesOn) ? goesOn : ''}`) ?? [];
  const name = quoted?.replace(/\\(.)/g, '$1') ?? plain;
  return `${name.toLowerCase()}:` === begins;
}

function textOf(entries: readonly Entry[]): string {
  return entries.flatMap(({ lines }) => lines).join('\n');
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '');
}
