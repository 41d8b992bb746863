import { usageError } from '../errors.ts';
import type { FilterSection, StateFile } from '../generated/state-types.ts';
import { quoted } from '../state/schema-words.ts';
import { wordHint } from '../state/unknown-key.ts';
import { requireDomain } from './domains.ts';
import { domainArgument } from './names.ts';
import { asIs, onOff, oneOf, optionName, withValue, type Section, type Value } from './server.ts';

/** Options of `filter set`, as they stand on a command line; `default` takes one away again. */
export interface FilterSettings {
  readonly address?: string;
  readonly port?: string;
  readonly returnPort?: string;
  readonly threshold?: string;
  readonly reject?: string;
  readonly subjectTag?: string;
  readonly onFailure?: string;
  readonly antivirus?: string;
  readonly greylisting?: string;
  readonly greylistingDelay?: string;
  readonly greylistingScore?: string;
  readonly learning?: string;
  readonly learningMessages?: string;
  /** Whose scores are meant; those of all domains when absent. */
  readonly domain?: string;
}

export const FILTER_MODES = ['none', 'builtin', 'custom'] as const;
export type FilterMode = (typeof FILTER_MODES)[number];

interface Place {
  /** The mode that the option is about. */
  readonly mode: FilterMode;
  /** Below `filter`. */
  readonly path: readonly string[];
  readonly read: (option: string, word: string) => Value;
  /** Each domain may have its own. */
  readonly byDomain?: true;
}

const PLACES: Readonly<Record<Exclude<keyof FilterSettings, 'domain'>, Place>> = {
  address: { mode: 'custom', path: ['address'], read: asIs },
  port: { mode: 'custom', path: ['port'], read: port },
  returnPort: { mode: 'custom', path: ['return_port'], read: port },
  threshold: { mode: 'builtin', path: ['threshold'], read: score, byDomain: true },
  reject: {
    mode: 'builtin',
    path: ['reject'],
    read: (option, word) => (word === 'never' ? word : score(option, word)),
    byDomain: true,
  },
  subjectTag: { mode: 'builtin', path: ['builtin', 'subject_tag'], read: asIs },
  antivirus: { mode: 'builtin', path: ['builtin', 'antivirus'], read: socket },
  onFailure: { mode: 'builtin', path: ['builtin', 'on_failure'], read: oneOf('tempfail', 'accept') },
  greylisting: { mode: 'builtin', path: ['builtin', 'greylisting', 'enabled'], read: onOff },
  greylistingDelay: { mode: 'builtin', path: ['builtin', 'greylisting', 'delay'], read: delay },
  greylistingScore: { mode: 'builtin', path: ['builtin', 'greylisting', 'score'], read: score },
  learning: { mode: 'builtin', path: ['builtin', 'learning', 'enabled'], read: onOff },
  learningMessages: { mode: 'builtin', path: ['builtin', 'learning', 'messages'], read: messages },
};

/**
 * Sets the mode and what else is given of the filter. The settings of the other modes stay, so that a filter can be
 * switched off and on again.
 */
export function setFilter(state: StateFile, mode: string, { domain, ...settings }: FilterSettings): StateFile {
  if (!FILTER_MODES.some((known) => known === mode)) {
    throw usageError(`${quoted(mode)} is no kind of filter`, wordHint(mode, FILTER_MODES));
  }
  const given = Object.entries(settings) as [keyof typeof PLACES, string | undefined][];
  let filter = sectionOf({ ...(state.filter ?? {}), mode: mode as FilterMode });
  for (const [name, word] of given) {
    if (word === undefined) continue;
    const { mode: wanted, path, read, byDomain } = PLACES[name];
    const option = optionName(name);
    if (wanted !== mode) throw usageError(`${option} is an option of "filter set ${wanted}"`);
    if (domain !== undefined && byDomain !== true) throw usageError(`${option} is not for one domain`);
    const place = byDomain === true ? [...policyPath(state, domain), ...path] : path;
    filter = withValue(filter, place, word === 'default' ? undefined : read(option, word));
  }
  if (domain !== undefined && given.every(([, word]) => word === undefined)) {
    throw usageError('--domain alone sets nothing', 'give --threshold or --reject too');
  }
  return { ...state, filter: filter };
}

