import { formatAddress, parseAnyAddress, parseDomain, type Parsed } from '../../address.ts';
import type { RelayRule as WrittenRule, SmarthostSection, StateFile } from '../../generated/state-types.ts';
import type { NetworkPolicy, Relay, RelayPolicy, RelayRule, RuleMatch } from '../../model.ts';
import type { StatePath } from '../../problem.ts';
import { DEFAULT_RELAY_PORT, isLoopback, parseRelayHost } from '../../relay-host.ts';
import type { DomainIndex } from './domains.ts';
import type { Findings } from './findings.ts';

/** Reads `relay`, with every default filled in. */
export function readRelay({ relay }: StateFile, index: DomainIndex, findings: Findings): RelayPolicy {
  const networks = new Map<string, NetworkPolicy>();
  for (const [key, policy] of Object.entries(relay?.networks ?? {})) {
    const name = key.toLowerCase();
    const path = ['relay', 'networks', key];
    if (networks.has(name)) findings.error('network-duplicate', path, 'key', `the network ${name} is there twice`);
    else networks.set(name, { policy, path });
  }
  const smarthost = relay?.smarthost;
  return {
    smarthost: smarthost === undefined ? undefined : readHost(smarthost, ['relay', 'smarthost'], findings),
    networks,
    rules: readRules(relay?.rules ?? [], index, findings),
  };
}

function readHost(written: SmarthostSection, path: StatePath, findings: Findings): Relay | undefined {
  const { port = DEFAULT_RELAY_PORT, username, password } = written;
  const host = parseRelayHost(written.host);
  if (!host.ok) {
    const hint = 'write a name, [name] for no MX look-up, an IPv4 address, or [IPv6 address]';
    findings.error('relay-host', [...path, 'host'], 'value', `"${written.host}" is no host: it ${host.why}`, hint);
    return undefined;
  }
  if (username !== undefined && username !== username.trim()) {
    const message = 'the user name begins or ends with a blank, which Postfix would drop';
    findings.error('relay-username', [...path, 'username'], 'value', message);
  }
  if (written.tls === 'verify' && host.value.kind === 'ip') {
    const hint = 'write the name of the server, in brackets for no MX look-up';
    findings.error(
      'relay-tls',
      [...path, 'tls'],
      'value',
      'only the certificate of a named host can be verified',
      hint,
    );
  }
  const login = username === undefined || password === undefined ? undefined : { username, file: password.file };
  const secret = login !== undefined && !isLoopback(host.value);
  return { host: host.value, port, tls: written.tls ?? (secret ? 'required' : 'opportunistic'), login, path };
}

function readRules(written: readonly WrittenRule[], index: DomainIndex, findings: Findings): readonly RelayRule[] {
  const known = new Set<string>();
  return written.flatMap((rule, position): readonly RelayRule[] => {
    const path = ['relay', 'rules', position];
    const match = readMatch(rule, path, index, findings);
    const relay = readWay(rule, path, findings);
    if (match === undefined) return [];
    const id = JSON.stringify(match);
    if (known.has(id)) {
      findings.error('relay-rule', path, 'value', `there is a rule for ${matchText(match)} already`, 'remove one');
    }
    known.add(id);
    return [{ match, relay, path }];
  });
}

/** A rule in words, as `relay rule` takes it. */
export function matchText(match: RuleMatch): string {
  if (match.kind === 'sender-address') return `sender ${match.address}`;
  return `${match.kind === 'sender-domain' ? 'sender' : 'recipient'} ${match.domain}`;
}

function readMatch(rule: WrittenRule, path: StatePath, index: DomainIndex, findings: Findings): RuleMatch | undefined {
  const { sender, recipient } = rule;
  if ((sender === undefined) === (recipient === undefined)) {
    const what = sender === undefined ? 'neither a sender nor a recipient' : 'both a sender and a recipient';
    findings.error('relay-rule', path, 'value', `the rule has ${what}`, 'write one of them');
    return undefined;
  }
  const parsed = parseMatch(sender === undefined ? 'recipient' : 'sender', sender ?? recipient ?? '', index);
  if (parsed.ok) return parsed.value;
  const [key, text] = sender === undefined ? ['recipient', recipient] : ['sender', sender];
  findings.error('relay-rule', [...path, key], 'value', `"${text}" is no ${key} of a rule: it ${parsed.why}`);
  return undefined;
}

/** What a rule is about, from its words. */
export function parseMatch(
  kind: 'sender' | 'recipient',
  text: string,
  index: Pick<DomainIndex, 'domains'>,
): Parsed<RuleMatch> {
  if (kind === 'recipient' && text.includes('@'))
    return { ok: false, why: 'is an address, and only whole domains are possible' };
  if (kind === 'recipient' || !text.includes('@')) {
    const domain = parseDomain(text);
    return domain.ok ? { ok: true, value: { kind: `${kind}-domain`, domain: domain.value } } : domain;
  }
  const address = parseAnyAddress(text);
  if (!address.ok) return address;
  const { local, domain } = address.value;
  const plus = local.indexOf('+');
  if (index.domains.has(domain) && plus > 0) return { ok: false, why: 'has a detail behind "+": write it without' };
  // Postfix compares senders without case.
  return {
    ok: true,
    value: { kind: 'sender-address', address: formatAddress({ local: local.toLowerCase(), domain }) },
  };
}

function readWay(rule: WrittenRule, path: StatePath, findings: Findings): Relay | undefined {
  const { sender: _sender, recipient: _recipient, direct, host, ...others } = rule;
  if (host !== undefined) {
    if (direct === true)
      findings.error('relay-rule', path, 'value', 'the rule has a host and is direct', 'remove one of them');
    return readHost({ ...others, host }, path, findings);
  }
  if (direct !== true) {
    findings.error('relay-rule', path, 'value', 'the rule has no host', 'add "host: …" or "direct: true"');
  } else if (Object.keys(others).length > 0) {
    const keys = Object.keys(others).join(', ');
    findings.error(
      'relay-rule',
      path,
      'value',
      `a direct rule has no server that ${keys} could be about`,
      `remove ${keys}`,
    );
  }
  return undefined;
}
