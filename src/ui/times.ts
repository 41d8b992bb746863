/** A time in the zone of the reader, to the second: `2026-11-24 23:29:05`. */
export function localTime(time: number): string {
  const date = new Date(time);
  return `${localDay(time)} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The day that a time belongs to in the zone of the reader. */
export function localDay(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
