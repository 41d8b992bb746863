import { writeSecret } from '../../app/state/secrets.ts';
import { setSmarthost, secretFile, unsetSmarthost, type RelayArgument } from '../../core/edits/relay.ts';
import { usageError } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import type { RuleMatch } from '../../core/model.ts';
import { whyNotRelayPassword } from '../../core/relay-login.ts';
import { askPassword } from '../../ui/prompt.ts';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { givenPassword, PASSWORD_FILE } from '../password-options.ts';
import { example, type ActionMaker } from '../program.ts';

export interface RelayOptions {
  readonly username?: string;
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
  readonly tls?: string;
}

export function setupSmarthost(relay: Command, action: ActionMaker): void {
  const smarthost = relay
    .command('smarthost')
    .description('the server that takes all mail to the outside')
    .addHelpText('after', example('eboxmail relay smarthost set smtp.isp.example:587'));
  relayOptions(editOptions(smarthost.command('set <host>'), 'change'))
    .description('send all mail to the outside by way of HOST or HOST:PORT (25); 465 means TLS from the start')
    .addHelpText('after', HOST_FORMS)
    .addHelpText(
      'after',
      example(
        'eboxmail relay smarthost set smtp.isp.example:587 --username alice --password-stdin < password',
        'eboxmail relay smarthost set "[192.0.2.25]" --apply',
      ),
    )
    .action(action(set));
  editOptions(smarthost.command('unset'), 'change')
    .description('send mail to the servers of its recipients again')
    .addHelpText('after', example('eboxmail relay smarthost unset'))
    .action(action(unset));
}

export const HOST_FORMS = `
HOST is a name (its MX records are looked up, as for a mail domain), [name] for just that server, an IPv4 address, or
[IPv6 address].`;

export function relayOptions(command: Command): Command {
  return command
    .option('--username <name>', 'log in there as this user, without a colon')
    .option('--password-stdin', 'read the password from the first line of standard input')
    .option(...PASSWORD_FILE)
    .option('--tls <when>', 'opportunistic, required or verify (default: required with a login)');
}

async function set(context: Context, target: string, options: EditOptions & RelayOptions): Promise<number> {
  const login = await readLogin(context, options);
  const place = secretPlace(context, login, undefined);
  let left: string | undefined;
  const edit = (state: StateFile): StateFile => {
    const file = place.choose(state);
    if (file === undefined) left = state.relay?.smarthost?.password?.file;
    return setSmarthost(state, argumentOf(target, options, file));
  };
  return runEdit(context, options, edit, {
    done: () => `all mail to the outside goes by way of ${target}${passwordStays(left)}`,
    next: ['try it without sending: eboxmail relay test'],
    data: { smarthost: target },
    beside: place.write,
  });
}

async function unset(context: Context, options: EditOptions): Promise<number> {
  let left: string | undefined;
  const edit = (state: StateFile): StateFile => {
    left = state.relay?.smarthost?.password?.file;
    return unsetSmarthost(state);
  };
  return runEdit(context, options, edit, {
    done: () => `mail to the outside goes to the servers of its recipients${passwordStays(left)}`,
  });
}

/** Nothing deletes what a person may still need, such as to take the change back. */
export function passwordStays(file: string | undefined): string {
  return file === undefined ? '' : `\n  the password stays in ${file}; delete that file when it is not needed`;
}

export function argumentOf(target: string, { username, tls }: RelayOptions, file: string | undefined): RelayArgument {
  return { target, username, tls, file };
}

/** The password for the user name that was given; undefined without one. */
export async function readLogin(
  context: Context,
  { username, passwordStdin, passwordFile }: RelayOptions,
): Promise<string | undefined> {
  if (username === undefined) {
    if (passwordStdin === true) throw usageError('--password-stdin needs --username', 'a password alone is no login');
    if (passwordFile !== undefined)
      throw usageError('--password-file needs --username', 'a password alone is no login');
    return undefined;
  }
  const given = await givenPassword(context, { passwordStdin, passwordFile });
  const password = given ?? (await askPassword(context.terminal, username));
  const wrong = whyNotRelayPassword(password);
  if (wrong !== undefined) throw usageError(`the password ${wrong}`);
  return password;
}

/** Chooses the file of a password when the state is known, and writes it when the change has passed. */
export function secretPlace(
  { place }: Context,
  password: string | undefined,
  match: RuleMatch | undefined,
): { choose(this: void, state: StateFile): string | undefined; write(this: void): boolean } {
  let file: string | undefined;
  return {
    choose: (state) => (file = password === undefined ? undefined : secretFile(state, match)),
    write: () => file !== undefined && password !== undefined && writeSecret(place, file, password),
  };
}
