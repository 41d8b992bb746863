import type { StateFile } from '../../generated/state-types.ts';
import type { Alias, Target } from '../../model.ts';
import type { Findings } from './findings.ts';
import { readTarget, type Known } from './targets.ts';
import { readManagedAddress } from './users.ts';

/** Reads `aliases`: addresses, clashes with users, and the kind of each target. */
export function readAliases(state: StateFile, known: Known, findings: Findings): Map<string, Alias> {
  const aliases = new Map<string, Alias>();
  for (const [key, value] of Object.entries(state.aliases ?? {})) {
    const path = ['aliases', key];
    const address = readManagedAddress(key, path, known.index, findings);
    if (address === undefined) continue;
    const other = aliases.get(address);
    if (known.users.has(address)) {
      const hint = 'an address is either a user or an alias; to keep a copy elsewhere, make an alias with both targets';
      findings.error('address-clash', path, 'key', `${address} is already a user`, hint);
    } else if (other !== undefined) {
      findings.error('address-duplicate', path, 'key', `the alias is there twice, also as "${other.key}"`);
    } else {
      aliases.set(address, { address, key, targets: readTargets(key, value, known, findings) });
    }
  }
  return aliases;
}

function readTargets(
  key: string,
  value: string | readonly string[],
  known: Known,
  findings: Findings,
): readonly Target[] {
  const single = typeof value === 'string';
  const targets = new Map<string, Target>();
  (single ? [value] : value).forEach((written, position) => {
    const path = single ? ['aliases', key] : ['aliases', key, position];
    const target = readTarget(written, path, known, findings);
    if (target === undefined) return;
    const id = target.kind === 'group' ? target.name : target.address;
    if (targets.has(id)) findings.error('target-duplicate', path, 'value', `${id} is a target of ${key} twice`);
    else targets.set(id, target);
  });
  return [...targets.values()];
}
