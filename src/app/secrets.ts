import { dirname, join } from 'node:path';
import { failed } from '../core/errors.ts';
import type { MailModel } from '../core/model.ts';
import { PATHS } from '../core/render/paths.ts';
import { whyNotPassword } from '../core/state/read/password.ts';
import { bytesIfPresent, lstat, makeDirectory, writeAtomically } from '../system/files.ts';

/** The names of all secret files that a state refers to, relative to etc/eboxmail. */
export function secretNames(model: MailModel): readonly string[] {
  return [...model.users.values()].flatMap(({ password }) =>
    password !== undefined && 'file' in password ? [password.file] : [],
  );
}

/** Reads them. Each holds one line: a password hash in Dovecot's notation. */
export function readSecrets(root: string, model: MailModel): ReadonlyMap<string, string> {
  return new Map(secretNames(model).map((name) => [name, readSecret(`${root}/${PATHS.etc}/${name}`)]));
}

function readSecret(path: string): string {
  const bytes = bytesIfPresent(path);
  if (bytes === undefined)
    throw failed(`the secret file ${path} does not exist`, 'the state refers to it as a password');
  if (((lstat(path)?.mode ?? 0) & 0o077) !== 0) {
    throw failed(`the secret file ${path} can be read by others`, `run: chmod 600 ${path}`);
  }
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (/[\r\n]/.test(text))
    throw failed(`the secret file ${path} has more than one line`, 'it holds one line: the hash');
  const wrong = whyNotPassword(text);
  if (wrong !== undefined) throw failed(`the password in ${path} ${wrong}`, 'make a hash with: doveadm pw');
  return text;
}

/** Takes the secrets beside a state along to another root. */
export function copySecrets(fromState: string, root: string, model: MailModel): void {
  for (const name of secretNames(model)) {
    const source = join(dirname(fromState), name);
    const content = bytesIfPresent(source);
    if (content === undefined) throw failed(`the secret file ${source} does not exist`, 'the state refers to it');
    const path = `${root}/${PATHS.etc}/${name}`;
    makeDirectory(dirname(path), 0o700);
    writeAtomically({ path, content, mode: 0o600, uid: 0, gid: 0 });
  }
}
