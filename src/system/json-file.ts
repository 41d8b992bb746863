import { failed } from '../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { readIfPresent } from './files.ts';

/** What a member of a document has to be. */
type Kind = 'string' | 'number' | 'list' | 'map';

export interface JsonFileOptions<T> {
  /** Without these there is no working with it. */
  readonly needs: Partial<Record<keyof T & string, Kind>>;
  /** What to do when it is damaged, and what is lost by that. */
  readonly hint: string;
}

/**
 * What a program of ours wrote as JSON, or undefined where there is no such file.
 * @throws exit 1, with the hint, when it is damaged: the power went, or the disk is failing
 */
export function readJsonFile<T extends object>(path: string, { needs, hint }: JsonFileOptions<T>): T | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  const found = parse(text);
  const trouble = typeof found === 'string' ? found : missingIn(found, needs);
  if (trouble !== undefined) throw failed(`${path} is damaged: ${trouble}`, hint);
  return found as unknown as T;
}

/** One line of a file of many documents. */
export function parseJsonLine<T extends object>(line: string, needs: JsonFileOptions<T>['needs']): T | string {
  const found = parse(line);
  return typeof found === 'string' ? found : (missingIn(found, needs) ?? (found as unknown as T));
}

/** What JSON.parse says quotes the text, which may hold secrets. */
function parse(text: string): JsonObject | string {
  if (text.trim() === '') return 'it is empty';
  try {
    const found = JSON.parse(text) as Json;
    return isObject(found) ? found : 'it is another document';
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const at = /position (\d+)/.exec(error.message)?.[1];
    const isCut = /end of JSON|[Uu]nterminated/.test(error.message) || Number(at) >= text.trimEnd().length;
    return isCut ? 'it is cut short' : 'it is no JSON';
  }
}

function missingIn(found: JsonObject, needs: Readonly<Record<string, Kind | undefined>>): string | undefined {
  const missing = Object.entries(needs).find(([key, kind]) => kind !== undefined && !isA(kind, found[key]));
  return missing === undefined ? undefined : `"${missing[0]}" is not what it should be`;
}

function isA(kind: Kind, value: Json | undefined): boolean {
  if (kind === 'list') return Array.isArray(value);
  return kind === 'map' ? isObject(value) : typeof value === kind;
}
