import { usageError } from '../errors.ts';
import type { StateFile } from '../generated/state-types.ts';
import { addDomain } from './domains.ts';
import { addMember, addNetwork, setPolicy } from './networks.ts';
import { secretFile, setSmarthost } from './relay.ts';
import { setServer, type ServerSettings } from './server.ts';
import { addUser } from './users.ts';

/** Ways to mail that are offered, with what they are by default. */
export const SERVICES = { imap: true, imaps: true, pop3: false, pop3s: false, managesieve: true } as const;

export type Service = keyof typeof SERVICES;

/** What has to be known of a new server. */
export interface FirstAnswers {
  readonly mailname: string;
  readonly domain: string;
  /** An address, or the part of one before the `@`. */
  readonly user: string;
  readonly name: string | undefined;
  /** Hash of the user's password. */
  readonly password: string;
  /** Undefined: a self-signed pair. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  readonly services: readonly Service[];
  /** `HOST` or `HOST:PORT`; undefined: mail leaves directly. */
  readonly smarthost: string | undefined;
  /** Undefined: no login there. */
  readonly username: string | undefined;
  /** Whose machines may send to the outside without a login. */
  readonly networks: readonly string[];
}

/** Name of the network object for those machines. */
const NETWORK = 'trusted';

/**
 * The state that answers make, of those questions that are answered. It is made by the edits that commands make, so a wrong
 * answer is refused as there. @throws usage error
 */
export function firstState(answers: Partial<FirstAnswers>): StateFile {
  const { mailname, domain, user, name, password, tls, services, smarthost, username, networks = [] } = answers;
  let state: StateFile = { version: 1 };
  if (mailname === 'default') throw usageError('"default" is no full host name', 'write e.g. mx.example.com');
  if (mailname !== undefined) state = setServer(state, { mailname });
  if (tls !== undefined) state = setServer(state, { tlsCertificate: tls.certificate, tlsKey: tls.key });
  if (services !== undefined) state = setServer(state, retrievalOf(services));
  if (domain !== undefined) state = addDomain(state, domain);
  if (user !== undefined) {
    const settings = { ...(name === undefined ? {} : { name }), ...(password === undefined ? {} : { password }) };
    state = addUser(state, firstAddress(user, domain ?? ''), settings);
  }
  if (smarthost !== undefined) {
    const file = username === undefined ? undefined : secretFile(state, undefined);
    state = setSmarthost(state, { target: smarthost, username, file });
  }
  if (networks.length === 0) return state;
  state = addNetwork(state, NETWORK);
  for (const [index, network] of networks.entries())
    state = addMember(state, NETWORK, `network-${index + 1}`, network, false);
  return setPolicy(state, NETWORK, 'allow', false);
}

/** The address that is meant by a name alone. */
export function firstAddress(user: string, domain: string): string {
  return user.includes('@') ? user : `${user}@${domain}`;
}

/** Only what is not so by default is written. */
function retrievalOf(services: readonly Service[]): ServerSettings {
  const differing = Object.entries(SERVICES).filter(([name, on]) => services.includes(name as Service) !== on);
  return Object.fromEntries(differing.map(([name, on]) => [name, on ? 'off' : 'on']));
}
