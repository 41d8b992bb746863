import { domainOf } from '../recipients.ts';
import { rowsGone, rowsOf, withRows } from './table-rows.ts';

/** Texts of the tables that say whom mail is for; undefined where there is none. */
export interface RecipientTables {
  readonly mailboxes: string | undefined;
  readonly aliases: string | undefined;
}

/**
 * Two tables are not replaced at once, and an address that goes from one to the other would be in neither for a moment: mail for
 * it would be refused for good.
 * @returns what stands in the table of mailboxes until that of aliases is replaced; undefined where no mailbox becomes an alias
 */
export function mailboxesMeanwhile(now: RecipientTables, then: RecipientTables): string | undefined {
  if (then.mailboxes === undefined || now.mailboxes === then.mailboxes || now.aliases === then.aliases)
    return undefined;
  const gone = rowsGone(now.mailboxes, then.mailboxes);
  if (gone.length === 0) return undefined;
  const [known, coming] = [now.aliases, then.aliases].map((table) => new Set(rowsOf(table).map(({ key }) => key)));
  // A catch-all takes everybody's place.
  const become = gone.filter(({ key }) =>
    [key, `@${domainOf(key)}`].some((name) => coming?.has(name) === true && known?.has(name) !== true),
  );
  return become.length === 0 ? undefined : withRows(then.mailboxes, become);
}
