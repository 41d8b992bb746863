import { formatAddress, parseAnyAddress, parseDomain, type Parsed } from '../../address.ts';
import { parseDuration } from '../../duration.ts';
import type { BuiltinSection } from '../../generated/state-types.ts';
import type { BuiltinFilter, FilterPolicy, Greylisting, Learning, SenderPolicy } from '../../model.ts';
import type { StatePath } from '../../problem.ts';
import { domainHint, type DomainIndex } from './domains.ts';
import type { Findings } from './findings.ts';

type WrittenPolicy = Pick<BuiltinSection, 'threshold' | 'reject' | 'senders'>;

/** rspamd's own. */
const DEFAULT_SCORES = { threshold: 6, reject: 15 } as const;

const BUILTIN: StatePath = ['filter', 'builtin'];

/** Reads `filter.builtin`, with every default filled in. */
export function readBuiltin(written: BuiltinSection, index: DomainIndex, findings: Findings): BuiltinFilter {
  const server = readPolicy(written, BUILTIN, DEFAULT_SCORES, findings);
  const lower = (words: readonly string[] | undefined): readonly string[] => [
    ...new Set((words ?? []).map((word) => word.toLowerCase())),
  ];
  return {
    mode: 'builtin',
    onFailure: written.on_failure ?? 'tempfail',
    subjectTag: written.subject_tag,
    antivirus: written.antivirus,
    greylisting: readGreylisting(written.greylisting ?? {}),
    learning: readLearning(written.learning ?? {}),
    bannedExtensions: lower(written.banned?.extensions),
    bannedTypes: lower(written.banned?.types),
    server,
    domains: readDomainPolicies(written.domains ?? {}, server, index, findings),
  };
}

/** rspamd's own delay and score. */
function readGreylisting(written: NonNullable<BuiltinSection['greylisting']>): Greylisting | undefined {
  if (written.enabled !== true) return undefined;
  return { delay: parseDuration(written.delay ?? '5 min') ?? NaN, score: written.score ?? 4 };
}

function readLearning({ enabled, messages }: NonNullable<BuiltinSection['learning']>): Learning | undefined {
  return enabled === true ? { messages: messages ?? 200 } : undefined;
}

function readDomainPolicies(
  written: NonNullable<BuiltinSection['domains']>,
  server: FilterPolicy,
  index: DomainIndex,
  findings: Findings,
): BuiltinFilter['domains'] {
  const policies = new Map<string, FilterPolicy>();
  for (const [key, value] of Object.entries(written)) {
    const path = [...BUILTIN, 'domains', key];
    const name = parseDomain(key);
    const main = name.ok ? index.aliasOf.get(name.value) : undefined;
    if (!name.ok) findings.error('domain-name', path, 'key', `"${key}" is no mail domain: it ${name.why}`);
    else if (main !== undefined) {
      findings.error('in-domain-alias', path, 'key', `"${key}" is a domain alias of ${main}`, `write ${main}`);
    } else if (!index.domains.has(name.value)) {
      const hint = domainHint(name.value, index);
      findings.error('unmanaged-domain', path, 'key', `"${key}" is no domain that is managed here`, hint);
    } else if (policies.has(name.value)) findings.error('domain-duplicate', path, 'key', 'the domain is there twice');
    else policies.set(name.value, readPolicy(value, path, server, findings));
  }
  return policies;
}

function readPolicy(
  written: WrittenPolicy,
  path: StatePath,
  byDefault: Pick<FilterPolicy, 'threshold' | 'reject'>,
  findings: Findings,
): FilterPolicy {
  const threshold = written.threshold ?? byDefault.threshold;
  const reject = typeof written.reject === 'string' ? null : (written.reject ?? byDefault.reject);
  if (reject !== null && reject <= threshold) {
    const key = written.reject === undefined ? 'threshold' : 'reject';
    const message = `mail is refused from ${reject} on, so none would only be spam, from ${threshold} on`;
    findings.error('filter-scores', [...path, key], 'value', message, 'reject must be higher than threshold, or never');
  }
  return { threshold, reject, senders: readSenders(written.senders ?? {}, [...path, 'senders'], findings) };
}

function readSenders(
  written: NonNullable<WrittenPolicy['senders']>,
  path: StatePath,
  findings: Findings,
): ReadonlyMap<string, SenderPolicy> {
  const senders = new Map<string, SenderPolicy>();
  for (const [key, policy] of Object.entries(written)) {
    const sender = parseSender(key);
    if (!sender.ok) findings.error('filter-sender', [...path, key], 'key', `"${key}" is no sender: it ${sender.why}`);
    else if (senders.has(sender.value))
      findings.error('filter-sender', [...path, key], 'key', 'the sender is there twice');
    else senders.set(sender.value, policy);
  }
  return senders;
}

/** As senders are compared: an address or `@domain`, in lower case and A-labels. */
export function parseSender(text: string): Parsed<string> {
  if (text.startsWith('@')) {
    const domain = parseDomain(text.slice(1));
    return domain.ok ? { ok: true, value: `@${domain.value}` } : domain;
  }
  const address = parseAnyAddress(text);
  return address.ok ? { ok: true, value: formatAddress(address.value).toLowerCase() } : address;
}
