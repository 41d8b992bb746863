import { formatAddress, parseAnyAddress } from '../address.ts';
import { FETCH_PROTOCOLS, type FetchProtocol } from '../fetch/fetching.ts';
import { alreadyThere, notThere, usageError } from '../errors.ts';
import type { FetchEntry, StateFile } from '../generated/state-types.ts';
import { quoted } from '../state/schema-words.ts';
import { nearestAddress, wordHint } from '../state/unknown-key.ts';
import { sectionOf, withEntry } from './sections.ts';
import { requireUserKey } from './users.ts';

/** What a command line says of an account elsewhere; undefined stays as it is, null goes back to the default. */
export interface FetchSettings {
  readonly server?: string;
  readonly protocol?: FetchProtocol;
  readonly port?: number | null;
  readonly username?: string | null;
  readonly keep?: boolean;
  readonly insecure?: boolean;
  readonly passwordFile?: string;
}

export function addFetch(
  state: StateFile,
  user: string,
  address: string,
  settings: FetchSettings & Required<Pick<FetchSettings, 'server' | 'protocol' | 'passwordFile'>>,
): StateFile {
  const key = requireUserKey(state, user);
  const wanted = remoteAddress(address);
  if (indexOf(state, key, wanted) >= 0) throw alreadyThere(`mail of ${wanted} is fetched for ${key} already`);
  const { server, protocol, passwordFile } = settings;
  const entry = changed({ address, server, protocol, password: { file: passwordFile } }, settings);
  return withEntries(state, key, [...entriesOf(state, key), entry]);
}

export function setFetch(state: StateFile, user: string, address: string, settings: FetchSettings): StateFile {
  const key = requireUserKey(state, user);
  const at = requireIndex(state, key, address);
  return withEntries(
    state,
    key,
    entriesOf(state, key).map((entry, index) => (index === at ? changed(entry, settings) : entry)),
  );
}

export function removeFetch(state: StateFile, user: string, address: string): StateFile {
  const key = requireUserKey(state, user);
  const at = requireIndex(state, key, address);
  return withEntries(
    state,
    key,
    entriesOf(state, key).filter((_, index) => index !== at),
  );
}

export function hasFetchEntry(state: StateFile, user: string, address: string): boolean {
  return indexOf(state, requireUserKey(state, user), remoteAddress(address)) >= 0;
}

/** @throws not found */
export function requireFetchEntry(state: StateFile, user: string, address: string): FetchEntry {
  const key = requireUserKey(state, user);
  const entry = entriesOf(state, key)[requireIndex(state, key, address)];
  if (entry === undefined) throw new Error('an entry that was found is gone');
  return entry;
}

/** The secret files that entries of a state refer to. */
export function fetchPasswordFiles(state: StateFile): ReadonlySet<string> {
  return new Set(
    Object.values(sectionOf(state, 'users')).flatMap((user) =>
      (user?.fetch ?? []).map(({ password }) => password.file),
    ),
  );
}

export function protocolArgument(text: string): FetchProtocol {
  const found = FETCH_PROTOCOLS.find((name) => name === text);
  if (found !== undefined) return found;
  throw usageError(`${quoted(text)} is no protocol`, wordHint(text, FETCH_PROTOCOLS));
}

export function portArgument(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) return Number(text);
  throw usageError(`${quoted(text)} is no port`, 'give a number from 1 to 65535');
}

function changed(entry: FetchEntry, settings: FetchSettings): FetchEntry {
  const { server, protocol, port, username, keep, insecure, passwordFile } = settings;
  const result: Record<string, unknown> = { ...entry };
  const set = (key: string, value: unknown, isDefault: boolean): void => {
    if (value === undefined) return;
    if (isDefault) delete result[key];
    else result[key] = value;
  };
  set('server', server, false);
  // A port of its own belongs to the protocol it was given for.
  if (protocol !== undefined && protocol !== entry.protocol) delete result['port'];
  set('protocol', protocol, false);
  set('port', port, port === null);
  set('username', username, username === null);
  set('password', passwordFile && { file: passwordFile }, false);
  set('keep', keep, keep === false);
  set('insecure', insecure, insecure === false);
  return result as unknown as FetchEntry;
}

function entriesOf(state: StateFile, key: string): readonly FetchEntry[] {
  return sectionOf(state, 'users')[key]?.fetch ?? [];
}

function withEntries(state: StateFile, key: string, entries: readonly FetchEntry[]): StateFile {
  const { fetch: _, ...user } = sectionOf(state, 'users')[key] ?? {};
  return withEntry(state, 'users', key, entries.length === 0 ? user : { ...user, fetch: entries });
}

function requireIndex(state: StateFile, key: string, address: string): number {
  const wanted = remoteAddress(address);
  const at = indexOf(state, key, wanted);
  if (at >= 0) return at;
  const all = entriesOf(state, key).map((entry) => entry.address);
  const near = nearestAddress(wanted, all);
  const there = all.length === 0 ? 'nothing is fetched for this user' : `there is: ${all.join(', ')}`;
  const hint = near === undefined ? there : `did you mean ${near}?`;
  throw notThere(`no mail of ${wanted} is fetched for ${key}`, hint);
}

function indexOf(state: StateFile, key: string, address: string): number {
  return entriesOf(state, key).findIndex((entry) => {
    const parsed = parseAnyAddress(entry.address);
    return parsed.ok && formatAddress(parsed.value) === address;
  });
}

/** An address elsewhere as it is compared. @throws usage error when it is none */
export function remoteAddress(text: string): string {
  const parsed = parseAnyAddress(text);
  if (!parsed.ok) throw usageError(`${quoted(text)} is no address: it ${parsed.why}`);
  return formatAddress(parsed.value);
}
