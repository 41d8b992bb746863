import type { HostFacts } from '../../core/host-facts.ts';
import type { Plan } from '../../core/plan/plan.ts';
import { mailboxesMeanwhile, type RecipientTables } from '../../core/plan/table-moves.ts';
import { tableIn } from '../../core/plan/table-rows.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { readIfPresent, type StagedFile } from '../../system/files.ts';
import { indexPath } from '../../system/installed.ts';
import type { Undo } from '../../system/undo.ts';
import type { Prepared } from '../plan/prepare.ts';
import { putInterimIndex } from './interim-table.ts';

/** Mailboxes and aliases come into force so that no address is in neither of them for a moment. */

/**
 * Where mailboxes become aliases, the table of mailboxes has both for as long as it takes.
 * @returns the files in the order in which they are to be put in place
 */
export async function recipientsInOrder(
  { facts, plan }: Pick<Prepared, 'facts' | 'plan'>,
  files: readonly StagedFile[],
): Promise<readonly StagedFile[]> {
  const meanwhile = plan.daemons.postfix === 'start' ? undefined : mailboxesMeanwhile(...tablesOf(plan));
  const table = below(facts, `${PATHS.tables}/mailboxes`);
  const index = indexPath(table, facts.postfix.tableType);
  if (meanwhile === undefined || !(await putInterimIndex(facts, meanwhile, index))) return files;
  const isTable = ({ target }: StagedFile): boolean => target === table || target === index;
  return [...files.filter((file) => !isTable(file)), ...files.filter(isTable)];
}

/** The same on the way back. @returns which file is to be put back after the others */
export async function recipientsBack(facts: HostFacts, undo: Undo): Promise<(target: string) => boolean> {
  const [mailboxes, aliases] = [tableAt(facts, 'mailboxes'), tableAt(facts, 'aliases')];
  const meanwhile = mailboxesMeanwhile(
    { mailboxes: readIfPresent(mailboxes), aliases: readIfPresent(aliases) },
    { mailboxes: undo.textBefore(mailboxes), aliases: undo.textBefore(aliases) },
  );
  const index = indexPath(mailboxes, facts.postfix.tableType);
  if (meanwhile === undefined || !(await putInterimIndex(facts, meanwhile, index))) return () => false;
  return (target) => target === index;
}

function tableAt(facts: HostFacts, name: keyof RecipientTables): string {
  return below(facts, `${PATHS.tables}/${name}`);
}

function tablesOf({ files }: Plan): [RecipientTables, RecipientTables] {
  const [mailboxes, aliases] = ['mailboxes', 'aliases'].map((name) => tableIn(files, name));
  return [
    { mailboxes: mailboxes?.before, aliases: aliases?.before },
    { mailboxes: mailboxes?.after, aliases: aliases?.after },
  ];
}
