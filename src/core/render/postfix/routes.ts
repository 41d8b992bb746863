import type { HostFacts, TableType } from '../../host-facts.ts';
import type { Relay } from '../../model.ts';
import { IMPLICIT_TLS_PORT, nextHop } from '../../relay-host.ts';
import type { RelayClient, Route, Routes } from '../../routes.ts';
import { below, PATHS } from '../paths.ts';
import { quoteLogin, quoteMainCf, quoteMasterCf, quoteTableKey, quoteTransport } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';

/**
 * Ways of mail to the outside. default_transport names the smarthost, and sender_dependent_default_transport_maps stands
 * above it; transport_maps, where the rules for recipients are, stands above both (postconf(5)). None of them but the last
 * is asked about domains of ours, and that one holds no such domain. The sender of bounces is empty and in no table.
 */
const SENDERS = 'sender_routes';
const RECIPIENTS = 'recipient_routes';

/** What default_transport is, when it is not Postfix's own default. */
export function defaultTransport({ byDefault }: Routes): string | undefined {
  return byDefault.kind === 'direct' && !byDefault.captured ? undefined : transport(byDefault).replace(/:$/, '');
}

/** Settings of main.cf. */
export function routeSettings(routes: Routes, facts: HostFacts): readonly string[] {
  const table = `${facts.postfix.tableType}:${quoteMainCf(below(facts, PATHS.tables))}`;
  const byDefault = facts.sandbox === undefined ? defaultTransport(routes) : undefined;
  const lines = [
    ...(byDefault === undefined ? [] : [`default_transport = ${quoteMainCf(byDefault)}`]),
    ...(routes.bySender.size === 0 ? [] : [`sender_dependent_default_transport_maps = ${table}/${SENDERS}`]),
  ];
  return lines.length === 0 ? [] : ['', '# Mail to the outside', ...lines];
}

/** The table that transport_maps gets, when there are rules for recipients. */
export function recipientRoutes({ byRecipient }: Routes, facts: HostFacts): readonly string[] {
  if (byRecipient.size === 0) return [];
  return [`${facts.postfix.tableType}:${quoteMainCf(below(facts, PATHS.tables))}/${RECIPIENTS}`];
}

const TLS_LEVELS = { opportunistic: 'may', required: 'encrypt', verify: 'secure' } as const;

/** Services of master.cf, one for each relay. */
export function relayServices({ clients, byDefault }: Routes, facts: HostFacts): readonly string[] {
  return clients.flatMap(({ name, relay }) => [
    `${quoteMasterCf(name)} unix - - n - - smtp`,
    `  -o syslog_name=postfix/${byDefault.kind === 'relay' && byDefault.client?.name === name ? 'smarthost' : 'relay'}`,
    `  -o smtp_tls_security_level=${levelOf(relay)}`,
    ...(relay.port === IMPLICIT_TLS_PORT ? ['  -o smtp_tls_wrappermode=yes'] : []),
    ...(relay.login === undefined ? [] : loginOptions(name, facts)),
    ...(relay.host.name.includes(':') ? ipv6Options(facts) : []),
  ]);
}

/** TLS from the first byte is no TLS that one could do without (postconf(5), smtp_tls_wrappermode). */
function levelOf({ tls, port }: Relay): string {
  return TLS_LEVELS[tls === 'opportunistic' && port === IMPLICIT_TLS_PORT ? 'required' : tls];
}

/** Whether a password may go without TLS is what the level of TLS says; no mechanism is refused for that here. */
function loginOptions(name: string, facts: HostFacts): readonly string[] {
  const table = `${facts.postfix.tableType}:${quoteMasterCf(below(facts, loginPath(name)))}`;
  return [
    '  -o smtp_sasl_auth_enable=yes',
    `  -o smtp_sasl_password_maps=${table}`,
    '  -o smtp_sasl_security_options=noanonymous',
    '  -o smtp_sasl_tls_security_options=noanonymous',
  ];
}

/** The listeners may have IPv4 only; what this client connects to is IPv6. */
function ipv6Options({ sandbox }: HostFacts): readonly string[] {
  return ['  -o inet_protocols=all', ...(sandbox === undefined ? [] : ['  -o smtp_bind_address6=::1'])];
}

/** Tables of routes, and the logins: each in a file that only root reads. Logins are seen without a reload, routes not. */
export function routeTables(routes: Routes, facts: HostFacts): readonly RenderedFile[] {
  const { tableType } = facts.postfix;
  return [
    ...routes.clients.flatMap((client) => loginTable(client, facts)),
    ...routeTable(SENDERS, routes.bySender, 'which senders have a way of their own to the outside', tableType),
    ...routeTable(
      RECIPIENTS,
      routes.byRecipient,
      'which domains elsewhere are reached by a way of their own',
      tableType,
    ),
  ];
}

function loginTable({ name, relay }: RelayClient, facts: HostFacts): readonly RenderedFile[] {
  if (relay.login === undefined) return [];
  const { username, file } = relay.login;
  const password = facts.secrets.get(file);
  if (password === undefined) throw new Error(`the secret file ${file} was not read`);
  const key = quoteTableKey(nextHop(relay.host, relay.port));
  return [
    {
      path: loginPath(name),
      reason: `the login at ${key}`,
      content: `${HEADER}\n${key} ${quoteLogin(username, password)}\n`,
      mode: 0o600,
      owner: 'root',
      group: 'root',
      onChange: 'nothing',
      index: { builder: 'postmap', type: facts.postfix.tableType },
      secret: 'relay-login',
    },
  ];
}

function loginPath(name: string): string {
  return `${PATHS.relayLogins}${name}`;
}

function routeTable(
  name: string,
  routes: ReadonlyMap<string, Route>,
  reason: string,
  type: TableType,
): readonly RenderedFile[] {
  if (routes.size === 0) return [];
  const lines = [...routes].map(([key, route]) => `${quoteTableKey(key)} ${quoteTransport(transport(route))}\n`);
  return [
    {
      path: `${PATHS.tables}/${name}`,
      reason,
      content: `${HEADER}\n${lines.sort().join('')}`,
      mode: 0o644,
      owner: 'root',
      group: 'root',
      onChange: 'reload-postfix',
      index: { builder: 'postmap', type },
    },
  ];
}

/** `transport:nexthop`; without a next hop it is the domain of the recipient (transport(5)). */
function transport(route: Route): string {
  if (route.kind === 'direct') return route.captured ? 'capture:' : 'smtp:';
  const { client, relay } = route;
  return client === undefined ? 'capture:' : `${client.name}:${nextHop(relay.host, relay.port)}`;
}
