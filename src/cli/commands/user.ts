import { isTakenOver, noteEvent, requireNotable } from '../../app/mailboxes/mailboxes.ts';
import { requestPurge, withdrawPurge } from '../../system/purges.ts';
import { notePassword } from '../../app/state/followed-state.ts';
import { readState } from '../../app/state/load-state.ts';
import { requireDomain } from '../../core/edits/domains.ts';
import { addressArgument, addressKey, domainArgument, normalAddress } from '../../core/edits/names.ts';
import { sectionOf } from '../../core/edits/sections.ts';
import { consequencesOf } from '../../core/edits/consequences.ts';
import {
  addUser,
  entryWith,
  newUser,
  removeUser,
  requireUserKey,
  setUser,
  type UserSettings,
} from '../../core/edits/users.ts';
import { EXIT, usageError } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import { showTable } from '../../ui/table.ts';
import { agreesTo, agreesToRemoval } from '../consequences.ts';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { newPassword, passwordOptions, type PasswordOptions } from '../password-options.ts';
import { example, type Setup } from '../program.ts';
import { showUser } from '../user-details.ts';
import { setup as setupImport } from './user-import.ts';
import { setup as setupRename } from './user-rename.ts';
import { setup as setupRestore } from './user-restore.ts';

export const setup: Setup = (user, action) => {
  user.addHelpText('after', example('eboxmail user add alice@example.com', 'eboxmail user list'));
  passwordOptions(editOptions(user.command('add <address>'), 'add'))
    .description('add a user; a bare name gets the domain of defaults.user.domain')
    .option('--name <name>', "the person's name")
    .option('--quota <size>', 'limit of the mailbox, e.g. "2 GB", unlimited or default')
    .option('--account', 'with a mail account, whatever defaults.user.account says')
    .option('--no-account', 'without a mail account')
    .addHelpText(
      'after',
      example(
        'printf \'%s\\n\' "$PASSWORD" | eboxmail user add alice@example.com --password-stdin',
        'eboxmail user add bob@example.com --generate-password --quota "2 GB"',
      ),
    )
    .action(action(add));
  editOptions(user.command('remove <address>'), 'remove')
    .description('remove a user; the mailbox goes into the archive at the next apply')
    .option('--purge', 'delete the mail at the next apply')
    .addHelpText(
      'after',
      example('eboxmail user remove bob@example.com', 'eboxmail user remove bob@example.com --purge --yes'),
    )
    .action(action(remove));
  setupRename(user, action);
  setupImport(user, action);
  setupRestore(user, action);
  user
    .command('list')
    .description('list the users')
    .option('--domain <domain>', 'only those of a domain')
    .addHelpText('after', example('eboxmail user list', 'eboxmail user list --domain example.com --json'))
    .action(action(list));
  user
    .command('show <address>')
    .description('show a user: how full the mailbox is, quota, aliases, groups, last login')
    .addHelpText('after', example('eboxmail user show alice@example.com'))
    .action(action(showUser));
  editOptions(user.command('set <address>'), 'change')
    .description('change a user')
    .option('--name <name>', "the person's name; empty removes it")
    .option('--quota <size>', 'limit of the mailbox, e.g. "2 GB", unlimited or default')
    .option('--account', 'with a mail account')
    .option('--no-account', 'without a mail account')
    .addHelpText('after', example('eboxmail user set alice@example.com --quota "4 GB"'))
    .action(action(set));
  passwordOptions(editOptions(user.command('passwd <address>'), 'change'))
    .description("set a user's password")
    .addHelpText(
      'after',
      example('eboxmail user passwd alice@example.com', 'eboxmail user passwd alice@example.com --generate-password'),
    )
    .action(action(passwd));
};

interface SettingOptions {
  readonly name?: string;
  readonly quota?: string;
  readonly account?: boolean;
}

async function add(
  context: Context,
  text: string,
  options: EditOptions & SettingOptions & PasswordOptions,
): Promise<number> {
  const state = await readState(context.place);
  const address = addressArgument(text, state);
  const account = options.account ?? state.defaults?.user?.account ?? true;
  const draft: UserSettings = { account, ...(options.name ? { name: options.name } : {}), ...quotaOf(options) };
  // Whatever can be refused is refused before somebody has to type a password.
  const wanted = addressKey(state, 'users', address) === undefined;
  if (wanted) newUser(state, address, draft);
  const password = wanted && (account || gives(options)) ? await newPassword(context, address, options) : undefined;
  const settings = password === undefined ? draft : { ...draft, password: password.hash };
  // A user who was there is refused even if somebody removes it meanwhile: nobody was asked for a password.
  const edit = (current: StateFile): StateFile => addUser(wanted ? current : state, address, settings);
  const { root } = context.place;
  return runEdit(context, options, edit, {
    done: `added the user ${address}${account ? '' : ', without a mail account'}`,
    next: account
      ? [
          `give it an alias: eboxmail alias add OTHER@${address.split('@')[1] ?? ''} ${address}`,
          `remove it: eboxmail user remove ${address}`,
        ]
      : [],
    data: { user: address, ...(password?.generated === undefined ? {} : { password: password.generated }) },
    beforehand: () => {
      withdrawPurge(root, address);
      if (isTakenOver(root, address)) noteEvent(context.place, { kind: 'new', address }, entryWith(settings));
    },
    output: password?.generated === undefined ? undefined : `${password.generated}\n`,
  });
}

