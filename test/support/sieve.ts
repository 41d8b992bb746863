import { chown, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import type { Sandbox } from './sandbox.ts';

/** Owner of the mail in a sandbox. */
const MAIL_OWNER = 5000;

/** Makes a script the active one of an account as ManageSieve does: a file, and a link to it. The home is made if need be. */
export async function putScript(sandbox: Sandbox, address: string, script: string): Promise<void> {
  const at = address.lastIndexOf('@');
  const domain = `${sandbox.root}/var/vmail/${address.slice(at + 1)}`;
  const home = `${domain}/${address.slice(0, at)}`;
  for (const path of [domain, home, `${home}/sieve`]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, MAIL_OWNER, MAIL_OWNER);
  }
  await rm(`${home}/sieve/main.sieve`, { recursive: true, force: true });
  await writeFile(`${home}/sieve/main.sieve`, script);
  await rm(`${home}/.dovecot.sieve`, { force: true });
  await symlink('sieve/main.sieve', `${home}/.dovecot.sieve`);
}
