/**
 * The YAML library miscounts offsets of block scalars with CRLF, so everything is read with LF and offsets are mapped
 * back to the text as it is in the file.
 */
export interface LfText {
  /** The text with every CRLF turned into LF. */
  readonly text: string;
  /** What new lines are to end with: what the first line of the file ends with. */
  readonly eol: '\n' | '\r\n';
  /** Whether CRLF and lone LF (or lone CR) are mixed. */
  readonly mixed: boolean;
  /** Offset in `text` to offset in the original text. */
  toOriginal(offset: number): number;
}

/** Reads a text with LF only, remembering where the CRs were. */
export function toLf(original: string): LfText {
  if (!original.includes('\r')) return { text: original, eol: '\n', mixed: false, toOriginal: (offset) => offset };
  const text = original.replaceAll('\r\n', '\n');
  /** Offsets in `text` of those line feeds that had a CR before them, ascending. */
  const breaks: number[] = [];
  for (let at = original.indexOf('\r\n'); at !== -1; at = original.indexOf('\r\n', at + 2))
    breaks.push(at - breaks.length);
  const firstBreak = text.indexOf('\n');
  return {
    text,
    eol: breaks.length > 0 && breaks[0] === firstBreak ? '\r\n' : '\n',
    mixed: text.includes('\r') || breaks.length !== text.split('\n').length - 1,
    toOriginal: (offset) => offset + countBelow(breaks, offset),
  };
}

/** How many of the ascending `numbers` are smaller than `limit`. */
export function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? Infinity) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
