import { formatAddress, parseManagedAddress } from '../../address.ts';
import type { StateFile } from '../../generated/state-types.ts';
import type { Password, User } from '../../model.ts';
import { parseSize } from '../../units.ts';
import { isPlainHash, whyNotPassword } from './password.ts';
import { domainHint, type DomainIndex } from './domains.ts';
import { readFetchEntries } from './fetch.ts';
import type { Findings } from './findings.ts';

/** Reads `users`: addresses, their domains, duplicates after case folding, passwords and quotas. */
export function readUsers(state: StateFile, index: DomainIndex, findings: Findings): Map<string, User> {
  const users = new Map<string, User>();
  for (const [key, value] of Object.entries(state.users ?? {})) {
    const address = readManagedAddress(key, ['users', key], index, findings);
    if (address === undefined) continue;
    const other = users.get(address);
    if (other !== undefined) {
      findings.error('address-duplicate', ['users', key], 'key', `the user is there twice, also as "${other.key}"`);
      continue;
    }
    const account = value?.account ?? true;
    const password = readPassword(value?.password, key, findings);
    if (account && password === undefined && value?.password === undefined) {
      const hint = `set one with: eboxmail user passwd ${address}`;
      findings.warning('password-missing', ['users', key], 'key', `${address} has no password and cannot log in`, hint);
    }
    users.set(address, {
      address,
      key,
      name: value?.name,
      password,
      account,
      quota: readQuota(value?.quota, key, findings),
      fetch: readFetchEntries(value?.fetch ?? [], key, findings),
    });
  }
  return users;
}

/**
 * A key of the state that must be an address in a domain managed here. Reports what is wrong and gives undefined then.
 */
export function readManagedAddress(
  key: string,
  path: readonly string[],
  index: DomainIndex,
  findings: Findings,
): string | undefined {
  const parsed = parseManagedAddress(key);
  if (!parsed.ok) {
    findings.error('address', path, 'key', `"${key}" is no address that can be managed here: it ${parsed.why}`);
    return undefined;
  }
  const { local, domain } = parsed.value;
  if (index.domains.has(domain)) return formatAddress(parsed.value);
  const main = index.aliasOf.get(domain);
  if (main !== undefined) {
    const hint = `write ${local}@${main}; it then works in ${domain} too`;
    findings.error('in-domain-alias', path, 'key', `${domain} is a domain alias of ${main}`, hint);
  } else {
    const hint = domainHint(domain, index);
    findings.error('unmanaged-domain', path, 'key', `the domain ${domain} is not managed here`, hint);
  }
  return undefined;
}

function readPassword(
  written: string | { file: string } | undefined,
  key: string,
  findings: Findings,
): Password | undefined {
  if (written === undefined) return undefined;
  if (typeof written !== 'string') return { file: written.file };
  if (isPlainHash(written)) return { hash: written };
  const path = ['users', key, 'password'];
  const wrong = whyNotPassword(written);
  if (wrong !== undefined) {
    const hint = `let eboxmail make the hash: eboxmail user passwd ${key}`;
    findings.error('password', path, 'value', `the password of ${key} ${wrong}`, hint);
    return undefined;
  }
  if (/^\{(PLAIN|CLEAR|CLEARTEXT)(\.[A-Z0-9]+)?\}/i.test(written)) {
    const hint = `replace it by a hash: eboxmail user passwd ${key}`;
    findings.warning('password-plain', path, 'value', `the password of ${key} stands in the file in clear text`, hint);
  }
  return { hash: written };
}

function readQuota(written: string | undefined, key: string, findings: Findings): number | null | undefined {
  if (written === undefined || written === 'default') return undefined;
  const bytes = parseSize(written);
  if (bytes === undefined) {
    const path = ['users', key, 'quota'];
    const hint = 'write e.g. 500 MB, 2 GB, unlimited or default';
    findings.error('size', path, 'value', `"${written}" is less than one byte, or too large`, hint);
  }
  return bytes;
}