/** Allows or blocks a sender for all domains or one; undefined takes the sender off the list. */
export function setFilterSender(
  state: StateFile,
  sender: string,
  policy: 'allow' | 'block' | undefined,
  domain: string | undefined,
): StateFile {
  const path = [...policyPath(state, domain), 'senders'];
  const filter = sectionOf(state.filter ?? {});
  const known = Object.keys(valueAt(filter, path) ?? {});
  const key = known.find((one) => one.toLowerCase() === sender.toLowerCase()) ?? sender;
  return withFilter(state, withValue(filter, [...path, key], policy));
}

/** Bans kinds of files, or takes them off the list: ends of names, with or without a dot, and MIME types. */
export function setBanned(state: StateFile, kinds: readonly string[], banned: boolean): StateFile {
  const { filter } = state;
  const before = filter?.builtin?.banned ?? {};
  const types = kinds.filter((kind) => kind.includes('/'));
  const extensions = kinds.filter((kind) => !kind.includes('/')).map((kind) => kind.replace(/^\*?\./, ''));
  const after = {
    ...before,
    ...changedList('extensions', before.extensions, extensions, banned),
    ...changedList('types', before.types, types, banned),
  };
  const left = Object.fromEntries(Object.entries(after).filter(([, list]) => list.length > 0));
  const { banned: _, ...others } = filter?.builtin ?? {};
  const builtin = Object.keys(left).length === 0 ? others : { ...others, banned: left };
  const { builtin: __, ...rest } = filter ?? {};
  return withFilter(state, sectionOf(Object.keys(builtin).length === 0 ? rest : { ...filter, builtin }));
}

function changedList(
  name: 'extensions' | 'types',
  before: readonly string[] | undefined,
  kinds: readonly string[],
  banned: boolean,
): Readonly<Partial<Record<'extensions' | 'types', readonly string[]>>> {
  if (kinds.length === 0) return {};
  const words = kinds.map((kind) => kind.toLowerCase());
  const list = before ?? [];
  if (!banned) return { [name]: list.filter((kind) => !words.includes(kind.toLowerCase())) };
  const known = new Set(list.map((kind) => kind.toLowerCase()));
  return { [name]: [...list, ...new Set(words.filter((word) => !known.has(word)))] };
}

/** A section that would be made only to be empty is not made. */
function withFilter(state: StateFile, filter: Section): StateFile {
  return state.filter === undefined && Object.keys(filter).length === 0 ? state : { ...state, filter };
}

/** Where the policy for a domain stands below `filter`. */
function policyPath(state: StateFile, domain: string | undefined): readonly string[] {
  if (domain === undefined) return ['builtin'];
  return ['builtin', 'domains', requireDomain(state, domainArgument(domain))];
}

function valueAt(section: Section, path: readonly string[]): Section | undefined {
  return path.reduce<Section | undefined>((inner, key) => {
    const value = inner?.[key];
    return typeof value === 'object' ? value : undefined;
  }, section);
}

function sectionOf(filter: FilterSection): Section {
  return filter as unknown as Section;
}

/** Where Debian's clamav-daemon listens. */
const CLAMD_SOCKET = '/run/clamav/clamd.ctl';

function socket(option: string, word: string): string {
  if (word === 'on') return CLAMD_SOCKET;
  if (word.startsWith('/')) return word;
  throw usageError(`${option} cannot be ${quoted(word)}`, 'write on, the path of a socket, or default');
}

function score(option: string, word: string): number {
  if (/^\d{1,5}(\.\d{1,3})?$/.test(word)) return Number(word);
  const never = option === '--reject' ? ', never' : '';
  throw usageError(`${option} cannot be ${quoted(word)}`, `write a score such as 6${never} or default`);
}

function delay(option: string, word: string): string {
  const [, number, unit] = /^([1-9]\d{0,3}) ?(s|min)$/.exec(word) ?? [];
  if (number !== undefined && unit !== undefined) return `${number} ${unit}`;
  throw usageError(`${option} cannot be ${quoted(word)}`, 'write seconds or minutes such as "5 min", or default');
}

function messages(option: string, word: string): number {
  if (/^[1-9]\d{0,5}$/.test(word)) return Number(word);
  throw usageError(`${option} cannot be ${quoted(word)}`, 'write a number of messages such as 200, or default');
}

function port(option: string, word: string): number {
  if (/^\d{1,5}$/.test(word)) return Number(word);
  throw usageError(`${option} cannot be ${quoted(word)}`, 'write the number of a port, or default');
}
