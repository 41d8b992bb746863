import { confirm } from '../ui/prompt.ts';
import type { Context } from './context.ts';

/**
 * Shows what else a removal changes, and asks when there is anything.
 * @param name what is removed, in the list; @param what the same, in the question
 * @returns whether to go on
 */
export async function agreesToRemoval(
  context: Context,
  name: string,
  consequences: readonly string[],
  what = name,
): Promise<boolean> {
  return agreesTo(context, `removing ${name}`, consequences, `Remove ${what}?`);
}

/**
 * The same for other changes by which something stops working.
 * @param change what is done, for the list
 */
export async function agreesTo(
  { terminal, yes }: Context,
  change: string,
  consequences: readonly string[],
  question = 'Go on?',
): Promise<boolean> {
  if (consequences.length === 0) return true;
  terminal.say(`${change} also means:\n${consequences.map((line) => `  ${line}`).join('\n')}`);
  return yes || confirm(terminal, question, '--yes');
}
