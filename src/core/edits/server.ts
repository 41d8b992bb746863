import { usageError } from '../errors.ts';
import type { StateFile } from '../generated/state-types.ts';
import { quoted } from '../state/schema-words.ts';
import { wordHint } from '../state/unknown-key.ts';
import { formatDays, parseDays, writtenSize } from '../units.ts';

/** General options as they stand on a command line; `default` takes one away again. */
export interface ServerSettings {
  readonly mailname?: string;
  readonly postmaster?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly smtpTls?: string;
  readonly authentication?: string;
  readonly mailboxSize?: string;
  readonly messageSize?: string;
  readonly trashExpiry?: string;
  readonly spamExpiry?: string;
  readonly expiryBasis?: string;
  readonly imap?: string;
  readonly imaps?: string;
  readonly pop3?: string;
  readonly pop3s?: string;
  readonly managesieve?: string;
  readonly cleartext?: string;
  readonly fetch?: string;
  readonly fetchInterval?: string;
}

/** What stands at a key of the state that an option sets. */
export type Value = string | boolean | number;

/** Where each option stands below `server`, and how its word is read. */
const PLACES: Readonly<
  Record<keyof ServerSettings, readonly [readonly string[], (option: string, word: string) => Value]>
> = {
  mailname: [['mailname'], asIs],
  postmaster: [['postmaster'], asIs],
  tlsCertificate: [['tls', 'certificate'], asIs],
  tlsKey: [['tls', 'key'], asIs],
  smtpTls: [['smtp', 'tls'], oneOf('off', 'opportunistic', 'required')],
  authentication: [['smtp', 'authentication'], onOff],
  mailboxSize: [['limits', 'mailbox'], size],
  messageSize: [['limits', 'message'], size],
  trashExpiry: [['expiry', 'trash'], days],
  spamExpiry: [['expiry', 'spam'], days],
  expiryBasis: [['expiry', 'basis'], oneOf('saved', 'date')],
  imap: [['retrieval', 'imap'], onOff],
  imaps: [['retrieval', 'imaps'], onOff],
  pop3: [['retrieval', 'pop3'], onOff],
  pop3s: [['retrieval', 'pop3s'], onOff],
  managesieve: [['retrieval', 'managesieve'], onOff],
  cleartext: [['retrieval', 'cleartext'], oneOf('refuse', 'allow')],
  fetch: [['fetch', 'enabled'], onOff],
  fetchInterval: [['fetch', 'interval'], minutes],
};

/** Sets general options; the rules of the state judge the result. */
export function setServer(state: StateFile, settings: ServerSettings): StateFile {
  let server: Section = { ...(state.server ?? {}) } as Section;
  for (const [name, word] of Object.entries(settings) as [keyof ServerSettings, string | undefined][]) {
    if (word === undefined) continue;
    const [path, read] = PLACES[name];
    server = withValue(server, path, word === 'default' ? undefined : read(optionName(name), word));
  }
  return { ...state, server: server };
}

export interface Section {
  readonly [key: string]: Value | Section;
}

/** A section that is left empty goes too. */
export function withValue(section: Section, [key = '', ...rest]: readonly string[], value: Value | undefined): Section {
  const { [key]: old, ...others } = section;
  if (rest.length > 0) {
    const inner = withValue(typeof old === 'object' ? old : {}, rest, value);
    return Object.keys(inner).length === 0 ? others : { ...section, [key]: inner };
  }
  return value === undefined ? others : { ...section, [key]: value };
}

export function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function asIs(_option: string, word: string): string {
  return word;
}

export function onOff(option: string, word: string): boolean {
  if (word === 'on' || word === 'off') return word === 'on';
  throw usageError(`${option} cannot be ${quoted(word)}`, wordHint(word, ['on', 'off', 'default']));
}

export function oneOf(...words: readonly string[]): (option: string, word: string) => string {
  return (option, word) => {
    if (words.includes(word)) return word;
    throw usageError(`${option} cannot be ${quoted(word)}`, wordHint(word, [...words, 'default']));
  };
}

function days(option: string, word: string): string {
  const read = parseDays(word);
  if (read !== undefined) return formatDays(read);
  throw usageError(`${option} cannot be ${quoted(word)}`, 'write a number of days such as "30 d", never or default');
}

function size(option: string, word: string): string {
  const written = writtenSize(word);
  if (written !== undefined) return written;
  throw usageError(`${option} cannot be ${quoted(word)}`, 'write e.g. "500 MB", "2 GB", unlimited or default');
}

function minutes(option: string, word: string): string {
  const number = /^([1-9]\d{0,3}) ?(?:min)?$/.exec(word)?.[1];
  if (number !== undefined) return `${number} min`;
  throw usageError(`${option} cannot be ${quoted(word)}`, 'write a number of minutes, e.g. "5 min", or default');
}
