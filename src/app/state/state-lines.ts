import type { Json, JsonObject } from '../../core/json.ts';
import { isObject } from '../../core/json.ts';
import type { StatePath } from '../../core/problem.ts';

/** Where an entry stands in the state: undefined for what is so by default and not written there. */
export type StateLines = (path: StatePath) => StateLine | undefined;

export interface StateLine {
  /** The path as it is written. */
  readonly path: StatePath;
  readonly line: number;
}

/** The lines of the text of a valid state. */
export async function stateLines(text: string, data: JsonObject): Promise<StateLines> {
  const { parseState } = await import('../../core/state/parse.ts');
  const parsed = parseState(text);
  return (wanted) => {
    const path = writtenPath(wanted, data);
    if (!isWritten(path, data)) return undefined;
    const position = parsed.locate(path, 'key');
    return position === undefined ? undefined : { path, line: position.line };
  };
}

/** Groups are known by their names in lower case, and may be written in another. */
function writtenPath(path: StatePath, data: JsonObject): StatePath {
  const [section, name, ...rest] = path;
  const groups = data['groups'];
  if (section !== 'groups' || typeof name !== 'string' || !isObject(groups)) return path;
  const key = Object.keys(groups).find((written) => written.toLowerCase() === name) ?? name;
  return [section, key, ...rest];
}

function isWritten(path: StatePath, data: JsonObject): boolean {
  let value: Json | undefined = data;
  for (const step of path) {
    if (Array.isArray(value)) value = (value as readonly Json[])[Number(step)];
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return false;
    if (value === undefined) return false;
  }
  return true;
}
