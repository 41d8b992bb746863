import type { Command } from 'commander';
import { newSecretName, removeSecret, writeSecret } from '../app/state/fetch-secrets.ts';
import { readState } from '../app/state/load-state.ts';
import {
  addFetch,
  hasFetchEntry,
  portArgument,
  protocolArgument,
  removeFetch,
  requireFetchEntry,
  setFetch,
  type FetchSettings,
} from '../core/edits/fetch.ts';
import { addressArgument } from '../core/edits/names.ts';
import { sectionOf } from '../core/edits/sections.ts';
import { requireUserKey } from '../core/edits/users.ts';
import { EXIT, usageError } from '../core/errors.ts';
import type { StateFile } from '../core/generated/state-types.ts';
import { printJson, type Context } from './context.ts';
import { runEdit, tolerate, type EditOptions, type Wording } from './editing.ts';
import { getPasswords, type WantedPassword } from './fetch-passwords.ts';
import { givenPassword } from './password-options.ts';
import { editOwn, proveMailbox, requireFew, requireModest, requireOwnMachine, withoutOthers } from './fetch-self.ts';

interface Options extends EditOptions {
  readonly server?: string;
  readonly protocol?: string;
  readonly port?: string;
  readonly username?: string;
  readonly keep?: boolean;
  readonly insecure?: boolean;
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
  readonly askPassword?: boolean;
}

/** One call of a command. */
interface Call {
  readonly context: Context;
  /** Whether a user asks, for the own mailbox, and not the administrator. */
  readonly self: boolean;
  readonly user: string;
  readonly address: string;
  readonly options: Options;
}

export const add = guarded(async (call) => {
  const { context, self, user, address, options } = call;
  const { server, protocol } = options;
  if (server === undefined || protocol === undefined) {
    throw usageError('--server and --protocol are needed', 'e.g. --server pop.isp.example --protocol pop3s');
  }
  const state = await readState(context.place);
  const passwordFile = newSecretName(self ? 'self' : addressArgument(user, state), address);
  const settings = { ...settingsOf(options), server, protocol: protocolArgument(protocol), passwordFile };
  // Whatever can be refused is refused before somebody has to type a password.
  const wanted = self || !hasFetchEntry(state, user, address);
  if (!self && wanted) addFetch(state, user, address, settings);
  const password = wanted
    ? await remotePassword(call, state, settings, { question: `Password of ${address} at ${server}:` })
    : undefined;
  const edit = (current: StateFile): StateFile => {
    if (self) requireFew(sectionOf(current, 'users')[requireUserKey(current, user)]?.fetch?.length ?? 0);
    const after = addFetch(wanted ? current : state, user, address, settings);
    writeSecret(context.place, passwordFile, password ?? '');
    return after;
  };
  return withSecret(call, passwordFile, () =>
    finish(call, edit, {
      done: `mail of ${address} is fetched for ${user}`,
      next: nextSteps(state, user, address),
      data: { user: addressArgument(user, state), address },
    }),
  );
});

export const set = guarded(async (call) => {
  const { context, self, user, address, options } = call;
  const settings = settingsOf(options);
  const asked =
    options.askPassword === true || options.passwordFile !== undefined || (options.passwordStdin === true && !self);
  if (Object.keys(settings).length === 0 && !asked && options.passwordStdin !== true) {
    throw usageError('there is nothing to set', 'see the options with: eboxmail fetch set --help');
  }
  const state = await readState(context.place);
  if (!self) requireFetchEntry(state, user, address);
  const question = `New password of ${address}:`;
  const password = await remotePassword(call, state, settings, { question, optional: !asked });
  const passwordFile = newSecretName(self ? 'self' : addressArgument(user, state), address);
  let old: string | undefined;
  const edit = (current: StateFile): StateFile => {
    if (password === undefined) return setFetch(current, user, address, settings);
    old = requireFetchEntry(current, user, address).password.file;
    const after = setFetch(current, user, address, { ...settings, passwordFile });
    writeSecret(context.place, passwordFile, password);
    return after;
  };
  return withSecret(call, passwordFile, () =>
    finish(call, edit, {
      done: `changed how mail of ${address} is fetched for ${user}`,
      data: { user: addressArgument(user, state), address },
      afterwards: async () => {
        if (old !== undefined) await removeSecret(context.place, old);
      },
    }),
  );
});

