/** Sizes as people write them in the state: `25 MB`, `2 GB`; 1 kB = 1024 bytes, 1 MB = 1048576 bytes (contract, section 3). */
const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** As the schema has it, but for the case of the unit. */
const SIZE = /^(\d+(?:\.\d{1,3})?) ?(B|kB|MB|GB|TB)$/i;

/** Bytes; null means unlimited; undefined means that the text is no size. */
export function parseSize(text: string): number | null | undefined {
  if (text.toLowerCase() === 'unlimited') return null;
  const match = SIZE.exec(text);
  if (!match) return undefined;
  const bytes = Number(match[1]) * (UNITS[(match[2] ?? '').toUpperCase()] ?? NaN);
  return Number.isSafeInteger(Math.round(bytes)) && bytes >= 1 ? Math.round(bytes) : undefined;
}

/** A size from a command line as it is written in the state, where units have one spelling; undefined when it is none. */
export function writtenSize(text: string): string | undefined {
  if (parseSize(text) === undefined) return undefined;
  const match = SIZE.exec(text);
  if (match === null) return 'unlimited';
  const unit = (match[2] ?? '').toUpperCase();
  return `${match[1] ?? ''} ${unit === 'KB' ? 'kB' : unit}`;
}

/** As the schema has it; on a command line a bare number will do. */
const DAYS = /^([1-9]\d{0,4}) ?d?$/;

/** Days of `30 d`; null means never; undefined means that the text is neither. */
export function parseDays(text: string): number | null | undefined {
  if (text === 'never') return null;
  const match = DAYS.exec(text);
  return match === null ? undefined : Number(match[1]);
}

export function formatDays(days: number | null): string {
  return days === null ? 'never' : `${days} d`;
}

/** `26214400` → `25 MB`: the largest unit that gives a whole number. */
export function formatSize(bytes: number | null): string {
  if (bytes === null) return 'unlimited';
  for (const unit of ['TB', 'GB', 'MB', 'KB']) {
    const size = UNITS[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit === 'KB' ? 'kB' : unit}`;
  }
  return `${bytes} B`;
}

/** `1234567` → `1.2 MB`, for what is counted and not set. */
export function approximateSize(bytes: number): string {
  const unit = ['TB', 'GB', 'MB', 'kB'].find((name) => bytes >= (UNITS[name.toUpperCase()] ?? 1));
  if (unit === undefined) return `${bytes} B`;
  const size = bytes / (UNITS[unit.toUpperCase()] ?? 1);
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}
