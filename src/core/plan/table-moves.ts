import { domainOf } from '../recipients.ts';
import { linesOf, rowsOf } from './table-rows.ts';

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
  const stay = new Set(linesOf(then.mailboxes));
  const gone = linesOf(now.mailboxes).filter((line) => !stay.has(line));
  if (gone.length === 0) return undefined;
  const [known, coming] = [now.aliases, then.aliases].map(
    (table) => new Set(rowsOf(linesOf(table)).map(({ key }) => key)),
  );
  // A catch-all takes everybody's place.
  const become = rowsOf(gone).filter(({ key }) =>
    [key, `@${domainOf(key)}`].some((name) => coming?.has(name) === true && known?.has(name) !== true),
  );
  return become.length === 0
    ? undefined
    : then.mailboxes + become.map(({ key, value }) => `${key} ${value}\n`).join('');
}
