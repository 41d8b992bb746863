import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { bySpecificity, formatNetwork, type Network } from '../../network.ts';
import { below, PATHS } from '../paths.ts';
import { quoteMainCf, quoteTableKey } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';

const PATH = `${PATHS.tables}/relay_clients`;

/**
 * Clients that may send to the outside without a login, as a cidr table: the first row that matches wins, so the most
 * specific stand first. A denied client gets DUNNO and not REJECT: it is a stranger, and strangers may write to us.
 */
export function relayClients(model: MailModel): readonly RenderedFile[] {
  const rows = new Map(
    relayPolicies(model).map(({ network, policy }) => [formatNetwork(network), policy === 'allow' ? 'OK' : 'DUNNO']),
  );
  if (rows.size === 0) return [];
  return [
    {
      path: PATH,
      reason: 'which clients may send to the outside without a login',
      content: `${HEADER}\n${[...rows].map(([network, answer]) => `${quoteTableKey(network)} ${answer}\n`).join('')}`,
      mode: 0o644,
      owner: 'root',
      group: 'root',
      // Postfix reads such a table when a process starts, and not again (postfix's DATABASE_README).
      onChange: 'reload-postfix',
    },
  ];
}

/** Networks for which there is a relay policy, the most specific first. */
export function relayPolicies({
  networks,
  relay,
}: MailModel): readonly { readonly network: Network; readonly policy: 'allow' | 'deny' }[] {
  return [...networks.values()]
    .flatMap(({ name, members }) => {
      const policy = relay.networks.get(name)?.policy;
      return policy === undefined ? [] : members.map(({ network }) => ({ network, policy }));
    })
    .sort((a, b) => bySpecificity(a.network, b.network));
}

/** The table for main.cf and, as nothing in its path needs quotes there, for master.cf; undefined when there is none. */
export function relayClientsTable(model: MailModel, facts: HostFacts): string | undefined {
  return relayClients(model).length === 0 ? undefined : `cidr:${quoteMainCf(below(facts, PATH))}`;
}

/** A restriction that lets these clients through, to stand before others; empty when there are none. */
export function permitRelayClients(model: MailModel, facts: HostFacts): string {
  const table = relayClientsTable(model, facts);
  return table === undefined ? '' : `check_client_access ${table}, `;
}
