import { generatePassword, hashPassword } from '../app/passwords.ts';
import { usageError } from '../core/errors.ts';
import { askNewPassword } from '../ui/prompt.ts';
import type { Command } from 'commander';
import type { Context } from './context.ts';

/** The ways to give a password; never on the command line itself, where every user of the machine can read it. */
export interface PasswordOptions {
  readonly passwordStdin?: boolean;
  readonly passwordHash?: string;
  readonly generatePassword?: boolean;
}

export interface NewPassword {
  /** As it stands in the state. */
  readonly hash: string;
  /** Only when it was generated: it has to be told once. */
  readonly generated: string | undefined;
}

export function passwordOptions(command: Command): Command {
  return command
    .option('--password-stdin', 'read the password from the first line of standard input')
    .option('--password-hash <hash>', "a hash as Dovecot writes it: '{SHA512-CRYPT}$6$…'")
    .option('--generate-password', 'make a password and print it');
}

/** The password that the options give, or that a person types. */
export async function newPassword(context: Context, user: string, options: PasswordOptions): Promise<NewPassword> {
  requireOne(options);
  if (options.passwordHash !== undefined) return { hash: options.passwordHash, generated: undefined };
  if (options.generatePassword === true) {
    const generated = generatePassword();
    return { hash: await hashPassword(generated), generated };
  }
  const typed =
    options.passwordStdin === true ? await firstLine(context.stdin) : await askNewPassword(context.terminal, user);
  return { hash: await hashPassword(typed), generated: undefined };
}

function requireOne({ passwordStdin, passwordHash, generatePassword: generate }: PasswordOptions): void {
  const given = [passwordStdin, passwordHash, generate].filter((value) => value !== undefined);
  if (given.length > 1)
    throw usageError('--password-stdin, --password-hash and --generate-password exclude each other');
}

/** Far more than any password: an endless input is refused instead of read. */
const MOST_INPUT = 64 * 1024;

/** The only line of standard input, without its line break. */
export async function firstLine(stdin: NodeJS.ReadStream): Promise<string> {
  return (await passwordLines(stdin, 1))[0] ?? '';
}

/** The passwords on standard input, one a line. @throws usage error when there are more lines */
export async function passwordLines(stdin: NodeJS.ReadStream, most: number): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    size += (chunk as Uint8Array).length;
    if (size > MOST_INPUT) throw usageError('standard input holds more than a password', 'the password is one line');
  }
  const text = new TextDecoder('utf-8', { fatal: true });
  let all: string;
  try {
    all = text.decode(Buffer.concat(chunks));
  } catch {
    throw usageError('the password on standard input is not UTF-8');
  }
  const lines = all.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > most) {
    const count = most === 1 ? 'one line' : `${most} lines`;
    throw usageError(`standard input has more than ${count}`, 'a password is one line');
  }
  return lines;
}
