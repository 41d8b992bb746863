import { failed } from '../../core/errors.ts';
import { handsMailTo, returnHosts } from '../../core/filter-ports.ts';
import type { CustomFilter } from '../../core/model.ts';
import { PATHS } from '../../core/render/paths.ts';
import { FILTER_TRANSPORT, filterDestination } from '../../core/render/postfix/content-filter.ts';
import { readIfPresent } from '../../system/files.ts';
import { requeueForFilter } from '../../system/filter-queue.ts';
import { masterProcesses } from '../../system/master-processes.ts';
import { answers, whyNotFree } from '../../system/ports.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';

/** What an apply does about a custom filter beyond its files. */

/** @throws when mail could not come back from the filter, or would come back to another server */
export async function requireUsableFilter(place: Place, { model, facts }: Prepared): Promise<void> {
  const { filter } = model;
  if (filter.mode !== 'custom') return;
  if (facts.sandbox !== undefined) requireAnotherThanTheMachines(filter);
  const port = filter.returnPort + facts.portOffset;
  const inForce = readIfPresent(`${place.root}/${PATHS.masterCf}`) ?? '';
  // A port on which our own Postfix listens already is not free.
  const ours = new RegExp(`^\\S+:${port} inet `, 'm').test(inForce);
  if (ours && masterProcesses(place.root).postfix !== undefined) return;
  for (const host of returnHosts(filter, facts)) {
    const why = await whyNotFree(host, port);
    if (why === undefined) continue;
    const hint = 'choose another port: eboxmail filter set custom --return-port …';
    throw failed(`cannot listen on ${host}:${port} for mail that comes back from the filter (${why})`, hint);
  }
}

/** The filter of the machine's own mail server would hand the sandbox's mail to that server, which sends it for real. */
function requireAnotherThanTheMachines(filter: CustomFilter): void {
  const settings = ['main.cf', 'master.cf'].map((name) => readIfPresent(`/etc/postfix/${name}`) ?? '').join('\n');
  if (!handsMailTo(filter, settings)) return;
  throw failed(
    `the filter at ${filter.address}:${filter.port} belongs to the machine's own mail server, and would hand it the mail of this sandbox`,
    'run one of its own for the sandbox: eboxmail filter set custom --port …; or none: eboxmail filter set none',
  );
}

/** Says when mail will have to wait, and lets what waits for a filter that is no longer configured go on. */
export async function afterFilterChange(
  place: Place,
  { model, plan }: Prepared,
  progress: (step: string) => void,
): Promise<void> {
  if (!plan.files.some(({ path }) => path === PATHS.mainCf) && plan.daemons.postfix === 'nothing') return;
  const { filter } = model;
  const queue = { config: `${place.root}/${PATHS.postfix}`, directory: `${place.root}/${PATHS.queue}` };
  const count = await requeueForFilter(queue, FILTER_TRANSPORT, filterDestination(filter));
  if (count > 0) progress(`${count} waiting for the former filter ${count === 1 ? 'goes' : 'go'} on`);
  if (filter.mode !== 'custom' || (await answers(filter.address, filter.port))) return;
  progress(`the filter at ${filter.address}:${filter.port} does not answer: mail waits in the queue until it does`);
}
