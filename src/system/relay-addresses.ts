import { lookup, type Resolver } from 'node:dns/promises';
import type { RelayHost } from '../core/relay-host.ts';

/** A machine that takes mail for a relay. */
export interface RelayServer {
  readonly name: string;
  readonly addresses: readonly string[];
}

/**
 * The servers behind the name of a relay, in the order in which they are tried, as Postfix finds them (smtp(8)).
 * @param dns undefined where there is none: names are then only looked up as the machine does
 * @throws Error with a sentence when there is none
 */
export async function relayServers(host: RelayHost, dns: Resolver | undefined): Promise<readonly RelayServer[]> {
  if (host.kind === 'ip') return [{ name: host.name, addresses: [host.name] }];
  const names = host.kind === 'mx' && dns !== undefined ? await exchangers(host.name, dns) : [host.name];
  const found = await Promise.all(names.map(async (name) => ({ name, addresses: await addressesOf(name) })));
  const servers = found.filter(({ addresses }) => addresses.length > 0);
  if (servers.length === 0) throw new Error(`the name ${names.join(', ')} has no address`);
  return servers;
}

async function exchangers(name: string, dns: Resolver): Promise<readonly string[]> {
  const records = await dns.resolveMx(name).catch((error: NodeJS.ErrnoException) => {
    // Without MX records the name itself is meant (RFC 5321 section 5.1).
    if (error.code === 'ENODATA' || error.code === 'ENOTFOUND') return [];
    throw new Error(`the MX records of ${name} cannot be looked up: ${error.code ?? error.message}`);
  });
  const names = records.sort((a, b) => a.priority - b.priority).map(({ exchange }) => exchange);
  if (names.length === 1 && names[0] === '') throw new Error(`${name} takes no mail (its MX record says so)`);
  return names.length === 0 ? [name] : names;
}

async function addressesOf(name: string): Promise<readonly string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
    throw new Error(`the name ${name} cannot be looked up: ${code ?? message}`);
  }
}
