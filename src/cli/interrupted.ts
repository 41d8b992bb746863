import { existsSync } from 'node:fs';
import type { Context } from './context.ts';

/** Commands that deal with it themselves, and those that have nothing to do with it. */
const SILENT = new Set(['apply', 'rollback', 'sandbox', 'status', 'completion', 'help']);

/** Says that an apply is under way or was killed; only root can see that. One look, so that it costs no command anything. */
export function noticeInterruptedApply({ place, terminal }: Context, command: string | undefined): void {
  if (command === undefined || SILENT.has(command)) return;
  if (!existsSync(`${place.root}/var/lib/eboxmail/undo/journal.json`)) return;
  terminal.say('note: an apply is under way or was interrupted; "eboxmail apply" brings it to its end');
}
