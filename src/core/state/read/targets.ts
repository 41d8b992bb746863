import { formatAddress, parseAnyAddress, parseManagedAddress } from '../../address.ts';
import { isCopyDomain } from '../../copies.ts';
import type { Group, Target, User } from '../../model.ts';
import type { StatePath } from '../../problem.ts';
import type { DomainIndex } from './domains.ts';
import type { Findings } from './findings.ts';
import { nearest } from '../unknown-key.ts';

/** What targets are told apart by. */
export interface Known {
  readonly index: DomainIndex;
  readonly users: ReadonlyMap<string, User>;
  readonly groups: ReadonlyMap<string, Group>;
}

/** A target as it is written, with its kind; what is wrong with it is reported. */
export function readTarget(
  written: string,
  path: StatePath,
  { index, groups }: Known,
  findings: Findings,
): Target | undefined {
  if (!written.includes('@')) {
    const name = written.toLowerCase();
    if (groups.has(name)) return { kind: 'group', name, path };
    const near = nearest(name, [...groups.keys()]);
    const rule = 'a target without "@" is a group; write a full address for a user';
    const hint = near === undefined ? rule : `did you mean ${near}? If not, ${rule}`;
    findings.error('group-missing', path, 'value', `there is no group "${written}"`, hint);
    return undefined;
  }
  const parsed = parseAnyAddress(written);
  if (!parsed.ok) {
    findings.error('address', path, 'value', `"${written}" is no address: it ${parsed.why}`);
    return undefined;
  }
  const { local, domain } = parsed.value;
  if (isCopyDomain(domain)) {
    findings.error('reserved-domain', path, 'value', `the domain ${domain} is reserved for eboxmail itself`);
    return undefined;
  }
  const main = index.aliasOf.get(domain);
  if (main !== undefined) {
    const hint = `write ${local}@${main}`;
    findings.error('in-domain-alias', path, 'value', `${domain} is a domain alias of ${main}`, hint);
    return undefined;
  }
  if (!index.domains.has(domain)) return { kind: 'external', address: formatAddress(parsed.value), path };
  const managed = parseManagedAddress(written);
  if (managed.ok) return { kind: 'local', address: formatAddress(managed.value), path };
  findings.error('address', path, 'value', `"${written}" is no address that can be managed here: it ${managed.why}`);
  return undefined;
}
