import { formatAddress, parseAnyAddress } from '../../address.ts';
import { FETCH_NAME_MAX, FETCH_PORTS, fetchName } from '../../fetch/fetching.ts';
import { parseServer } from '../../fetch/remote-server.ts';
import type { FetchEntry as WrittenEntry, FetchSection } from '../../generated/state-types.ts';
import type { FetchEntry, FetchSettings } from '../../model.ts';
import type { StatePath } from '../../problem.ts';
import type { Findings } from './findings.ts';

/** Minutes between two looks at a server elsewhere, when the state does not say. */
const DEFAULT_INTERVAL = 3;

/** Reads `server.fetch`. */
export function readFetchSettings(written: FetchSection | undefined): FetchSettings {
  const { enabled = false, interval } = written ?? {};
  return { enabled, interval: interval === undefined ? DEFAULT_INTERVAL : Number.parseInt(interval, 10) };
}

/** Reads the accounts that a user has elsewhere. */
export function readFetchEntries(
  written: readonly WrittenEntry[],
  user: string,
  findings: Findings,
): readonly FetchEntry[] {
  return written.flatMap((entry, index) => readEntry(entry, ['users', user, 'fetch', index], findings));
}

function readEntry(written: WrittenEntry, path: StatePath, findings: Findings): readonly FetchEntry[] {
  const address = parseAnyAddress(written.address);
  if (!address.ok) {
    findings.error('address', [...path, 'address'], 'value', `"${written.address}" is no address: it ${address.why}`);
  }
  const server = parseServer(written.server);
  if (!server.ok) {
    const hint = 'write a host name, an IPv4 address or an IPv6 address in brackets';
    findings.error(
      'fetch-server',
      [...path, 'server'],
      'value',
      `"${written.server}" is no server: it ${server.why}`,
      hint,
    );
  }
  if (!address.ok || !server.ok) return [];
  const { protocol, password } = written;
  const entry: FetchEntry = {
    address: formatAddress(address.value),
    server: server.value,
    protocol,
    port: written.port ?? FETCH_PORTS[protocol],
    username: written.username ?? written.address,
    password,
    keep: written.keep ?? false,
    insecure: written.insecure ?? false,
    path,
  };
  if (fetchName(entry).length <= FETCH_NAME_MAX) return [entry];
  const message = 'the names of the server and of the login are too long to make a file name of them';
  findings.error('fetch-name', path, 'value', message, 'name the server in a shorter way');
  return [];
}
