import type { StateFile } from '../../generated/state-types.ts';
import type { Domain, Target } from '../../model.ts';
import type { Findings } from './findings.ts';
import { readTarget, type Known } from './targets.ts';

/** Reads `domains.*.catch_all`: the domains again, each with its catch-all. */
export function readCatchAlls(state: StateFile, known: Known, findings: Findings): ReadonlyMap<string, Domain> {
  const domains = new Map<string, Domain>();
  for (const domain of known.index.domains.values()) {
    const written = state.domains?.[domain.key]?.catch_all;
    const read = (name: 'copy_to' | 'unknown_to'): Target | undefined => {
      const address = written?.[name];
      const path = ['domains', domain.key, 'catch_all', name];
      if (address === undefined) return undefined;
      if (address.includes('@')) return readTarget(address, path, known, findings);
      findings.error('address', path, 'value', `"${address}" is no address: it has no "@"`);
      return undefined;
    };
    if (written === undefined) domains.set(domain.name, domain);
    else {
      const onBounce = written.on_bounce ?? 'sender';
      domains.set(domain.name, {
        ...domain,
        catchAll: { copyTo: read('copy_to'), onBounce, unknownTo: read('unknown_to') },
      });
    }
  }
  return domains;
}
