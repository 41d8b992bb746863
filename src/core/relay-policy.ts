import type { MailModel } from './model.ts';
import { bySpecificity, covers, parseIp } from './network.ts';

/** Whether a client may send to the outside without a login: the most specific network that it is in decides. */
export function mayRelay({ networks, relay }: Pick<MailModel, 'networks' | 'relay'>, address: string): boolean {
  const ip = parseIp(address);
  if (ip === undefined) return false;
  const family = address.includes(':') ? 6 : 4;
  const [decides] = [...networks.values()]
    .flatMap(({ name, members }) =>
      members.map(({ network }) => ({ network, policy: relay.networks.get(name)?.policy })),
    )
    .filter(({ network, policy }) => policy !== undefined && network.family === family && covers(network, ip))
    .sort((a, b) => bySpecificity(a.network, b.network));
  return decides?.policy === 'allow';
}
