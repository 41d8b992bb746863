import { parseDomain } from '../../address.ts';
import type { StateFile } from '../../generated/state-types.ts';
import type { Domain, DomainAlias } from '../../model.ts';
import { nearest } from '../unknown-key.ts';
import type { Findings } from './findings.ts';

/** What a domain name stands for: itself, or an alias of another one. */
export interface DomainIndex {
  readonly domains: Map<string, Domain>;
  /** Domain alias → domain, both in A-labels. */
  readonly aliasOf: Map<string, string>;
}

/** What to do about a domain that is not managed here. */
export function domainHint(domain: string, { domains }: DomainIndex): string {
  const near = nearest(domain, [...domains.keys()]);
  const add = `add it with: eboxmail domain add ${domain}`;
  return near === undefined ? add : `did you mean ${near}? If not, ${add}`;
}

/** Reads `domains`: malformed names, duplicates after case folding and IDNA, aliases that clash. */
export function readDomains(state: StateFile, findings: Findings): DomainIndex {
  const domains = new Map<string, Domain>();
  const aliasOf = new Map<string, string>();
  const written = Object.entries(state.domains ?? {});
  for (const [key] of written) {
    const name = parseDomain(key);
    if (!name.ok) {
      findings.error('domain-name', ['domains', key], 'key', `"${key}" is no mail domain: it ${name.why}`);
    } else if (domains.has(name.value)) {
      const other = domains.get(name.value)?.key ?? '';
      findings.error('domain-duplicate', ['domains', key], 'key', `the domain is there twice, also as "${other}"`);
    } else {
      domains.set(name.value, { name: name.value, key, aliases: [], catchAll: undefined });
    }
  }
  for (const [key, value] of written) {
    const name = parseDomain(key);
    const domain = name.ok ? domains.get(name.value) : undefined;
    if (domain === undefined || domain.key !== key) continue;
    const aliases = readAliases(domain, value?.aliases ?? [], { domains, aliasOf }, findings);
    domains.set(domain.name, { ...domain, aliases });
  }
  return { domains, aliasOf };
}

function readAliases(
  domain: Domain,
  written: readonly string[],
  index: DomainIndex,
  findings: Findings,
): readonly DomainAlias[] {
  const aliases: DomainAlias[] = [];
  written.forEach((key, position) => {
    const path = ['domains', domain.key, 'aliases', position];
    const name = parseDomain(key);
    if (!name.ok) {
      findings.error('domain-name', path, 'value', `"${key}" is no mail domain: it ${name.why}`);
      return;
    }
    const owner = index.aliasOf.get(name.value);
    if (index.domains.has(name.value)) {
      const what = name.value === domain.name ? 'the domain itself' : `a domain of its own`;
      findings.error('domain-alias-clash', path, 'value', `"${key}" is ${what}, so it cannot be an alias`);
    } else if (owner !== undefined) {
      findings.error('domain-alias-clash', path, 'value', `"${key}" is already an alias of ${owner}`);
    } else {
      index.aliasOf.set(name.value, domain.name);
      aliases.push({ name: name.value, key });
    }
  });
  return aliases;
}
