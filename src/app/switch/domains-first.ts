import { behindHop } from '../../core/copies.ts';
import type { Plan } from '../../core/plan/plan.ts';
import { domainOf } from '../../core/recipients.ts';
import { rowsGone, rowsOf, tableIn } from '../../core/plan/table-rows.ts';
import { PATHS } from '../../core/render/paths.ts';
import { syncDirectories, type StagedFile } from '../../system/files.ts';
import { indexPaths } from '../../system/installed.ts';
import type { Place } from '../state/place.ts';
import type { ClientSteps } from './clients-under-way.ts';
import type { Prepared } from '../plan/prepare.ts';
import { servicesFor } from './switch-daemons.ts';

/**
 * Aliases are in force as soon as their table is in place, and domains when Postfix is told to look again. Mail for an address
 * that stands for one in a new domain would leave for the outside between the two: so Postfix knows that domain before.
 * @returns the files that are still to be put in place
 */
export async function newDomainsFirst(
  place: Place,
  { plan, host }: Pick<Prepared, 'plan' | 'host'>,
  staged: readonly StagedFile[],
  clients: ClientSteps,
): Promise<readonly StagedFile[]> {
  if (plan.daemons.postfix === 'start' || !leadsToNewDomains(plan)) return staged;
  const table = `${place.root}/${PATHS.tables}/mailbox_domains`;
  const paths = [table, ...indexPaths(table)];
  const first = staged.filter(({ target }) => paths.includes(target));
  for (const file of first) file.commit();
  syncDirectories(first.map(({ target }) => target));
  clients.early();
  await servicesFor(place, host.services).postfix('reload');
  return staged.filter((file) => !first.includes(file));
}

/** Whether an address of a domain that was there before stands for one in a domain that was not. */
export function leadsToNewDomains({ files }: Pick<Plan, 'files'>): boolean {
  const domains = tableIn(files, 'mailbox_domains');
  const before = new Set(rowsOf(domains?.before).map(({ key }) => key));
  const added = new Set(rowsGone(domains?.after, domains?.before).map(({ key }) => key));
  if (before.size === 0 || added.size === 0) return false;
  return rowsOf(tableIn(files, 'aliases')?.after).some(
    ({ key, value }) =>
      before.has(domainOf(key)) && value.split(', ').some((target) => added.has(domainOf(behindHop(target)))),
  );
}
