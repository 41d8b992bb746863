/** Finds the first of the needles in bytes from `from` (included) to `to` (not): its place, or -1. */
export type Finder = (bytes: Uint8Array, from: number, to: number) => number;

/**
 * A search for many byte strings at once that looks at few of the bytes (Wu and Manber, "A fast algorithm for
 * multi-pattern searching", 1994): the last two bytes of a window say how far it may move on. Letters of ASCII match in
 * both cases. A gigabyte that holds none of them takes some tenths of a second.
 * @param needles none shorter than two bytes
 */
export function finderOf(needles: readonly Uint8Array[]): Finder {
  if (needles.length === 0) return () => -1;
  const folded = needles.map((needle) => needle.map(fold));
  const width = Math.min(...folded.map(({ length }) => length));
  const shifts = new Uint16Array(0x10000).fill(Math.min(width - 1, 0xffff));
  /** Needles whose windows end in a pair of bytes: the first of them, and the next of each. */
  const firsts = new Map<number, number>();
  const nexts: (number | undefined)[] = [];
  const chained: Uint8Array[] = [];
  for (const needle of folded) {
    for (let place = 0; place < width - 1; place += 1) {
      const distance = width - 2 - place;
      for (const pair of spellings(byteAt(needle, place), byteAt(needle, place + 1))) {
        shifts[pair] = Math.min(shifts[pair] as number, distance);
        if (distance > 0) continue;
        nexts.push(firsts.get(pair));
        firsts.set(pair, chained.push(needle) - 1);
      }
    }
  }
  return (bytes, from, to) => {
    let last = from + width - 1;
    while (last < to) {
      const pair = ((bytes[last - 1] as number) << 8) | (bytes[last] as number);
      const shift = shifts[pair] as number;
      if (shift > 0) last += shift;
      else {
        const start = last - width + 1;
        for (let one = firsts.get(pair); one !== undefined; one = nexts[one]) {
          if (standsAt(bytes, start, to, chained[one] as Uint8Array, width)) return start;
        }
        last += 1;
      }
    }
    return -1;
  };
}

/** The end of the window first: what was counted up, as ids are, begins alike. */
function standsAt(bytes: Uint8Array, start: number, to: number, needle: Uint8Array, width: number): boolean {
  if (start + needle.length > to) return false;
  for (let n = width - 1; n >= 0; n -= 1) if (fold(byteAt(bytes, start + n)) !== needle[n]) return false;
  for (let n = width; n < needle.length; n += 1) if (fold(byteAt(bytes, start + n)) !== needle[n]) return false;
  return true;
}

function byteAt(bytes: Uint8Array, place: number): number {
  return bytes[place] as number;
}

function fold(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** Both cases of two folded bytes, as the number that a pair of them makes. */
function spellings(first: number, second: number): readonly number[] {
  const cases = (byte: number): readonly number[] => (byte >= 0x61 && byte <= 0x7a ? [byte, byte - 0x20] : [byte]);
  return cases(first).flatMap((one) => cases(second).map((two) => (one << 8) | two));
}
