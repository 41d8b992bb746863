import { stringify } from 'yaml';
import type { Json } from '../../json.ts';
import { isObject } from '../../json.ts';
import { UneditableError } from './uneditable.ts';

/** Strings that YAML 1.1 takes for something else are quoted too: other programs may read the file. */
const OPTIONS = {
  compat: 'yaml-1.1',
  lineWidth: 0,
  blockQuote: false,
  doubleQuotedMinMultiLineLength: 1e9,
  flowCollectionPadding: false,
} as const;
const IN_FLOW = { ...OPTIONS, collectionStyle: 'flow' } as const;
/** Texts that need no quotes anywhere, without asking the library: at least one `@` or `.` inside, so no word of YAML. */
const PLAIN = /^[A-Za-z][A-Za-z0-9_-]*[@.][A-Za-z][A-Za-z0-9@._-]*$/;

/** Line breaks and what does not show: always escaped. */
const SPECIAL = /[\n\r\x7f-\x9f\u2028\u2029\ufeff]/;
const INVISIBLE = /[\x7f-\x9f\u2028\u2029\ufeff]/g;

export type QuoteType = 'QUOTE_SINGLE' | 'QUOTE_DOUBLE';

/** A scalar on one line, quoted only when needed, or the way `quote` says. */
export function scalarText(value: null | boolean | number | string, inFlow: boolean, quote?: QuoteType): string {
  if (typeof value === 'string' && quote === undefined && PLAIN.test(value)) return value;
  if (typeof value === 'string' && SPECIAL.test(value)) return escaped(value);
  const type = quote === undefined ? {} : { defaultStringType: quote, defaultKeyType: 'PLAIN' as const };
  const text = inFlow
    ? stringify([value], { ...IN_FLOW, ...type }).slice(1, -2)
    : stringify({ k: value }, { ...OPTIONS, ...type }).slice(3, -1);
  return oneLine(text, []);
}

/** A key on one line, without its colon. */
export function keyText(key: string, inFlow: boolean): string {
  if (PLAIN.test(key)) return key;
  if (SPECIAL.test(key)) return escaped(key);
  const map = new Map([[key, 0]]);
  const text = inFlow ? stringify(map, IN_FLOW).slice(1, -2) : stringify(map, OPTIONS).slice(0, -1);
  if (!text.endsWith(': 0')) throw new UneditableError([key], 'the key is too long');
  return oneLine(text.slice(0, -3), [key]);
}

/** A text in double quotes: what JSON allows YAML allows too. */
function escaped(text: string): string {
  const escape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(INVISIBLE, escape);
}

function oneLine(text: string, path: readonly string[]): string {
  if (text.includes('\n')) throw new UneditableError(path, 'a text needs more than one line');
  return text;
}

/** A value on one line: lists as `[a, b]`, maps as `{a: b}`; collections are always in flow style. */
export function inlineText(value: Json, inFlow: boolean): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => inlineText(item, true)).join(', ')}]`;
  if (isObject(value)) return `{${Object.entries(value).map(flowPair).join(', ')}}`;
  return scalarText(value as null | boolean | number | string, inFlow);
}

function flowPair([key, value]: [string, Json]): string {
  return `${keyText(key, true)}: ${inlineText(value, true)}`;
}
