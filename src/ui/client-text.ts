import type { ClientService, ClientSettings } from '../core/client/settings.ts';

const PROTOCOLS = { smtp: 'SMTP', imap: 'IMAP', pop3: 'POP3', managesieve: 'ManageSieve' } as const;

/** What mail programs call it: the two words are mixed up everywhere, so both are written out. */
const SECURITY = { STARTTLS: 'STARTTLS', 'SSL/TLS': 'SSL/TLS (implicit)' } as const;

/** Settings as they are typed into a mail program. */
export function clientText({ address, name, services }: ClientSettings): string {
  const fields = [
    ['E-mail address:', address],
    ...(name === undefined ? [] : [['Name:', name]]),
    ['User name:', `${address}   (the whole address, for everything)`],
    ['Password:', 'that of the account'],
  ];
  const rows = [['SERVICE', 'SERVER', 'PORT', 'SECURITY'], ...services.map(row)];
  return `${aligned(fields)}\n${services.length === 0 ? '' : aligned(rows)}`;
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

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map(
      (cells) =>
        `${cells
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
