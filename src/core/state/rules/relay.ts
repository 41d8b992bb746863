import { COPY_DOMAIN } from '../../copies.ts';
import type { MailModel, NetworkObject, Relay } from '../../model.ts';
import { areTooWide, formatNetwork, isTooWide, type Network } from '../../network.ts';
import type { StatePath } from '../../problem.ts';
import { domainOf, localDomains } from '../../recipients.ts';
import { nearest } from '../unknown-key.ts';
import type { DomainIndex } from '../read/domains.ts';
import type { Findings } from '../read/findings.ts';

/** The server's own ports for mail: a relay there would be the server itself. */
const OWN_PORTS = [25, 465, 587];

/** Relay policies are about objects that exist, contradict one another nowhere and do not open the server to everyone. */
export function checkNetworks(model: MailModel, findings: Findings): void {
  for (const [name, { path }] of model.relay.networks) {
    if (model.networks.has(name)) continue;
    const near = nearest(name, [...model.networks.keys()]);
    const hint = near === undefined ? `add it with: eboxmail network add ${name}` : `did you mean ${near}?`;
    findings.error('network-missing', path, 'key', `there is no network object ${name}`, hint);
  }
  checkContradictions(model, findings);
  checkOpenRelay(model, findings);
}

function checkContradictions({ networks, relay }: MailModel, findings: Findings): void {
  const seen = new Map<string, { readonly name: string; readonly policy: string }>();
  for (const { name, members } of networks.values()) {
    const policy = relay.networks.get(name)?.policy;
    if (policy === undefined) continue;
    for (const { network, path } of members) {
      const id = formatNetwork(network);
      const other = seen.get(id);
      if (other === undefined) seen.set(id, { name, policy });
      else if (other.policy !== policy) {
        const message = `${id} is in ${other.name} too, whose policy is ${other.policy}, and in ${name} it is ${policy}`;
        findings.error('network-policy', path, 'value', message, 'take it out of one of the two');
      }
    }
  }
}

const FORCE = 'if that is meant, --force on the command or "open: true" in the network object allows it';

function checkOpenRelay({ networks, relay }: MailModel, findings: Findings): void {
  const policyOf = ({ name }: NetworkObject): string | undefined => relay.networks.get(name)?.policy;
  const allowed = [...networks.values()].filter((object) => policyOf(object) === 'allow');
  const networksOf = (objects: readonly NetworkObject[]): readonly Network[] =>
    objects.flatMap(({ members }) => members.map(({ network }) => network));
  const together = areTooWide(networksOf(allowed).filter((network) => !isTooWide(network)));
  let told = false;
  for (const object of networks.values()) {
    const { name, key, members, open } = object;
    const policy = policyOf(object);
    const wide = members.filter(({ network }) => isTooWide(network));
    const path: StatePath = ['networks', key];
    if (!open && policy !== 'deny') {
      told ||= wide.length > 0 && policy === 'allow';
      for (const { network, path: at } of wide) {
        const message = `${formatNetwork(network)} is as good as everybody: allowed to relay, it would make an open relay`;
        findings.error('open-relay', at, 'value', message, FORCE);
      }
    } else if (open && policy === 'allow' && (wide.length > 0 || together)) {
      const message = `the network ${name} makes this server an open relay: strangers can send mail to everywhere through it`;
      findings.warning(
        'open-relay',
        relay.networks.get(name)?.path ?? path,
        'key',
        message,
        `to end that: eboxmail relay unset ${name}`,
      );
    } else if (open && wide.length === 0) {
      const hint = 'take it out of the state file, so that nothing too wide can slip in';
      findings.warning('network-open', [...path, 'open'], 'key', `${name} is not so wide that it needs "open"`, hint);
    }
  }
  if (told || !areTooWide(networksOf(allowed.filter(({ open }) => !open)))) return;
  const message = 'the allowed networks together are as good as everybody: this would make an open relay';
  findings.error('open-relay', ['relay', 'networks'], 'key', message, FORCE);
}

/** Rules are about mail that leaves: what is managed here stays here. */
export function checkRelays(model: MailModel, index: DomainIndex, findings: Findings): void {
  const { smarthost, rules } = model.relay;
  for (const relay of [smarthost, ...rules.map((rule) => rule.relay)]) checkNotOurselves(relay, model, findings);
  for (const { match, path } of rules) {
    if (match.kind === 'recipient-domain') {
      const { domain } = match;
      const why = whyItStays(domain, model, index);
      if (why !== undefined) {
        const hint = 'rules are for mail that goes elsewhere';
        findings.error(
          'relay-rule',
          [...path, 'recipient'],
          'value',
          `mail for ${domain} stays here: it is ${why}`,
          hint,
        );
      }
    } else {
      const domain = match.kind === 'sender-domain' ? match.domain : domainOf(match.address);
      if (whyItStays(domain, model, index) !== undefined) continue;
      const near = nearest(domain, [...index.domains.keys()]);
      const hint = `it only applies to mail from elsewhere that is sent on${near === undefined ? '' : `; did you mean ${near}?`}`;
      findings.warning('relay-sender', [...path, 'sender'], 'value', `the domain ${domain} is not managed here`, hint);
    }
  }
}

function whyItStays(domain: string, model: MailModel, index: DomainIndex): string | undefined {
  if (index.domains.has(domain)) return 'a domain that is managed here';
  const main = index.aliasOf.get(domain);
  if (main !== undefined) return `a domain alias of ${main}`;
  if (localDomains(model).includes(domain)) return 'a name of this server itself';
  return domain === COPY_DOMAIN || domain.endsWith(`.${COPY_DOMAIN}`) ? 'reserved for eboxmail itself' : undefined;
}

function checkNotOurselves(relay: Relay | undefined, { mailname }: MailModel, findings: Findings): void {
  if (relay === undefined || relay.host.name !== mailname || !OWN_PORTS.includes(relay.port)) return;
  const message = `${mailname} is this server itself, so mail would go in a circle`;
  findings.error('relay-host', [...relay.path, 'host'], 'value', message, 'name the server that takes the mail');
}
