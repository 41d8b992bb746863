import type { ClientService, ClientSettings } from './settings.ts';
import { XML_DECLARATION, xmlText } from './xml.ts';

type Value = string | number | boolean | readonly Dictionary[];
interface Dictionary {
  readonly [key: string]: Value | undefined;
}

/** Names of the profile and of the account in it: a profile that is installed again replaces the one of the same name. */
export interface ProfileIds {
  readonly profile: string;
  readonly account: string;
}

/**
 * A configuration profile for Apple's devices (Apple's Device Management documentation, "Mail"). With TLS on a port that
 * begins without, Apple's Mail uses STARTTLS; the ports that are TLS from the first byte are preferred.
 */
export function appleProfile(settings: ClientSettings, ids: ProfileIds): string | undefined {
  const incoming = best(settings, 'imap') ?? best(settings, 'pop3');
  const outgoing = best(settings, 'smtp');
  if (incoming === undefined || outgoing === undefined) return undefined;
  const { address, name } = settings;
  const account: Dictionary = {
    EmailAccountDescription: address,
    EmailAccountName: name,
    EmailAccountType: incoming.protocol === 'imap' ? 'EmailTypeIMAP' : 'EmailTypePOP',
    EmailAddress: address,
    ...server('Incoming', incoming, address),
    ...server('Outgoing', outgoing, address),
    OutgoingPasswordSameAsIncomingPassword: true,
    ...payload('com.apple.mail.managed', `eboxmail.${address}.account`, ids.account, address),
  };
  const profile: Dictionary = {
    PayloadContent: [account],
    ...payload('Configuration', `eboxmail.${address}`, ids.profile, address),
  };
  const doctype =
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">';
  return [XML_DECLARATION, doctype, '<plist version="1.0">', ...dictionary(profile, ''), '</plist>', ''].join('\n');
}

function best({ services }: ClientSettings, protocol: ClientService['protocol']): ClientService | undefined {
  const all = services.filter((service) => service.protocol === protocol);
  return all.find(({ security }) => security === 'SSL/TLS') ?? all[0];
}

function server(way: 'Incoming' | 'Outgoing', { server: name, port }: ClientService, address: string): Dictionary {
  return {
    [`${way}MailServerAuthentication`]: 'EmailAuthPassword',
    [`${way}MailServerHostName`]: name,
    [`${way}MailServerPortNumber`]: port,
    [`${way}MailServerUseSSL`]: true,
    [`${way}MailServerUsername`]: address,
  };
}

function payload(type: string, identifier: string, uuid: string, address: string): Dictionary {
  return {
    PayloadDisplayName: `Mail of ${address}`,
    PayloadIdentifier: identifier.replace('@', '.'),
    PayloadType: type,
    PayloadUUID: uuid,
    PayloadVersion: 1,
  };
}

function dictionary(values: Dictionary, indent: string): readonly string[] {
  const inner = `${indent}  `;
  const lines = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${inner}<key>${key}</key>`, ...element(value, inner)],
  );
  return [`${indent}<dict>`, ...lines, `${indent}</dict>`];
}

function element(value: Value, indent: string): readonly string[] {
  if (typeof value === 'string') return [`${indent}<string>${xmlText(value)}</string>`];
  if (typeof value === 'number') return [`${indent}<integer>${value}</integer>`];
  if (typeof value === 'boolean') return [`${indent}<${value}/>`];
  return [`${indent}<array>`, ...value.flatMap((item) => dictionary(item, `${indent}  `)), `${indent}</array>`];
}
