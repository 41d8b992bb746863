import { generatePassword, hashPassword } from '../app/state/passwords.ts';
import { notFound, usageError } from '../core/errors.ts';
import { givenBytes, lstat } from '../system/files.ts';
import { askNewPassword } from '../ui/prompt.ts';
import type { Command } from 'commander';
import type { Terminal } from '../ui/terminal.ts';
import type { Context } from './context.ts';

/** The ways to give a password; never on the command line itself, where every user of the machine can read it. */
export interface PasswordOptions {
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
  readonly passwordHash?: string;
  readonly generatePassword?: boolean;
}

export interface NewPassword {
  /** As it stands in the state. */
  readonly hash: string;
  /** Only when it was generated: it has to be told once. */
  readonly generated: string | undefined;
}

export const PASSWORD_FILE = ['--password-file <file>', 'read the password from a file, as its only line'] as const;

export function passwordOptions(command: Command): Command {
  return command
    .option('--password-stdin', 'read the password from the first line of standard input')
    .option(...PASSWORD_FILE)
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
  const given = await givenPassword(context, options);
  const typed = given ?? (await askNewPassword(context.terminal, user));
  return { hash: await hashPassword(typed), generated: undefined };
}

function requireOne({ passwordStdin, passwordFile, passwordHash, generatePassword }: PasswordOptions): void {
  const given = [passwordStdin, passwordFile, passwordHash, generatePassword].filter((value) => value !== undefined);
  if (given.length > 1)
    throw usageError(
      '--password-stdin, --password-file, --password-hash and --generate-password exclude each other',
      'give one of them',
    );
}

/** The password on standard input or in a file; undefined when neither is named. */
export async function givenPassword(
  { stdin, terminal }: Context,
  { passwordStdin, passwordFile }: PasswordOptions,
): Promise<string | undefined> {
  if (passwordStdin === true && passwordFile !== undefined)
    throw usageError('--password-stdin and --password-file exclude each other', 'give one of them');
  if (passwordStdin === true) return firstLine(stdin);
  if (passwordFile === undefined) return undefined;
  const content = givenBytes(passwordFile);
  if (content === undefined)
    throw notFound(`there is no file ${passwordFile}`, 'it holds the password as its only line');
  warnOfReaders(terminal, passwordFile);
  return linesOf([content], 1, passwordFile)[0] ?? '';
}

/** Tells when others can read a file that holds passwords. */
export function warnOfReaders({ say }: Terminal, file: string): void {
  const found = lstat(file);
  if (found?.isFile() === true && (found.mode & 0o044) !== 0)
    say(`warning: others can read ${file}, which holds passwords; run: chmod 600 ${file}`);
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
  return linesOf(chunks, most, 'standard input');
}

function linesOf(chunks: readonly Buffer[], most: number, source: string): readonly string[] {
  const text = new TextDecoder('utf-8', { fatal: true });
  let all: string;
  try {
    all = text.decode(Buffer.concat(chunks));
  } catch {
    throw usageError(`the password ${source === 'standard input' ? 'on' : 'in'} ${source} is not UTF-8`);
  }
  const lines = all.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > most) {
    const count = most === 1 ? 'one line' : `${most} lines`;
    throw usageError(`${source} has more than ${count}`, 'a password is one line');
  }
  return lines;
}
