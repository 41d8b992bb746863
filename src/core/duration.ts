/** Times as people write them: `90 s`, `30 min`, `2h`, `3 d`, `1 w`. */
const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400, w: 604_800 };

const DURATION = /^(\d{1,9}) ?(s|min|h|d|w)$/i;

/** Seconds; undefined when the text is no time. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text.trim());
  return match === null ? undefined : Number(match[1]) * (SECONDS[(match[2] ?? '').toLowerCase()] ?? NaN);
}

/** An age in its largest unit, rounded down: `45 s`, `12 min`, `5 h`, `3 d`. */
export function formatAge(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
