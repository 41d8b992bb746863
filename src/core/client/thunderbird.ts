import { domainOf } from '../recipients.ts';
import type { ClientService, ClientSettings } from './settings.ts';
import { XML_DECLARATION, xmlText } from './xml.ts';

/** Mozilla's autoconfig file, format 1.1 (wiki.mozilla.org, "Thunderbird:Autoconfiguration:ConfigFileFormat"). */
export function thunderbirdConfig({ address, services }: ClientSettings): string {
  const domain = xmlText(domainOf(address));
  const readers = services.filter(({ protocol }) => protocol === 'imap' || protocol === 'pop3');
  const senders = services.filter(({ protocol }) => protocol === 'smtp');
  const lines = [
    XML_DECLARATION,
    '<clientConfig version="1.1">',
    `  <emailProvider id="${domain}">`,
    `    <domain>${domain}</domain>`,
    `    <displayName>${domain}</displayName>`,
    `    <displayShortName>${domain}</displayShortName>`,
    ...readers.flatMap((service) => server('incomingServer', service, address)),
    ...senders.flatMap((service) => server('outgoingServer', service, address)),
    '  </emailProvider>',
    '</clientConfig>',
  ];
  return `${lines.join('\n')}\n`;
}

function server(
  element: 'incomingServer' | 'outgoingServer',
  { protocol, server: name, port, security }: ClientService,
  address: string,
): readonly string[] {
  return [
    `    <${element} type="${protocol}">`,
    `      <hostname>${xmlText(name)}</hostname>`,
    `      <port>${port}</port>`,
    `      <socketType>${security === 'SSL/TLS' ? 'SSL' : 'STARTTLS'}</socketType>`,
    // The plain password, under TLS.
    '      <authentication>password-cleartext</authentication>',
    `      <username>${xmlText(address)}</username>`,
    `    </${element}>`,
  ];
}
