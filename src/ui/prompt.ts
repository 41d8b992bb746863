import { EboxmailError, EXIT, usageError } from '../core/errors.ts';
import type { Terminal } from './terminal.ts';

/** Questions to a person. Nobody is asked without a terminal: the error then names the option that gives the answer. */

export async function confirm(terminal: Terminal, question: string, option: string): Promise<boolean> {
  terminal.sayWithheld();
  if (!terminal.interactive) throw usageError(`this needs an answer: ${question}`, `give it with ${option}`);
  const prompts = await import('@inquirer/prompts');
  return prompts.confirm({ message: question, default: false }, { output: process.stderr });
}

/** Nobody can be asked for a new password, and no option gives it. */
export class PasswordNeeded extends EboxmailError {
  constructor(user: string, hint: string) {
    super(EXIT.usage, `a password for ${user} is needed`, hint);
  }
}

/** A new password, typed twice and unseen. */
export async function askNewPassword(terminal: Terminal, user: string): Promise<string> {
  if (!terminal.interactive) {
    const options = '--password-stdin, --password-file FILE, --password-hash HASH or --generate-password';
    throw new PasswordNeeded(user, `without a terminal give it with ${options}`);
  }
  const prompts = await import('@inquirer/prompts');
  const ask = (message: string): Promise<string> =>
    prompts.password({ message, mask: false }, { output: process.stderr });
  const password = await ask(`New password for ${user}:`);
  if ((await ask('The same again:')) !== password) throw usageError('the two passwords differ', 'nothing was changed');
  return password;
}

/** A password of somebody else's server, typed once and unseen. */
export async function askPassword(terminal: Terminal, user: string): Promise<string> {
  if (!terminal.interactive) {
    const options = '--password-stdin or --password-file FILE';
    throw usageError(`the password of ${user} is needed`, `without a terminal give it with ${options}`);
  }
  const prompts = await import('@inquirer/prompts');
  return prompts.password({ message: `Password of ${user}:`, mask: false }, { output: process.stderr });
}

/** A password that is there already, typed once and unseen. */
export async function askKnownPassword(terminal: Terminal, message: string, option: string): Promise<string> {
  terminal.sayWithheld();
  if (!terminal.interactive)
    throw usageError(`a password is needed: ${message}`, `without a terminal give it with ${option}`);
  const prompts = await import('@inquirer/prompts');
  return prompts.password({ message, mask: false }, { output: process.stderr });
}
