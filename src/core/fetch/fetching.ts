import type { FetchEntry, MailModel, User } from '../model.ts';
import { strayCharacter } from '../state/schema-words.ts';
import { isLoopback } from './remote-server.ts';

/** Ports of the protocols (RFC 1939, RFC 9051, RFC 8314). */
export const FETCH_PORTS = { pop3: 110, pop3s: 995, imap: 143, imaps: 993 } as const;

export type FetchProtocol = keyof typeof FETCH_PORTS;

export const FETCH_PROTOCOLS = Object.keys(FETCH_PORTS) as readonly FetchProtocol[];

/** An account elsewhere and the user whose mailbox its mail comes into. */
export interface Fetching {
  readonly user: User;
  readonly entry: FetchEntry;
}

export function fetchingsOf(model: Pick<MailModel, 'users'>): readonly Fetching[] {
  return [...model.users.values()].flatMap((user) => user.fetch.map((entry) => ({ user, entry })));
}

/** Whether the service runs: it is switched on, and there is something to fetch. */
export function fetches(model: MailModel): boolean {
  return model.fetch.enabled && fetchingsOf(model).length > 0;
}

/**
 * A sandbox is for trying things out: from servers elsewhere it would take mail that somebody still needs. So there only
 * servers on this machine are asked.
 */
export function isFetchedIn(entry: FetchEntry, sandbox: boolean): boolean {
  return !sandbox || isLoopback(entry.server);
}

/** Longest name of an account's files; their endings come to it (NAME_MAX is 255). */
export const FETCH_NAME_MAX = 200;

/**
 * Name of the files of an account elsewhere. It says which mailbox that is and not whose mailbox here its mail comes to,
 * so that what was fetched already is known after a change of port or of the user's name.
 */
export function fetchName({ protocol, server, username }: FetchEntry): string {
  return [familyOf(protocol), server, username].map(escaped).join('_');
}

/** POP3 and POP3S show the same mailbox. */
export function familyOf(protocol: FetchProtocol): 'pop3' | 'imap' {
  return protocol.startsWith('pop3') ? 'pop3' : 'imap';
}

function escaped(part: string): string {
  const bytes = [...new TextEncoder().encode(part)];
  return bytes
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9.@+-]/.test(character) ? character : `=${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** Why a password cannot be used, in words that complete "the password …"; undefined when it can. Never repeats the text. */
export function whyNotFetchPassword(text: string): string | undefined {
  if (text === '') return 'is empty';
  const stray = strayCharacter(text, false);
  return stray === undefined ? undefined : `contains ${stray}`;
}
