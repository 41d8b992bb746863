import { usageError } from '../core/errors.ts';
import { askKnownPassword } from '../ui/prompt.ts';
import type { Context } from './context.ts';
import { passwordLines } from './password-options.ts';

/** A password that a command needs. */
export interface WantedPassword {
  /** The question. */
  readonly question: string;
  /** It may be missing on standard input, and nobody is asked for it. */
  readonly optional?: boolean;
}

/** Passwords in this order: from the lines of standard input where that is asked for, otherwise from a person. */
export async function getPasswords(
  context: Context,
  fromStdin: boolean,
  wanted: readonly WantedPassword[],
): Promise<readonly (string | undefined)[]> {
  if (fromStdin) {
    const lines = await passwordLines(context.stdin, wanted.length);
    const needed = wanted.filter(({ optional }) => optional !== true).length;
    if (lines.length >= needed) return wanted.map((_, index) => lines[index]);
    throw usageError(`standard input has ${lines.length} of ${needed} passwords`, 'each is a line of its own');
  }
  const typed: (string | undefined)[] = [];
  for (const { question, optional } of wanted) {
    typed.push(optional === true ? undefined : await askKnownPassword(context.terminal, question, '--password-stdin'));
  }
  return typed;
}
