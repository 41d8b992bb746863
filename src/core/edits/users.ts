import { alreadyExists, alreadyThere, notFound, usageError } from '../errors.ts';
import type { StateFile, UserEntry } from '../generated/state-types.ts';
import { domainOf } from '../recipients.ts';
import { whyNotPassword } from '../state/read/password.ts';
import { quoted } from '../state/schema-words.ts';
import { nearest } from '../state/unknown-key.ts';
import { parseSize, writtenSize } from '../units.ts';
import {
  addressArgument,
  addressAsWritten,
  addressKey,
  aliasOwner,
  domainKey,
  missing,
  requireManagedDomain,
} from './names.ts';
import { putEntry } from './draft.ts';
import { withoutAddresses, type Cleaned } from './references.ts';
import { sectionOf, withEntry, withoutEntries } from './sections.ts';

/** Settings of a user; what is undefined stays as it is, what is null goes back to the default. */
export interface UserSettings {
  readonly name?: string | null;
  readonly quota?: string | null;
  readonly account?: boolean;
  readonly password?: string;
}

export function addUser(state: StateFile, text: string, settings: UserSettings): StateFile {
  return putEntry(state, 'users', addressAsWritten(text, state), newUser(state, text, settings));
}

/** The entry of a new user. @throws when there cannot be one with this address and these settings */
export function newUser(state: StateFile, text: string, settings: UserSettings): UserEntry {
  const address = addressArgument(text, state);
  requireManagedDomain(state, address);
  const key = addressKey(state, 'users', address);
  if (key !== undefined) throw alreadyThere(`the user ${key} is already there`);
  const alias = addressKey(state, 'aliases', address);
  if (alias !== undefined) throw alreadyExists(`${alias} is already an alias`, `first: eboxmail alias remove ${alias}`);
  return entryWith(settings);
}

/** The entry that these settings alone make. */
export function entryWith(settings: UserSettings): UserEntry {
  return changed({}, settings);
}

/** A former user's entry, as it was, under an address that is free. */
export function restoreUser(state: StateFile, text: string, entry: UserEntry): StateFile {
  const address = addressArgument(text, state);
  const domain = domainOf(address);
  if (domainKey(state, domain) === undefined && aliasOwner(state, domain) === undefined) {
    const near = nearest(domain, Object.keys(sectionOf(state, 'domains')));
    const meant = near === undefined ? '' : `did you mean ${near}? If not: `;
    const way = `${meant}eboxmail domain add ${domain}; or give the user another address with --as`;
    throw notFound(`there is no domain ${domain} for ${address}`, way);
  }
  requireManagedDomain(state, address);
  const key = addressKey(state, 'users', address);
  const hint = 'give it another address with --as, or remove what is there first';
  if (key !== undefined) throw alreadyExists(`there is a user ${key}, with a mailbox of its own`, hint);
  const alias = addressKey(state, 'aliases', address);
  if (alias !== undefined) throw alreadyExists(`${alias} is an alias now`, hint);
  return withEntry(state, 'users', addressAsWritten(text, state), entry);
}

export function setUser(state: StateFile, text: string, settings: UserSettings): StateFile {
  const key = requireUserKey(state, text);
  return putEntry(state, 'users', key, changed(sectionOf(state, 'users')[key] ?? {}, settings));
}

/** Removes a user, and takes the address out of groups and aliases. */
export function removeUser(state: StateFile, text: string): Cleaned {
  const key = requireUserKey(state, text);
  const { state: cleaned, effects } = withoutAddresses(state, [addressArgument(text, state)]);
  return { state: withoutEntries(cleaned, 'users', [key]), effects };
}

/** The key of a user that must exist. */
export function requireUserKey(state: StateFile, text: string): string {
  const address = addressArgument(text, state);
  return (
    addressKey(state, 'users', address) ?? missing('user', address, state, 'users', `eboxmail user add ${address}`)
  );
}

function changed(entry: UserEntry, { name, quota, account, password }: UserSettings): UserEntry {
  checkSettings({ quota, password });
  const result: Record<string, unknown> = { ...entry };
  const set = (key: string, value: unknown, isDefault: boolean): void => {
    if (value === undefined) return;

    if (isDefault) delete result[key];
    else result[key] = value;
  };
  set('name', name, name === null);
  set('password', password, false);
  set('account', account, account === true);
  const defaultQuota = quota === null || quota === 'default';
  set('quota', defaultQuota ? null : quota && writtenSize(quota), defaultQuota);
  return result;
}

/** @throws usage error */
export function checkSettings({ quota, password }: UserSettings): void {
  if (quota !== undefined && quota !== null && quota !== 'default' && parseSize(quota) === undefined) {
    throw usageError(`${quoted(quota)} is no size`, 'write e.g. "500 MB", "2 GB", unlimited or default');
  }
  const wrong = password === undefined ? undefined : whyNotPassword(password);
  if (wrong !== undefined) {
    throw usageError(
      `the password hash ${wrong}`,
      "write it as Dovecot does: '{SHA512-CRYPT}$6$…', or use --password-stdin",
    );
  }
}
