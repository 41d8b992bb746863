import type { Command } from 'commander';
import { apply } from '../app/apply/apply.ts';
import { editState, RefusedEdit, type StateEdit } from '../app/state/edit-state.ts';
import { InvalidState } from '../app/state/load-state.ts';
import { prepare } from '../app/plan/prepare.ts';
import { readHost } from '../app/state/read-host.ts';
import { DAEMONS } from '../core/daemons.ts';
import { addressArgument } from '../core/edits/names.ts';
import { FETCH_PORTS } from '../core/fetch/fetching.ts';
import { EboxmailError, EXIT, failed, usageError } from '../core/errors.ts';
import type { StateFile } from '../core/generated/state-types.ts';
import { isEmpty, type Plan } from '../core/plan/plan.ts';
import type { Problem } from '../core/problem.ts';
import { PATHS } from '../core/render/paths.ts';
import { isPasswordOf } from '../system/dovecot-auth.ts';
import type { Context } from './context.ts';

/**
 * `fetch --self`: users manage what is fetched for themselves, with the rights of root by way of sudo. So whatever they
 * give is taken from strangers: only the machine's own server and state, only the mailbox whose password they know, only
 * servers on the Internet, no names of files, and no word about anybody else.
 */

/** What sudo, doas and pkexec set, so that it is known who really asks. */
const ASKED_BY = ['SUDO_UID', 'DOAS_USER', 'PKEXEC_UID'];

/** More accounts than a person has. */
const MOST_ENTRIES = 10;

/** @throws usage error when somebody who was given the rights of root chooses what to work on */
export function requireOwnMachine(command: Command): void {
  if (process.getuid?.() !== 0) throw failed('fetch --self needs the rights of root', 'run it with sudo');
  if (!ASKED_BY.some((name) => process.env[name] !== undefined)) return;
  const { root, state } = command.optsWithGlobals<{ root?: string; state?: string }>();
  const given = [root, state, process.env['EBOXMAIL_ROOT'], process.env['EBOXMAIL_STATE']];
  if (given.some((value) => value !== undefined)) {
    throw usageError('with --self neither --root nor --state can be given', 'nor EBOXMAIL_ROOT and EBOXMAIL_STATE');
  }
}

/** Every reason is the same to whoever guesses. @returns the address of the mailbox */
export async function proveMailbox(
  { place }: Context,
  state: StateFile,
  text: string,
  password: string,
): Promise<string> {
  const address = addressArgument(text, state);
  let proven: boolean;
  try {
    proven = await isPasswordOf(address, password, `${place.root}/${PATHS.dovecotRun}`);
  } catch {
    throw failed('the mail server cannot be asked whether the password is right', 'try again later');
  }
  if (!proven) throw failed('the address or its password is wrong');
  return address;
}

/** What a user may have fetched. In a sandbox everything is on this machine. */
export async function requireModest(
  { place }: Context,
  { server: written, port }: { readonly server?: string; readonly port?: number | null },
): Promise<void> {
  if (await inSandbox(place.root)) return;
  if (typeof port === 'number' && !Object.values(FETCH_PORTS).some((usual) => usual === port)) {
    throw usageError(`port ${port} is none of ${Object.values(FETCH_PORTS).join(', ')}`, 'ask the administrator');
  }
  if (written === undefined) return;
  const { lookup } = await import('node:dns/promises');
  const { whyNotOutside } = await import('../system/outside.ts');
  const { parseServer } = await import('../core/fetch/remote-server.ts');
  const server = parseServer(written);
  // What is no server at all is refused by the rules.
  if (!server.ok) return;
  const found = await lookup(server.value, { all: true }).catch(() => []);
  if (found.length === 0) throw failed(`the name ${server.value} cannot be resolved`, 'is it written correctly?');
  const refused = found.map(({ address }) => whyNotOutside(address)).find((why) => why !== undefined);
  if (refused !== undefined) throw failed(`${server.value} cannot be used: ${refused}`, 'ask the administrator');
}

export async function inSandbox(root: string): Promise<boolean> {
  return (await readHost(root)).sandbox !== undefined;
}

export function requireFew(entries: number): void {
  if (entries < MOST_ENTRIES) return;
  throw failed(`there are ${entries} accounts already, and no more than ${MOST_ENTRIES}`, 'ask the administrator');
}

/** Runs what a user asked for, and says nothing of others when it fails. */
export async function withoutOthers<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedEdit)
      throw failed(`this cannot be fetched: ${error.problems.map(ownWords).join('; ')}`);
    if (error instanceof InvalidState)
      throw failed('the settings of this server have errors', 'tell its administrator');
    throw error;
  }
}

function ownWords({ rule, message, path }: Problem): string {
  if (path[2] !== 'fetch') return 'the settings of this server do not allow it';
  return rule === 'fetch-duplicate' ? 'this account is fetched already, for you or somebody else' : message;
}

/** Edits the state, and applies that if it is all there is to apply: other changes are for the administrator to make. */
export async function editOwn(
  context: Context,
  user: string,
  edit: StateEdit,
): Promise<{ changed: boolean; applied: boolean }> {
  const { changed } = await editState(context.place, edit);
  if (!changed) return { changed, applied: false };
  try {
    const { plan } = await prepare(context.place);
    if (isEmpty(plan) || !concernsOnly(plan, user)) return { changed, applied: false };
    await apply(context.place, { adopt: false, progress: () => undefined });
    return { changed, applied: true };
  } catch (error) {
    if (error instanceof EboxmailError && error.exitCode !== EXIT.cancelled) return { changed, applied: false };
    throw error;
  }
}

function concernsOnly({ changes, files, directories, daemons }: Plan, user: string): boolean {
  const own = ({ path }: { path: readonly string[] }): boolean =>
    path[0] === 'users' && path[1]?.toLowerCase() === user && path[2] === 'fetch';
  const ours = ({ path, present }: Plan['files'][number]): boolean =>
    path.startsWith(`${PATHS.fetchFiles}/`) && (present === 'ours' || present === 'nothing');
  const quiet = DAEMONS.every((name) => name === 'fetchmail' || daemons[name] === 'nothing');
  return quiet && directories.length === 0 && changes.every(own) && files.every(ours);
}
