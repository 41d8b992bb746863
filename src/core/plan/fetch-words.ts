import { asMap, isObject, type Json, type JsonObject } from '../json.ts';
import type { StateChange } from './state-words.ts';

/** What changes in a user's accounts elsewhere, by their addresses. */
export function fetchChanges(
  path: readonly string[],
  before: Json,
  after: Json,
  title: string,
): readonly StateChange[] {
  const [old, now] = [entriesOf(before), entriesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((address): readonly StateChange[] => {
    const [was, is] = [old.get(address), now.get(address)];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const kind = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
    const entry = asMap(is ?? was);
    const insecure = entry['insecure'] === true && kind !== 'removed' ? ', without verifying its certificate' : '';
    const text = `${title} ${address} from ${word(entry['server'])} by ${word(entry['protocol'])}${insecure}`;
    return [{ kind, path, text: kind === 'changed' ? `${text} (changed)` : text }];
  });
}

function entriesOf(value: Json): ReadonlyMap<string, JsonObject> {
  const items: readonly Json[] = Array.isArray(value) ? (value as readonly Json[]) : [];
  return new Map(items.filter(isObject).map((entry) => [word(entry['address']), entry] as const));
}

function word(value: Json | undefined): string {
  return typeof value === 'string' ? value : '?';
}
