import type { ClientService, ClientSettings } from '../core/client/settings.ts';
import { fieldsText, tableText } from './table.ts';

const PROTOCOLS = { smtp: 'SMTP', imap: 'IMAP', pop3: 'POP3', managesieve: 'ManageSieve' } as const;

/** What mail programs call it: the two words are mixed up everywhere, so both are written out. */
const SECURITY = { STARTTLS: 'STARTTLS', 'SSL/TLS': 'SSL/TLS (implicit)' } as const;

/** Settings as they are typed into a mail program. @param columns of the terminal, where there is one */
export function clientText({ address, name, services }: ClientSettings, columns = Infinity): string {
  const fields: (readonly [string, string])[] = [
    ['E-mail address', address],
    ...(name === undefined ? [] : [['Name', name] as const]),
    ['User name', `${address}   (the whole address, for everything)`],
    ['Password', 'that of the account'],
  ];
  const table = tableText(['SERVICE', 'SERVER', 'PORT', 'SECURITY'], services.map(row), columns);
  return `${fieldsText(fields, columns, 3)}\n${services.length === 0 ? '' : table}`;
}

/** The same, short enough for a code that a telephone reads. */
export function clientCode({ address, services }: ClientSettings): string {
  const lines = services.map((service) => {
    const [protocol, server, port, security] = row(service);
    return `${protocol}: ${server} ${port} ${security}`;
  });
  return [`E-mail address and user name: ${address}`, ...lines].join('\n');
}

export function clientData({ address, name, services, notes }: ClientSettings): object {
  return { address, name: name ?? null, username: address, services, notes };
}

function row({ protocol, server, port, security }: ClientService): readonly [string, string, string, string] {
  return [PROTOCOLS[protocol], server, String(port), SECURITY[security]];
}
