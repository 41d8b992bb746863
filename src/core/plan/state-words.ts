import { fetchChanges } from './fetch-words.ts';
import { managedForm } from '../address.ts';
import { asMap, isObject, type Json, type JsonObject } from '../json.ts';
import { sameJson } from '../state/edit/changes.ts';

/** One change of the state, in words for people. */
export interface StateChange {
  readonly kind: 'added' | 'removed' | 'changed';
  /** Keys from the root of the state. */
  readonly path: readonly string[];
  /** e.g. `user bob@example.com: quota 1 GB → 2 GB`. */
  readonly text: string;
}

/** What one entry of a section is called. */
const NOUNS: Readonly<Record<string, string>> = {
  domains: 'domain',
  users: 'user',
  groups: 'group',
  aliases: 'alias',
  networks: 'network',
};

/** What differs between two states, entry by entry for the maps of things and setting by setting elsewhere. */
export function describeChanges(before: JsonObject, after: JsonObject): readonly StateChange[] {
  const changes: StateChange[] = [];
  for (const section of keysOf(before, after)) {
    const old = before[section] ?? null;
    const now = after[section] ?? null;
    if (old === now) continue;
    const noun = NOUNS[section];
    if (noun === undefined) changes.push(...settingChanges([section], old, now, (path) => path.join('.')));
    else changes.push(...entryChanges(section, noun, asMap(old), asMap(now)));
  }
  return changes;
}

function entryChanges(section: string, noun: string, before: JsonObject, after: JsonObject): readonly StateChange[] {
  const names = changedNames(before, after);
  const respelt = spellings(section, names, before, after);
  return names.flatMap((name): readonly StateChange[] => {
    const path = [section, name];
    const title = `${noun} ${name}`;
    const was = Object.hasOwn(before, name);
    const is = Object.hasOwn(after, name);
    const spelling = respelt.get(name);
    // Said at the entry as it is now.
    if (spelling !== undefined && was) return [];
    if (spelling !== undefined) {
      const label = (inner: readonly string[]): string => `${title}: ${inner.slice(2).join('.')}`;
      const changed = settingChanges(path, before[spelling] ?? null, after[name] ?? null, label);
      return [{ kind: 'changed', path, text: `${title} was written ${spelling}` }, ...changed];
    }
    if (!was) return [{ kind: 'added', path, text: `${title}${detail(section, after[name])}` }];
    if (!is) return [{ kind: 'removed', path, text: `${title}${detail(section, before[name])}` }];
    const label = (inner: readonly string[]): string =>
      inner.length === 2 ? title : `${title}: ${inner.slice(2).join('.')}`;
    return settingChanges(path, before[name] ?? null, after[name] ?? null, label);
  });
}

/**
 * Names that are the same to everybody but were written in another way: in capitals, or an IDN domain as its A-label.
 * @returns by each of the two the other one
 */
function spellings(
  section: string,
  names: readonly string[],
  before: JsonObject,
  after: JsonObject,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (section !== 'users' && section !== 'domains' && section !== 'aliases') return found;
  const come = names.filter((name) => !Object.hasOwn(before, name));
  const gone = names.filter((name) => !Object.hasOwn(after, name));
  if (come.length === 0 || gone.length === 0) return found;
  const formOf = (name: string): string => managedForm(section === 'domains' ? `x@${name}` : name) ?? name;
  const was = new Map(gone.map((name) => [formOf(name), name]));
  for (const name of come) {
    const old = was.get(formOf(name));
    if (old !== undefined) found.set(name, old).set(old, name);
  }
  return found;
}

/** In the order of both; mostly few of many change. */
function changedNames(before: JsonObject, after: JsonObject): readonly string[] {
  const isSame = (name: string): boolean => Object.hasOwn(after, name) && sameJson(before[name], after[name]);
  const [gone, come] = [Object.keys(before), Object.keys(after)];
  return [...gone.filter((name) => !isSame(name)), ...come.filter((name) => !Object.hasOwn(before, name))];
}

/** Where mail goes is worth saying when an alias comes or goes. */
function detail(section: string, value: Json | undefined): string {
  return section === 'aliases' && value !== undefined ? ` → ${asList(value).map(wordFor).join(', ')}` : '';
}

function settingChanges(
  path: readonly string[],
  before: Json,
  after: Json,
  label: (path: readonly string[]) => string,
): readonly StateChange[] {
  if (sameJson(before, after)) return [];
  if (path.at(-1) === 'password') return [{ kind: 'changed', path, text: `${label(path)} changed` }];
  if (path[0] === 'users' && path[2] === 'fetch') return fetchChanges(path, before, after, label(path));
  if ((isObject(before) || before === null) && (isObject(after) || after === null)) {
    const [old, now] = [asMap(before), asMap(after)];
    return keysOf(old, now).flatMap((key) => settingChanges([...path, key], old[key] ?? null, now[key] ?? null, label));
  }
  if (Array.isArray(before) || Array.isArray(after)) return listChanges(path, before, after, label(path));
  // Who has no word about it has an account: taking it away adds nothing.
  if (isAccount(path) && (before ?? true) !== (after ?? true)) {
    const text = `${label(path)} ${wordFor(before ?? true)} → ${wordFor(after ?? true)}`;
    return [{ kind: 'changed', path, text }];
  }
  const text = `${label(path)} ${wordFor(before)} → ${wordFor(after)}`;
  return [{ kind: before === null ? 'added' : after === null ? 'removed' : 'changed', path, text }];
}

function isAccount(path: readonly string[]): boolean {
  return path[0] === 'users' && path[2] === 'account' && path.length === 3;
}

function listChanges(path: readonly string[], before: Json, after: Json, title: string): readonly StateChange[] {
  const missingIn = (items: readonly Json[], others: readonly Json[]): readonly string[] => {
    const known = new Set(others.map((item) => JSON.stringify(item)));
    return items.filter((item) => !known.has(JSON.stringify(item))).map(wordFor);
  };
  const gains = missingIn(asList(after), asList(before));
  const loses = missingIn(asList(before), asList(after));
  const text = [
    gains.length > 0 ? `gains ${gains.join(', ')}` : '',
    loses.length > 0 ? `loses ${loses.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join(' and ');
  return [{ kind: 'changed', path, text: `${title} ${text === '' ? 'has another order' : text}` }];
}

function wordFor(value: Json): string {
  if (value === null) return '(default)';
  // An entry of a list of maps: its settings one after the other.
  if (isObject(value)) {
    const shown = Object.entries(value).filter(([key]) => key !== 'password');
    return shown.map(([key, inner]) => `${key} ${wordFor(inner)}`).join(' ');
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function asList(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : value === null ? [] : [value];
}

function keysOf(a: JsonObject, b: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}
