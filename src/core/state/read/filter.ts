import { isLoopback, ownPort } from '../../filter-ports.ts';
import type { StateFile } from '../../generated/state-types.ts';
import type { CustomFilter, MailFilter } from '../../model.ts';
import { readBuiltin } from './builtin-filter.ts';
import type { DomainIndex } from './domains.ts';
import type { Findings } from './findings.ts';

type Written = NonNullable<StateFile['filter']>;

const DEFAULT_CUSTOM: CustomFilter = { mode: 'custom', address: '127.0.0.1', port: 10_024, returnPort: 10_025 };

const CUSTOM_KEYS = ['address', 'port', 'return_port'] as const;

/** Reads `filter`. What belongs to a mode that is not on may stay, so that a filter can be switched off and on again. */
export function readFilter(state: StateFile, index: DomainIndex, findings: Findings): MailFilter {
  const written = state.filter ?? {};
  if (written.mode === undefined && Object.keys(written).length > 0) {
    const hint = 'write mode: custom, builtin or none';
    findings.warning('filter-mode', ['filter'], 'key', 'filter has no mode, so there is no filter', hint);
  }
  // What is off is checked too: it may be switched on any time.
  const custom = CUSTOM_KEYS.some((key) => written[key] !== undefined) ? readCustom(written, findings) : DEFAULT_CUSTOM;
  const builtin = readBuiltin(written.builtin ?? {}, index, findings);
  switch (written.mode) {
    case 'custom':
      return custom;
    case 'builtin':
      return builtin;
    default:
      return { mode: 'none' };
  }
}

function readCustom(written: Written, findings: Findings): CustomFilter {
  const filter: CustomFilter = {
    mode: 'custom',
    address: readAddress(written.address, findings),
    port: written.port ?? DEFAULT_CUSTOM.port,
    returnPort: written.return_port ?? DEFAULT_CUSTOM.returnPort,
  };
  checkPorts(filter, written, findings);
  return filter;
}

/** As it is compared: IPv6 in its short form. */
function readAddress(written: string | undefined, findings: Findings): string {
  if (written === undefined) return DEFAULT_CUSTOM.address;
  const path = ['filter', 'address'];
  const address = written.includes(':') ? shortIpv6(written) : written;
  const hint = 'write the address at which the filter takes mail, such as 127.0.0.1';
  if (address === undefined) findings.error('filter-address', path, 'value', `"${written}" is no IPv6 address`, hint);
  else if (address === '::' || address.startsWith('0.')) {
    findings.error('filter-address', path, 'value', `"${written}" is not the address of one machine`, hint);
  } else if (address.startsWith('::ffff:')) {
    findings.error('filter-address', path, 'value', `"${written}" is an IPv4 address in disguise`, 'write it as IPv4');
  }
  return address ?? DEFAULT_CUSTOM.address;
}

function shortIpv6(written: string): string | undefined {
  try {
    return new URL(`http://[${written}]`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
}

function checkPorts({ address, port, returnPort }: CustomFilter, written: Written, findings: Findings): void {
  const place = (key: 'port' | 'return_port'): [readonly string[], 'key' | 'value'] =>
    written[key] === undefined ? [['filter'], 'key'] : [['filter', key], 'value'];
  const own = ownPort(returnPort);
  if (own !== undefined) {
    const message = `port ${returnPort} is taken: this server has it for ${own}`;
    findings.error('filter-port', ...place('return_port'), message, 'choose another return_port, such as 10025');
  }
  const there = isLoopback(address) ? ownPort(port) : undefined;
  if (there !== undefined) {
    const message = `the filter cannot have port ${port} on this machine: this server has it for ${there}`;
    findings.error('filter-port', ...place('port'), message, 'choose another port for the filter, such as 10024');
  }
  if (port !== returnPort) return;
  const message = `port and return_port are both ${port}, so mail would come back to where it went`;
  const key = written.return_port === undefined ? 'port' : 'return_port';
  findings.error('filter-port', ...place(key), message, 'choose another return_port, such as 10025');
}
