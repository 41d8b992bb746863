import { isUtf8 } from 'node:buffer';
import { dirname, join } from 'node:path';
import { failed } from '../../core/errors.ts';
import { fetchingsOf, whyNotFetchPassword } from '../../core/fetch/fetching.ts';
import type { MailModel } from '../../core/model.ts';
import { whyNotRelayPassword } from '../../core/relay-login.ts';
import { PATHS } from '../../core/render/paths.ts';
import { whyNotPassword } from '../../core/state/read/password.ts';
import { bytesIfPresent, lstat, makeDirectory, writeAtomically } from '../../system/files.ts';
import type { Place } from './place.ts';

/** A secret file that a state refers to, by its name relative to etc/eboxmail. */
interface Secret {
  readonly name: string;
  /** A hash for Dovecot, or a password in clear for a server elsewhere: a relay, or one that mail is fetched from. */
  readonly holds: 'hash' | 'password' | 'fetch password';
}

function secretsOf(model: MailModel): readonly Secret[] {
  const { smarthost, rules } = model.relay;
  const relays = [smarthost, ...rules.map(({ relay }) => relay)];
  return [
    ...[...model.users.values()].flatMap(({ password }): readonly Secret[] =>
      password !== undefined && 'file' in password ? [{ name: password.file, holds: 'hash' }] : [],
    ),
    ...relays.flatMap((relay): readonly Secret[] =>
      relay?.login === undefined ? [] : [{ name: relay.login.file, holds: 'password' }],
    ),
    ...fetchingsOf(model).map(({ entry }): Secret => ({ name: entry.password.file, holds: 'fetch password' })),
  ];
}

/** Reads them, by name. Each holds one line. */
export function readSecrets(place: Place, model: MailModel): ReadonlyMap<string, string> {
  const read = (secret: Secret): string => place.unwritten?.secrets.get(secret.name) ?? readSecret(place, secret);
  return new Map(secretsOf(model).map((secret) => [secret.name, read(secret)]));
}

/** The password for a relay. */
export function readRelayPassword(place: Place, file: string): string {
  return readSecret(place, { name: file, holds: 'password' });
}

/** The password for a server that mail is fetched from. */
export function readFetchPassword(place: Place, file: string): string {
  return readSecret(place, { name: file, holds: 'fetch password' });
}

/** Secrets are below etc/eboxmail; a state elsewhere may have them beside itself, as one that is tried in a sandbox has. */
export function secretPath(place: Place, name: string): string {
  const [beside, below] = secretPlaces(place, name);
  return lstat(beside) === undefined ? below : beside;
}

function secretPlaces({ root, statePath }: Place, name: string): readonly [string, string] {
  return [join(dirname(statePath), name), `${root}/${PATHS.etc}/${name}`];
}

function readSecret(place: Place, { name, holds }: Secret): string {
  const path = secretPath(place, name);
  const bytes = bytesIfPresent(path);
  if (bytes === undefined) {
    const [beside, below] = secretPlaces(place, name);
    const also = beside === below ? '' : `; it may also be ${beside}, beside the state`;
    throw failed(`the secret file ${path} does not exist`, `the state refers to it as a password${also}`);
  }
  if (((lstat(path)?.mode ?? 0) & 0o077) !== 0) {
    throw failed(`the secret file ${path} can be read by others`, `run: chmod 600 ${path}`);
  }
  const text = lineOf(bytes);
  if (/[\r\n]/.test(text))
    throw failed(`the secret file ${path} has more than one line`, `it holds one line: the ${holds}`);
  if (holds === 'hash') {
    const wrong = whyNotPassword(text);
    if (wrong !== undefined) throw failed(`the password in ${path} ${wrong}`, 'make a hash with: doveadm pw');
  } else {
    const whyNot = holds === 'password' ? whyNotRelayPassword : whyNotFetchPassword;
    const wrong = isUtf8(bytes) ? whyNot(text) : 'is not in UTF-8';
    if (wrong !== undefined) throw failed(`the password in ${path} ${wrong}`, 'it holds the password as its only line');
  }
  return text;
}

/** What a secret file says: its content without the end of the line. */
export function lineOf(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/\r?\n$/, '');
}

/** The secrets beside a state that is taken along to another root, by their names. */
export function secretsBeside(
  statePath: string,
  model: MailModel,
): readonly { readonly name: string; readonly content: Buffer }[] {
  return secretsOf(model).map(({ name }) => {
    const source = join(dirname(statePath), name);
    const content = bytesIfPresent(source);
    if (content === undefined) throw failed(`the secret file ${source} does not exist`, 'the state refers to it');
    return { name, content };
  });
}

/**
 * Writes a password beside the state that refers to it; the state's lock guards it.
 * @returns whether the file was another one before
 */
export function writeSecret({ statePath }: Place, name: string, password: string): boolean {
  const path = join(dirname(statePath), name);
  const content = `${password}\n`;
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  makeDirectory(dirname(path), 0o700, owner.uid, owner.gid);
  const found = lstat(path);
  if (found !== undefined && bytesIfPresent(path)?.toString('utf8') === content && (found.mode & 0o777) === 0o600)
    return false;
  writeAtomically({ path, content, mode: 0o600, ...owner });
  return true;
}
