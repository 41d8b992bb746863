import { confirm } from '../ui/prompt.ts';
import type { Context } from './context.ts';

/**
 * Shows what else a removal changes, and asks when there is anything.
 * @param name what is removed, in the list; @param what the same, in the question
 * @returns whether to go on
 */
export async function agreesToRemoval(
  { terminal, yes }: Context,
  name: string,
  consequences: readonly string[],
  what = name,
): Promise<boolean> {
  if (consequences.length === 0) return true;
  terminal.say(`removing ${name} also means:\n${consequences.map((line) => `  ${line}`).join('\n')}`);
  return yes || confirm(terminal, `Remove ${what}?`, '--yes');
}
