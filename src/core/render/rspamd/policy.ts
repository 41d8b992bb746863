import type { Directory } from '../../directory.ts';
import type { BuiltinFilter, FilterPolicy } from '../../model.ts';
import type { TrustedClients } from './memory.ts';

/** What templates/rspamd/policy.lua reads: policies under every name of a domain. JSON is its own quoting. */
export function policyJson(filter: BuiltinFilter, directory: Directory, trusted: readonly TrustedClients[]): string {
  const domains = [...filter.domains].flatMap(([domain, policy]) =>
    directory.namesOf(domain).map((name) => [name, policyData(policy)] as const),
  );
  const data = {
    server: policyData(filter.server),
    domains: Object.fromEntries(domains),
    ...(filter.subjectTag === undefined ? {} : { subject_tag: filter.subjectTag }),
    ...(filter.greylisting === undefined ? {} : { greylist: filter.greylisting.score, clients: trusted }),
    banned_extensions: filter.bannedExtensions,
    banned_types: filter.bannedTypes,
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}

function policyData({ threshold, reject, senders }: FilterPolicy): object {
  return { threshold, ...(reject === null ? {} : { reject }), senders: Object.fromEntries(senders) };
}
