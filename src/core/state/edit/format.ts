import type { Json, JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';
import { inlineText, keyText } from './scalar.ts';

/** Where in the file something new is written. */
export interface Place {
  /** Number of keys above and including the one that is written: 1 is a section, 2 an entry of it. */
  readonly depth: number;
  /** Column of the key. */
  readonly column: number;
  /** By how much the file indents. */
  readonly step: number;
  /** Whether literal blocks (`|`) may be used: not in a file without final newline. */
  readonly literals: boolean;
}

/** A value as written behind its key: on the key's line, and on the lines below (each with its line break). */
export interface FormattedValue {
  readonly inline: string;
  readonly below: string;
}

/** Maps up to this many characters are written on one line below the depth of an entry. */
const SMALL_MAP = 60;
const SMALL_MAP_KEYS = 2;

/** Writes a value in block context. */
export function formatValue(value: Json, place: Place): FormattedValue {
  if (typeof value === 'string') {
    const below = place.literals ? literalLines(value, place.column + place.step) : undefined;
    return below === undefined
      ? { inline: inlineText(value, false), below: '' }
      : { inline: value.endsWith('\n') ? '|' : '|-', below };
  }
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    if (!items.some((item) => typeof item === 'object' && item !== null)) return oneLine(value);
    const pad = ' '.repeat(place.column + place.step);
    return { inline: '', below: items.map((item) => `${pad}- ${inlineText(item, false)}\n`).join('') };
  }
  if (!isObject(value) || isFlow(value, place)) return oneLine(value);
  const inner = { ...place, depth: place.depth + 1, column: place.column + place.step };
  const below = Object.entries(value).map(([key, item]) => formatEntry(key, item, inner));
  return { inline: '', below: below.join('') };
}

/** Writes a key with its value as lines of a block map. */
export function formatEntry(key: string, value: Json, place: Place): string {
  const { inline, below } = formatValue(value, place);
  return `${' '.repeat(place.column)}${keyText(key, false)}:${inline === '' ? '' : ` ${inline}`}\n${below}`;
}

function oneLine(value: Json): FormattedValue {
  return { inline: inlineText(value, false), below: '' };
}

function isFlow(map: JsonObject, place: Place): boolean {
  const values = Object.values(map);
  if (values.length === 0) return true;
  if (place.depth < 3 || values.length > SMALL_MAP_KEYS) return false;
  return !values.some((item) => isObject(item)) && inlineText(map, false).length <= SMALL_MAP;
}

/** The lines of a literal block, when the text has several lines and nothing that a literal block cannot hold. */
function literalLines(value: string, column: number): string | undefined {
  if (!/^[^\s].*\n/.test(value) || value.endsWith('\n\n')) return undefined;
  const lines = (value.endsWith('\n') ? value.slice(0, -1) : value).split('\n');
  if (!lines.every((line) => line === '' || /^[\t\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]*[^\s]$/.test(line)))
    return undefined;
  return lines.map((line) => (line === '' ? '\n' : `${' '.repeat(column)}${line}\n`)).join('');
}
