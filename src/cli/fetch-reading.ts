import type { Command } from 'commander';
import { fetchStatus } from '../app/status/fetch-status.ts';
import { readState } from '../app/state/load-state.ts';
import { readHost } from '../app/state/read-host.ts';
import { readFetchPassword } from '../app/state/secrets.ts';
import { remoteAddress, requireFetchEntry } from '../core/edits/fetch.ts';
import { addressArgument } from '../core/edits/names.ts';
import { requireUserKey } from '../core/edits/users.ts';
import { EXIT, usageError } from '../core/errors.ts';
import { FETCH_PORTS, fetchingsOf, type Fetching } from '../core/fetch/fetching.ts';
import type { FetchStatus } from '../core/fetch/report.ts';
import { modelOf } from '../core/state/model-of.ts';
import { tryLogin, type LoginOutcome, type LoginStep } from '../system/mail-login.ts';
import { showTable } from '../ui/table.ts';
import { printJson, type Context } from './context.ts';
import { getPasswords } from './fetch-passwords.ts';
import { inSandbox, proveMailbox, requireOwnMachine, withoutOthers } from './fetch-self.ts';

interface Options {
  readonly user?: string;
  readonly passwordStdin?: boolean;
}

export async function list(context: Context, options: Options, command: Command): Promise<undefined> {
  const self = isSelf(command);
  if (!self) return showList(context, options.user);
  requireOwnMachine(command);
  const { user } = options;
  if (user === undefined) throw usageError('--user is needed with --self', 'give the address of your own mailbox');
  return withoutOthers(async () => {
    await prove(context, user, options);
    return showList(context, user);
  });
}

export async function test(
  context: Context,
  user: string,
  address: string,
  options: Options,
  command: Command,
): Promise<number> {
  if (!isSelf(command)) return tryEntry(context, user, address, false);
  requireOwnMachine(command);
  return withoutOthers(async () => {
    await prove(context, user, options);
    return tryEntry(context, user, address, !(await inSandbox(context.place.root)));
  });
}

function isSelf(command: Command): boolean {
  return command.parent?.opts<{ self?: boolean }>().self === true;
}

async function prove(context: Context, user: string, { passwordStdin }: Options): Promise<void> {
  const wanted = [{ question: `Password of the mailbox ${user}:` }];
  const [password = ''] = await getPasswords(context, passwordStdin === true, wanted);
  await proveMailbox(context, await readState(context.place), user, password);
}

async function showList(context: Context, user: string | undefined): Promise<undefined> {
  const state = await readState(context.place);
  if (user !== undefined) requireUserKey(state, user);
  const only = user === undefined ? undefined : addressArgument(user, state);
  const { model } = modelOf(state);
  const wanted = fetchingsOf(model).filter((fetching) => only === undefined || fetching.user.address === only);
  const found = await fetchStatus(context.place, model, wanted);
  if (context.json)
    printJson(
      context,
      found.map(([fetching, status]) => dataOf(fetching, status)),
    );
  else {
    const header = ['USER', 'ADDRESS', 'SERVER', 'OPTIONS', 'FETCHED', 'LAST', 'STATE'];
    await showTable(
      context.terminal,
      header,
      found.map(([fetching, status]) => [...rowOf(fetching, status), context.commands.complete(stateWord(status))]),
    );
  }
  return undefined;
}

function dataOf({ user, entry }: Fetching, status: FetchStatus): object {
  const { address, server, protocol, port, username, keep, insecure } = entry;
  return { user: user.address, address, server, protocol, port, username, keep, insecure, ...status };
}

/** All but the last column. */
function rowOf({ user, entry }: Fetching, status: FetchStatus): readonly string[] {
  const { address, server, protocol, port, username, keep, insecure } = entry;
  const options = [
    username === address ? '' : `as ${username}`,
    keep ? 'keep' : '',
    insecure ? 'INSECURE: certificate not verified' : '',
  ].filter(Boolean);
  const host = server.includes(':') ? `[${server}]` : server;
  const where = `${protocol}://${host}${port === FETCH_PORTS[protocol] ? '' : `:${port}`}`;
  const last = status.lastRun?.replace(/\.\d+Z$/, 'Z') ?? 'never';
  return [user.address, address, where, options.join(', '), String(status.fetched), last];
}

function stateWord({ state, lastError }: FetchStatus): string {
  switch (state) {
    case 'off':
      return 'switched off';
    case 'sandbox':
      return 'not fetched in a sandbox: the server is elsewhere';
    case 'stopped':
      return 'not running: eboxmail apply starts it';
    case 'waiting':
      return 'not asked yet';
    case 'ok':
      return 'ok';
    case 'trouble':
      return lastError?.text ?? 'trouble';
  }
}

const STEP_WORDS: Readonly<Record<LoginStep, string>> = {
  resolve: 'the name of the server cannot be resolved',
  connect: 'the server cannot be connected to',
  tls: 'no encrypted connection comes about',
  certificate: 'the certificate of the server cannot be verified',
  login: 'the login is refused',
  count: 'the messages cannot be counted',
};

async function tryEntry(context: Context, user: string, address: string, onlyOutside: boolean): Promise<number> {
  const { place, terminal } = context;
  const state = await readState(place);
  const { password, address: written } = requireFetchEntry(state, user, address);
  const key = requireUserKey(state, user);
  const fetching = fetchingsOf(modelOf(state).model).find(
    (one) => one.user.key === key && one.entry.address === remoteAddress(written),
  );
  if (fetching === undefined) throw new Error('an entry that was found is gone');
  const { whyNotOutside } = await import('../system/outside.ts');
  const outcome = await tryLogin(fetching.entry, {
    password: readFetchPassword(place, password.file),
    caFile: (await readHost(place.root)).paths?.ca_file,
    ...(onlyOutside ? { whyNotAddress: whyNotOutside } : {}),
  });
  if (context.json) printJson(context, { user: fetching.user.address, address: fetching.entry.address, ...outcome });
  else if (outcome.ok) terminal.data(`${successText(fetching, outcome)}\n`);
  if (outcome.ok) return EXIT.done;
  const { server, port, protocol } = fetching.entry;
  terminal.say(
    `eboxmail: ${STEP_WORDS[outcome.step]} (step "${outcome.step}"): ${outcome.why}\n  ${protocol} at ${server}, port ${port}`,
  );
  return EXIT.failed;
}

function successText({ entry }: Fetching, { messages, encrypted, unverified }: LoginOutcome & { ok: true }): string {
  const count = messages === 1 ? '1 message' : `${messages} messages`;
  const warning = !encrypted
    ? '; the connection is not encrypted'
    : unverified === undefined
      ? ''
      : `; the certificate is not verified (${unverified})`;
  return `the login as ${entry.username} at ${entry.server} works, ${count} there${warning}`;
}
