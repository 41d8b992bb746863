import { portsOf, type HostFacts } from '../host-facts.ts';
import type { MailModel, User } from '../model.ts';

/** One way to reach the server, as a mail program asks for it. */
export interface ClientService {
  readonly protocol: 'smtp' | 'imap' | 'pop3' | 'managesieve';
  readonly server: string;
  readonly port: number;
  /** After a plain beginning, or from the first byte. */
  readonly security: 'STARTTLS' | 'SSL/TLS';
  /** Whether the password is taken without encryption too. */
  readonly cleartext: boolean;
}

/** What to type into a mail program. */
export interface ClientSettings {
  /** Also the user name, for everything. */
  readonly address: string;
  readonly name: string | undefined;
  /** Only what is on; of two ways to the same thing the one that most programs try first comes first. */
  readonly services: readonly ClientService[];
  readonly notes: readonly string[];
}

export type ClientHost = Pick<HostFacts, 'listen' | 'portOffset' | 'sandbox'>;

export function clientSettings(user: User, model: MailModel, host: ClientHost): ClientSettings {
  const { smtp, retrieval } = model;
  const ports = portsOf(host.portOffset);
  const server = serverName(model, host);
  const clear = retrieval.cleartext === 'allow';
  const service = (
    protocol: ClientService['protocol'],
    port: keyof typeof ports,
    security: ClientService['security'],
    isOn: boolean,
  ): readonly ClientService[] => {
    const cleartext = clear && protocol !== 'smtp' && security === 'STARTTLS';
    return isOn ? [{ protocol, server, port: ports[port], security, cleartext }] : [];
  };
  return {
    address: user.address,
    name: user.name,
    services: [
      ...service('smtp', 'submission', 'STARTTLS', smtp.authentication),
      ...service('smtp', 'smtps', 'SSL/TLS', smtp.authentication),
      ...service('imap', 'imaps', 'SSL/TLS', retrieval.imaps),
      ...service('imap', 'imap', 'STARTTLS', retrieval.imap),
      ...service('pop3', 'pop3s', 'SSL/TLS', retrieval.pop3s),
      ...service('pop3', 'pop3', 'STARTTLS', retrieval.pop3),
      ...service('managesieve', 'managesieve', 'STARTTLS', retrieval.managesieve),
    ],
    notes: notes(user, model),
  };
}

/** The name that the certificate is for; where only this machine can reach the services, or no DNS knows the name, the address. */
function serverName({ mailname }: MailModel, { listen, sandbox }: ClientHost): string {
  const [first] = listen;
  const isInside = listen.every((address) => address === '::1' || address.startsWith('127.'));
  return first !== undefined && (sandbox !== undefined || isInside) ? first : mailname;
}

function notes(user: User, { smtp, retrieval, tls }: MailModel): readonly string[] {
  const { imap, imaps, pop3, pop3s, managesieve } = retrieval;
  const hasPlainPort = imap || pop3 || managesieve;
  return [
    smtp.authentication ? '' : 'sending: nobody can log in to send, as server.smtp.authentication is off',
    imap || imaps || pop3 || pop3s ? '' : 'reading: IMAP and POP3 are all off',
    retrieval.cleartext === 'allow' && hasPlainPort
      ? 'unencrypted: where it says STARTTLS, IMAP, POP3 and ManageSieve work without encryption too; others can then read the password'
      : '',
    tls === undefined ? 'the certificate is self-signed: mail programs warn of it; set server.tls to a real one' : '',
    user.password === undefined
      ? `${user.address} has no password: set one with: eboxmail user passwd ${user.address}`
      : '',
  ].filter((line) => line !== '');
}
