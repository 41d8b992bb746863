import { existsSync } from 'node:fs';
import { EboxmailError } from '../core/errors.ts';
import { readRollbackRecord, type RollbackRecord } from '../system/rollback-record.ts';
import type { Context } from './context.ts';

/** Commands that deal with it themselves, and those that have nothing to do with it. */
const SILENT = new Set(['apply', 'rollback', 'sandbox', 'status', 'completion', 'help']);

/** Those before which nothing is to be said of a rollback either: they are about other roots, or about none. */
const ELSEWHERE = new Set(['sandbox', 'completion', 'help']);

/**
 * Says that an apply or a rollback is under way or was killed; only root can see that. One look for each, so that it costs no
 * command anything.
 */
export function noticeInterruptedApply({ place, terminal }: Context, command: string | undefined): void {
  if (command === undefined) return;
  const lib = `${place.root}/var/lib/eboxmail`;
  if (!SILENT.has(command) && existsSync(`${lib}/undo/journal.json`))
    terminal.say('note: an apply is under way or was interrupted; "eboxmail apply" brings it to its end');
  if (ELSEWHERE.has(command) || !existsSync(`${lib}/rollback.json`)) return;
  const found = rollbackRecord(lib, terminal);
  if (found === undefined) return;
  const lines = found.replaced.map(({ name, generation, kept }) =>
    kept === undefined
      ? `  ${name} as it was before: generation ${generation ?? '?'} has it ("eboxmail rollback ${generation ?? ''}")`
      : `  ${name} as it was before, which was never applied: ${kept}`,
  );
  const note = `note: a rollback to generation ${found.to} is under way or was interrupted;`;
  const what = `"eboxmail apply" applies ${place.statePath} as it is now and ends that`;
  terminal.say([`${note} ${what}`, ...lines].join('\n'));
}

/** Whatever becomes of this note, the command goes on. */
function rollbackRecord(lib: string, { say }: Context['terminal']): RollbackRecord | undefined {
  try {
    return readRollbackRecord(lib);
  } catch (error) {
    if (!(error instanceof EboxmailError)) throw error;
    say(`note: ${error.message}\n${error.hint ?? ''}`.trimEnd().replaceAll('\n', '\n  '));
    return undefined;
  }
}
