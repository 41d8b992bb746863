/** What core cannot know by itself: the present, and what the clock on the wall showed. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** A time of the local zone in milliseconds since 1970; `month` counts from 0. */
  readonly local: (year: number, month: number, day: number, hour: number, minute: number, second: number) => number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** syslog's traditional form, RFC 3164 section 4.1.2: no year, no zone, a day below 10 after two blanks. */
const TRADITIONAL = /^([A-Z][a-z]{2}) ([ \d]\d \d\d:\d\d:\d\d)(?:\.\d+)? /;

/** RFC 3339; journalctl's short-iso writes the zone without a colon, rspamd's own file has a blank and no zone. */
const DATED = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)? /;

export interface Stamp {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Characters that it takes, with the blank behind it. */
  readonly length: number;
}

/** A day more than the file says: clocks differ. */
const SLACK = 24 * 60 * 60 * 1000;

/** Finds the time at the beginning of a line; undefined when there is none. */
export type StampReader = (line: string) => Stamp | undefined;

/** The longest of the forms, without fractions of seconds. */
const SECONDS = 'YYYY-MM-DDTHH:MM:SS'.length;

/**
 * Reads the times of the lines of one log. A year that is not written is the latest in which the line is not younger
 * than `latest` (when the file was last written to), which is right over New Year.
 */
export function stampReader(latest: number, clock: Clock): StampReader {
  // Lines of one second follow each other.
  let known = '';
  let [second, zone] = ['', ''];
  let whole = 0;
  return (line) => {
    const quick = second === '' ? undefined : sameSecond(line, second, zone, whole);
    if (quick !== undefined) return quick;
    const dated = DATED.exec(line);
    const match = dated ?? TRADITIONAL.exec(line);
    if (match === null) return undefined;
    const text = dated === null ? match[0] : line.slice(0, SECONDS) + (dated[3] ?? '');
    if (text !== known) {
      const time = dated === null ? traditionalTime(match, latest, clock) : datedTime(line, dated[3], clock);
      if (time === undefined) return undefined;
      known = text;
      whole = time;
      [second, zone] = dated === null ? ['', ''] : [line.slice(0, SECONDS), dated[3] ?? ''];
    }
    const fraction = dated?.[2];
    const time = fraction === undefined ? whole : whole + Math.floor(Number(`0.${fraction}`) * 1000);
    return { time, length: match[0].length };
  };
}

/**
 * The stamp of a line that is of the same second as one in RFC 3339 before it. Nearly all are, and regular expressions are
 * most of what reading a log costs.
 * @param second the text up to the second
 */
function sameSecond(line: string, second: string, zone: string, whole: number): Stamp | undefined {
  if (!line.startsWith(second)) return undefined;
  let at = SECONDS;
  let fraction = 0;
  if (line.charCodeAt(at) === DOT) {
    let value = 100;
    if (!isDigit(line.charCodeAt(at + 1))) return undefined;
    for (at += 1; isDigit(line.charCodeAt(at)); at += 1) {
      fraction += Math.floor(value) * (line.charCodeAt(at) - ZERO);
      value /= 10;
    }
  }
  const end = at + zone.length;
  if (!line.startsWith(zone, at) || line.charCodeAt(end) !== BLANK) return undefined;
  return { time: whole + fraction, length: end + 1 };
}

const [BLANK, DOT, ZERO, NINE] = [0x20, 0x2e, 0x30, 0x39];

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function traditionalTime(match: RegExpExecArray, latest: number, clock: Clock): number | undefined {
  const month = MONTHS.indexOf(match[1] ?? '');
  if (month < 0) return undefined;
  const [day = 0, hour = 0, minute = 0, second = 0] = (match[2] ?? '').split(/[ :]+/).filter(Boolean).map(Number);
  const youngest = latest + SLACK;
  for (let year = new Date(youngest).getUTCFullYear() + 1, tries = 0; tries < 9; year -= 1, tries += 1) {
    // 29 February is 1 March in most years.
    if (month === 1 && day === 29 && new Date(Date.UTC(year, 1, 29)).getUTCMonth() !== 1) continue;
    const time = clock.local(year, month, day, hour, minute, second);
    if (time <= youngest) return time;
  }
  return undefined;
}

/** Without the fraction. */
function datedTime(line: string, zone: string | undefined, clock: Clock): number {
  const part = (begin: number, end: number): number => Number(line.slice(begin, end));
  const [month, day, hour, minute, second] = [part(5, 7), part(8, 10), part(11, 13), part(14, 16), part(17, 19)];
  if (zone === undefined) return clock.local(part(0, 4), month - 1, day, hour, minute, second);
  const utc = Date.UTC(part(0, 4), month - 1, day, hour, minute, second);
  if (zone === 'Z') return utc;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return utc - (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * What people write for the beginning of a time: `2h`, `30 min`, `7 d` ago, `today`, `yesterday`, `2026-11-24`,
 * `2026-11-24 20:15`, RFC 3339. Undefined when it is none of them.
 */
export function parseSince(text: string, clock: Clock): number | undefined {
  const ago = /^(\d{1,6}) ?(s|min|h|d|w)$/.exec(text);
  if (ago !== null) return clock.now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? NaN) * 1000;
  if (text === 'today') return dayStart(clock, 0);
  if (text === 'yesterday') return dayStart(clock, -1);
  const date = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(text);
  if (date === null) return undefined;
  const [, day = '', minutes = '00:00', seconds = ':00', zone = ''] = date;
  const [, month = 0, dayOfMonth = 0] = day.split('-').map(Number);
  const [hour = 0, minute = 0] = minutes.split(':').map(Number);
  if (month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > 31 || hour > 23 || minute > 59) return undefined;
  return stampReader(clock.now, clock)(`${day}T${minutes}${seconds}${zone} `)?.time;
}

/** Midnight of the local zone, so many days from today. */
export function dayStart(clock: Clock, days: number): number {
  const today = new Date(clock.now);
  // The zone's own date: the local midnight that is not in the future, of the three that UTC's date allows.
  for (const around of [1, 0, -1]) {
    const at = (extra: number): number =>
      clock.local(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate() + around + extra, 0, 0, 0);
    if (at(0) <= clock.now) return at(days);
  }
  return clock.now;
}