export const remove = guarded(async (call) => {
  const { context, user, address } = call;
  const state = await readState(context.place);
  await remotePassword(call, state, {});
  let old: string | undefined;
  const edit = (current: StateFile): StateFile => {
    old = requireFetchEntry(current, user, address).password.file;
    return removeFetch(current, user, address);
  };
  return finish(call, edit, {
    done: `mail of ${address} is no longer fetched for ${user}`,
    data: { user: addressArgument(user, state), address },
    afterwards: async () => {
      if (old !== undefined) await removeSecret(context.place, old);
    },
  });
});

/** A command that knows who asks. */
function guarded(handler: (call: Call) => Promise<number>) {
  return async (
    context: Context,
    user: string,
    address: string,
    options: Options,
    command: Command,
  ): Promise<number> => {
    const self = command.parent?.opts<{ self?: boolean }>().self === true;
    const call = { context, self, user, address, options };
    if (!self) return handler(call);
    requireOwnMachine(command);
    if (options.apply === true)
      throw usageError('--apply is for the administrator', 'with --self it is done by itself');
    if (options.passwordFile !== undefined)
      throw usageError('--password-file is for the administrator', 'with --self use --password-stdin');
    return withoutOthers(() => handler(call));
  };
}

function settingsOf({ server, protocol, port, username, keep, insecure }: Options): FetchSettings {
  return {
    ...(server === undefined ? {} : { server }),
    ...(protocol === undefined ? {} : { protocol: protocolArgument(protocol) }),
    ...(port === undefined ? {} : { port: port === 'default' ? null : portArgument(port) }),
    ...(username === undefined ? {} : { username: username === 'default' ? null : username }),
    ...(keep === undefined ? {} : { keep }),
    ...(insecure === undefined ? {} : { insecure }),
  };
}

/** The password of the account elsewhere, after that of the mailbox here has proven whose it is. */
async function remotePassword(
  { context, self, user, options }: Call,
  state: StateFile,
  settings: FetchSettings,
  remote?: WantedPassword,
): Promise<string | undefined> {
  const own = self ? [{ question: `Password of the mailbox ${user}:` }] : [];
  const wanted = [...own, ...(remote === undefined ? [] : [remote])];
  if (options.passwordFile !== undefined && !self) return givenPassword(context, options);
  const given = await getPasswords(context, options.passwordStdin === true, wanted);
  if (!self) return given[0];
  await proveMailbox(context, state, user, given[0] ?? '');
  await requireModest(context, settings);
  return given[1];
}

/** A password that was written down for an entry that did not come to be is removed again. */
async function withSecret(call: Call, name: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    // In a batch it is not written yet.
    if (call.context.place.batch === undefined) await removeSecret(call.context.place, name);
    throw error;
  }
}

async function finish(
  { context, self, user, options }: Call,
  edit: (state: StateFile) => StateFile,
  wording: Wording & { readonly done: string; readonly data: object },
): Promise<number> {
  if (!self) return runEdit(context, options, edit, wording);
  const address = addressArgument(user, await readState(context.place));
  let applied = false;
  const changed = await tolerate(options, async () => {
    const edited = await editOwn(context, address, edit);
    applied = edited.applied;
    return edited.changed;
  });
  if (changed) await wording.afterwards?.();
  if (context.json) printJson(context, { changed, applied, ...wording.data });
  const later = applied ? '' : '\n  it takes effect when the administrator applies the settings';
  context.terminal.say(changed ? `${wording.done}${later}` : 'unchanged');
  return EXIT.done;
}

function nextSteps(state: StateFile, user: string, address: string): readonly string[] {
  const test = `try the login: eboxmail fetch test ${user} ${address}`;
  if (state.server?.fetch?.enabled === true) return [test];
  return [test, 'mail is not fetched yet: eboxmail server set --fetch on'];
}
