import { COPY_PORTS, LOCAL_SUBMISSION_PORT, STANDARD_PORTS, type HostFacts } from './host-facts.ts';
import type { CustomFilter } from './model.ts';

/** Every port that this server may listen on, before the offset, with what it is for. */
const OWN_PORTS: ReadonlyMap<number, string> = new Map([
  ...Object.entries(STANDARD_PORTS).map(([name, port]) => [port, name] as const),
  [LOCAL_SUBMISSION_PORT, 'the mail that Sieve scripts send'],
  ...Object.values(COPY_PORTS).map((port) => [port, 'copies of mail'] as const),
]);

/** What a port of this server, before the offset, is for already. */
export function ownPort(port: number): string | undefined {
  return OWN_PORTS.get(port);
}

/** Whether the filter runs on this machine, as far as its address tells. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/**
 * Addresses on which mail comes back from the filter: loopback when it comes from there, otherwise those of its kind that
 * this server listens on, or all. None when the server listens on no address of its kind.
 */
export function returnHosts({ address }: CustomFilter, { listen }: Pick<HostFacts, 'listen'>): readonly string[] {
  const v6 = address.includes(':');
  if (isLoopback(address)) return [v6 ? '::1' : '127.0.0.1'];
  if (listen.length === 0) return [v6 ? '::' : '0.0.0.0'];
  return listen.filter((host) => host.includes(':') === v6);
}

/**
 * Whether a Postfix hands its mail to this filter.
 * @param settings the text of its main.cf and master.cf
 */
export function handsMailTo({ address, port }: CustomFilter, settings: string): boolean {
  const nexthops = [...settings.matchAll(/^[^#\n]*content_filter\s*=\s*[^\s:]+:(\S+)/gm)].map(([, nexthop]) => nexthop);
  const hosts = isLoopback(address) ? [address, 'localhost'] : [address];
  return hosts.some((host) => nexthops.includes(`${host}:${port}`) || nexthops.includes(`[${host}]:${port}`));
}

/** Why the filter's ports cannot be used on this machine; undefined when they can. */
export function whyNoFilterPorts(
  filter: CustomFilter,
  facts: Pick<HostFacts, 'listen' | 'portOffset'>,
): string | undefined {
  const back = filter.returnPort + facts.portOffset;
  if (back > 65_535) return `port ${filter.returnPort}, shifted by ${facts.portOffset}, is no port: there are 65535`;
  if (returnHosts(filter, facts).length === 0) {
    return `the filter's address ${filter.address} is of a kind that this server does not listen on (${facts.listen.join(', ')})`;
  }
  const here = isLoopback(filter.address) || facts.listen.includes(filter.address);
  const taken = filter.port === back ? 'mail that comes back from the filter' : ownPort(filter.port - facts.portOffset);
  return here && taken !== undefined
    ? `port ${filter.port} at ${filter.address} is a port of this server, for ${taken}`
    : undefined;
}
