import { failed } from '../core/errors.ts';
import { exec, MissingProgram } from './exec.ts';
import { lstat } from './files.ts';
import { requireUser, userId } from './identity.ts';
import { gone, processOf, waitUntil } from './processes.ts';

/** The service that runs fetchmail for every account (templates/fetchmail/fetch-accounts.sh), and fetchmail itself. */

const SERVICE = 'fetch-accounts';

/** The process id of the service, from the pid file in its state directory; undefined when it does not run. */
export function fetchmailProcess(stateDirectory: string): number | undefined {
  if (lstat(stateDirectory) === undefined) return undefined;
  return processOf(`${stateDirectory}/eboxmail.pid`, SERVICE, stateDirectory);
}

/** Starts it in a session of its own, as the user of Debian's package and with nothing of our environment. */
export async function startFetchmail(service: string, stateDirectory: string): Promise<void> {
  const ids = ['--reuid', String(requireUser('fetchmail')), '--regid', 'nogroup', '--clear-groups'];
  const args = ['--fork', 'setpriv', ...ids, '--no-new-privs', '--reset-env', service];
  const { code } = await exec('setsid', args, { detached: true });
  const runs = code === 0 && (await waitUntil(() => fetchmailProcess(stateDirectory) !== undefined, 5_000));
  if (!runs) throw failed(`${service} did not start`, `it writes below ${stateDirectory}, as the user fetchmail`);
}

/** Waits for what is being fetched, so that it is not fetched again. */
export async function stopFetchmail(stateDirectory: string): Promise<void> {
  const pid = fetchmailProcess(stateDirectory);
  if (pid === undefined) return;
  process.kill(pid, 'SIGTERM');
  if (await waitUntil(() => gone(pid), 12_000)) return;
  process.kill(pid, 'SIGKILL');
}

/** Has it look at once, and at its files as they are now. */
export function wakeFetchmail(stateDirectory: string): void {
  const pid = fetchmailProcess(stateDirectory);
  if (pid !== undefined) process.kill(pid, 'SIGUSR1');
}

/** @throws when Debian's package, which brings the program and its user, is not installed */
export async function requireFetchmail(): Promise<void> {
  const missing = failed(
    'fetchmail is not installed (Debian package fetchmail)',
    'install it: apt-get install fetchmail; or fetch no mail: eboxmail server set --fetch off',
  );
  if (userId('fetchmail') === undefined) throw missing;
  try {
    await exec('fetchmail', ['--version', '-f', '/dev/null']);
  } catch (error) {
    throw error instanceof MissingProgram ? missing : error;
  }
}

/** Whether fetchmail can read a file. What it says of one that it cannot may hold a password, so it is not shown. */
export async function readsFetchFile(path: string): Promise<boolean> {
  const { code } = await exec('fetchmail', ['--version', '--nosyslog', '-f', path]);
  return code === 0;
}
