import { basename, dirname } from 'node:path';
import { EboxmailError, EXIT, failed, notFound, usageError } from '../../core/errors.ts';
import type { HostFile } from '../../core/generated/host-types.ts';
import { PATHS } from '../../core/render/paths.ts';
import { listDirectory, lstat } from '../../system/files.ts';
import { runningDaemons } from '../../system/master-processes.ts';
import { readHost } from '../state/read-host.ts';

/** Sockets below the directory have paths of at most 107 bytes (unix(7)); the longest adds this much (Dovecot 2.4, a process id). */
const LONGEST_SOCKET = '/run/dovecot/srv.managesieve-login/4194304'.length;
const SOCKET_PATH_MAX = 107;

/** Where mail that would leave the machine goes, below the sandbox. */
export const OUTBOUND = 'outbound';

/** Numeric owner of the mail: no user is made for it, nothing outside the directory is touched. */
export const MAIL_OWNER = { uid: 5000, gid: 5000 };

/** host.yaml of a directory that is a sandbox; undefined when it is none. */
export async function sandboxHost(root: string): Promise<HostFile | undefined> {
  if (lstat(`${root}/${PATHS.host}`) === undefined) return undefined;
  const host = await readHost(root);
  return host.sandbox === undefined ? undefined : host;
}

/** @throws not found (exit 4) when the directory is no sandbox */
export async function requireSandbox(root: string): Promise<HostFile> {
  const host = await sandboxHost(root);
  if (host !== undefined) return host;
  if (runningDaemons(root).length > 0) {
    throw notFound(
      `${root} is no sandbox: the daemons that run there are those of an ordinary server`,
      `how they are: eboxmail --root ${root} status\nto stop them and take their configuration away: eboxmail --root ${root} uninstall`,
    );
  }
  throw notFound(`${root} is no sandbox`, `make one with: eboxmail sandbox start ${root}`);
}

/** Refuses directories that daemons could not work in, before anything is made. */
export function requireUsable(root: string): void {
  const odd = /[^A-Za-z0-9._/@=+-]/u.exec(root);
  if (odd)
    throw usageError(
      `the path ${root} contains "${odd[0]}"`,
      'daemons read it in their settings: use letters, digits and . _ - @ = +',
    );
  if (root.length + LONGEST_SOCKET > SOCKET_PATH_MAX) {
    const most = SOCKET_PATH_MAX - LONGEST_SOCKET;
    throw usageError(`the path ${root} is too long`, `sockets are made below it, so it can have ${most} characters`);
  }
  const found = lstat(root);
  if (found !== undefined && !found.isDirectory()) throw usageError(`${root} is no directory`);
  for (let parent = dirname(root); parent !== '/'; parent = dirname(parent)) {
    const mode = lstat(parent)?.mode;
    if (mode !== undefined && (mode & 0o001) === 0) {
      throw failed(
        `${parent} is closed to other users, so the daemons cannot reach ${root}`,
        'use a directory elsewhere, e.g. /tmp/mail',
      );
    }
  }
}

/** A directory that holds something else must not become a sandbox; a state of its own is what it may begin with. */
export function requireEmpty(root: string): void {
  if (lstat(root) === undefined || holdsNothingElse(root)) return;
  throw new EboxmailError(EXIT.exists, `${root} is not empty and no sandbox`, 'name a new directory');
}

/** Whether there is no more than commands leave that did not apply, or a start that was interrupted early. */
function holdsNothingElse(root: string): boolean {
  const holdsOnly = (path: string, wanted: (name: string) => boolean): boolean =>
    lstat(path) === undefined || (lstat(path)?.isDirectory() === true && listDirectory(path).every(wanted));
  const among =
    (...names: readonly string[]): ((name: string) => boolean) =>
    (name) =>
      names.includes(name);
  return (
    holdsOnly(root, among('etc', 'var')) &&
    holdsOnly(`${root}/etc`, among('eboxmail')) &&
    holdsOnly(`${root}/${PATHS.etc}`, (name) => name.startsWith('.') || BESIDE_STATE.includes(name)) &&
    holdsOnly(`${root}/var`, among('cache', 'lib')) &&
    holdsOnly(`${root}/var/cache`, among('eboxmail')) &&
    holdsOnly(`${root}/var/lib`, among('eboxmail')) &&
    holdsOnly(`${root}/${PATHS.lib}`, among('lock', basename(PATHS.purges)))
  );
}

const BESIDE_STATE = ['state.yaml', 'state.schema.json', 'secrets'];