function gives({ passwordStdin, passwordFile, passwordHash, generatePassword }: PasswordOptions): boolean {
  return [passwordStdin, passwordFile, passwordHash, generatePassword].some((value) => value !== undefined);
}

function quotaOf({ quota }: SettingOptions): Pick<UserSettings, 'quota'> {
  return quota === undefined ? {} : { quota };
}

async function remove(context: Context, text: string, options: EditOptions & { purge?: boolean }): Promise<number> {
  const state = await readState(context.place);
  const address = addressArgument(text, state);
  let consequences: readonly string[] = [];
  if (addressKey(state, 'users', address) !== undefined) {
    const { state: after, effects } = removeUser(state, address);
    const purged = options.purge === true ? [`all mail of ${address} is deleted at the next apply`] : [];
    consequences = [...effects, ...consequencesOf(state, after), ...purged];
    if (!(await agreesToRemoval(context, address, consequences))) return EXIT.cancelled;
  }
  return runEdit(context, options, (current) => removeUser(current, address).state, {
    done: `removed the user ${address}`,
    next: options.purge === true ? [] : [`the mailbox is kept; bring both back: eboxmail user restore ${address}`],
    data: { user: address, consequences },
    beforehand: () => {
      if (options.purge === true) requireNotable(context.place.root);
      // Whatever fails from here on, the mail is rather kept than deleted.
      withdrawPurge(context.place.root, address);
    },
    ...(options.purge === true ? { afterwards: () => purgeUnlessBack(context, address) } : {}),
  });
}

/** A later line of a batch may have given the address to somebody, whose mail it would be. */
function purgeUnlessBack({ place: { root, batch } }: Context, address: string): void {
  if (batch !== undefined && addressKey(batch.state, 'users', address) !== undefined) return;
  requestPurge(root, address);
}

async function list(context: Context, { domain }: { domain?: string }): Promise<undefined> {
  const state = await readState(context.place);
  const only = domain === undefined ? undefined : domainArgument(domain);
  if (only !== undefined) requireDomain(state, only);
  const users = Object.entries(sectionOf(state, 'users'))
    .map(([key, user]) => ({
      address: normalAddress(key),
      name: user?.name,
      account: user?.account ?? true,
      quota: user?.quota ?? 'default',
    }))
    .filter(({ address }) => only === undefined || address.endsWith(`@${only}`));
  if (context.json) printJson(context, users);
  else {
    const rows = users.map(({ address, name, account, quota }) => [address, name ?? '', account ? 'yes' : 'no', quota]);
    await showTable(context.terminal, ['ADDRESS', 'NAME', 'ACCOUNT', 'QUOTA'], rows);
  }
  return undefined;
}

async function set(context: Context, text: string, options: EditOptions & SettingOptions): Promise<number> {
  const { name, account } = options;
  if (name === undefined && options.quota === undefined && account === undefined) {
    throw usageError('there is nothing to set', 'give --name, --quota, --account or --no-account');
  }
  const settings: UserSettings = {
    ...(name === undefined ? {} : { name: name === '' ? null : name }),
    ...quotaOf(options),
    ...(account === undefined ? {} : { account }),
  };
  const consequences = account === false ? await accountLoss(context, text, settings) : [];
  if (!(await agreesTo(context, `taking the mail account of ${text} away`, consequences))) return EXIT.cancelled;
  let address = text;
  const edit = (state: StateFile): StateFile => {
    address = addressArgument(text, state);
    return setUser(state, address, settings);
  };
  return runEdit(context, options, edit, {
    done: () => `changed the user ${address}`,
    data: () => ({ user: address, consequences }),
  });
}

/** What else stops working without the account. */
async function accountLoss(context: Context, text: string, settings: UserSettings): Promise<readonly string[]> {
  const state = await readState(context.place);
  return consequencesOf(state, setUser(state, addressArgument(text, state), settings));
}

async function passwd(context: Context, text: string, options: EditOptions & PasswordOptions): Promise<number> {
  const user = requireUserKey(await readState(context.place), text);
  const password = await newPassword(context, user, options);
  return runEdit(context, options, (state) => setUser(state, text, { password: password.hash }), {
    done: `set the password of ${user}`,
    data: { user, ...(password.generated === undefined ? {} : { password: password.generated }) },
    beforehand: (before) => notePassword(context.place, before, normalAddress(user), password.hash),
    output: password.generated === undefined ? undefined : `${password.generated}\n`,
  });
}
