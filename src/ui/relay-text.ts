import type { Relay, RelayRule } from '../core/model.ts';
import { nextHop } from '../core/relay-host.ts';

/** A relay in one line; the password is nowhere. */
export function relayText({ host, port, tls, login }: Relay): string {
  const who = login === undefined ? 'without a login' : `as ${login.username}`;
  return `${nextHop(host, port)} ${who}, TLS ${tls}`;
}

/** The same for programs. */
export function relayData({ host, port, tls, login }: Relay): object {
  return {
    host: host.kind === 'mx' || (host.kind === 'ip' && !host.name.includes(':')) ? host.name : `[${host.name}]`,
    port,
    username: login?.username ?? null,
    tls,
  };
}

/** A rule for programs. */
export function ruleData({ match, relay }: RelayRule): object {
  const side = match.kind === 'recipient-domain' ? 'recipient' : 'sender';
  const text = match.kind === 'sender-address' ? match.address : match.domain;
  return { [side]: text, ...(relay === undefined ? { direct: true } : relayData(relay)) };
}
