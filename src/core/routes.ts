import type { Directory } from './directory.ts';
import type { MailModel, Relay, RelayRule, RuleMatch } from './model.ts';
import { domainOf, everyForm } from './recipients.ts';
import { isLoopback, nextHop } from './relay-host.ts';

/**
 * By which way mail to the outside leaves. Every relay gets an SMTP client of its own, with its own login and TLS: two
 * users on one host and port are then two clients, whichever sender or recipient leads to them.
 */
export interface Routes {
  /** One for each different relay, in the order of the state; those that are not captured. */
  readonly clients: readonly RelayClient[];
  /** Where mail goes that no rule speaks of. */
  readonly byDefault: Route;
  /** Address or `@domain` of the sender in the envelope. */
  readonly bySender: ReadonlyMap<string, Route>;
  /** Domain of the recipient. */
  readonly byRecipient: ReadonlyMap<string, Route>;
}

export interface RelayClient {
  /**
   * Of the service in master.cf and of its table. It follows from what the relay is and not from its place in the state: a
   * running client whose table became another relay's would go on without a login until the reload, and mail would bounce.
   */
  readonly name: string;
  readonly relay: Relay;
}

/** Captured: in a sandbox, which sends only to relays on the machine itself. */
export type Route =
  | { readonly kind: 'direct'; readonly captured: boolean }
  | { readonly kind: 'relay'; readonly relay: Relay; readonly client: RelayClient | undefined };

export function routesOf({ relay, domains }: MailModel, directory: Directory, sandbox: boolean): Routes {
  const clients = new Map<string, RelayClient>();
  const routeTo = (to: Relay | undefined): Route => {
    if (to === undefined) return { kind: 'direct', captured: sandbox };
    if (sandbox && !isLoopback(to.host)) return { kind: 'relay', relay: to, client: undefined };
    const id = identity(to);
    const client = clients.get(id) ?? { name: `relay-${fingerprint(id)}`, relay: to };
    clients.set(id, client);
    return { kind: 'relay', relay: to, client };
  };
  const byDefault = routeTo(relay.smarthost);
  const bySender = new Map<string, Route>();
  const byRecipient = new Map<string, Route>();
  const spread: [string, Route][] = [];
  for (const { match, relay: to } of relay.rules) {
    const route = routeTo(to);
    if (match.kind === 'recipient-domain') byRecipient.set(match.domain, route);
    else if (match.kind === 'sender-address') {
      bySender.set(match.address, route);
      if (domains.has(domainOf(match.address))) {
        spread.push(...everyForm(match.address, directory).map((form): [string, Route] => [form, route]));
      }
    } else {
      bySender.set(`@${match.domain}`, route);
      spread.push(...directory.namesOf(match.domain).map((name): [string, Route] => [`@${name}`, route]));
    }
  }
  // A rule for a domain alias itself wins over the one for its domain.
  for (const [key, route] of spread) if (!bySender.has(key)) bySender.set(key, route);
  return { clients: [...clients.values()], byDefault, bySender, byRecipient };
}

/** Relays that differ in nothing are one client. */
function identity({ host, port, tls, login }: Relay): string {
  return JSON.stringify([nextHop(host, port), tls, login?.username, login?.file]);
}

/** Eight hexadecimal digits, by which a handful of relays are told apart (FNV-1a, draft-eastlake-fnv). */
function fingerprint(text: string): string {
  const hash = new TextEncoder()
    .encode(text)
    .reduce((value, byte) => Math.imul(value ^ byte, 0x01000193), 0x811c9dc5 | 0);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/**
 * The rule that decides about a message, as Postfix finds it: by the recipient's domain first, then by the sender with and
 * without a detail, then by the sender's domain; each name itself before the domain that it is an alias of.
 * @param sender undefined when any may be meant
 */
export function decidingRule(
  { relay, domains }: MailModel,
  sender: string | undefined,
  recipientDomain: string | undefined,
): RelayRule | undefined {
  const find = (wanted: readonly RuleMatch[]): RelayRule | undefined =>
    wanted
      .map((one) => relay.rules.find(({ match }) => JSON.stringify(match) === JSON.stringify(one)))
      .find((rule) => rule !== undefined);
  if (recipientDomain !== undefined) {
    const rule = find([{ kind: 'recipient-domain', domain: recipientDomain }]);
    if (rule !== undefined) return rule;
  }
  if (sender === undefined) return undefined;
  const domain = domainOf(sender);
  const local = sender.slice(0, sender.lastIndexOf('@')).toLowerCase();
  const main = [...domains.values()].find(({ aliases }) => aliases.some(({ name }) => name === domain))?.name;
  const names = main === undefined ? [domain] : [domain, main];
  const locals = [...new Set([local, local.replace(/\+.*$/, '')])];
  const addresses = locals.flatMap((name) => names.map((of) => `${name}@${of}`));
  return (
    find(addresses.map((address) => ({ kind: 'sender-address', address }))) ??
    find(names.map((name) => ({ kind: 'sender-domain', domain: name })))
  );
}
