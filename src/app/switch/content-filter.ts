import { failed } from '../../core/errors.ts';
import { handsMailTo, returnHosts } from '../../core/filter-ports.ts';
import type { CustomFilter } from '../../core/model.ts';
import { PATHS } from '../../core/render/paths.ts';
import { FILTER_TRANSPORT } from '../../core/render/postfix/content-filter.ts';
import { readIfPresent } from '../../system/files.ts';
import {
  forgetFilterChange,
  isFilterChangeNoted,
  noteFilterChange,
  requeueForFilter,
  noteSessions,
  notedSessions,
} from '../../system/filter-queue.ts';
import { masterProcesses } from '../../system/master-processes.ts';
import { childrenOf, waitUntil } from '../../system/processes.ts';
import { answers, whyNotFree } from '../../system/ports.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';

/** What an apply does about a custom filter beyond its files. */

/** Milliseconds in which a filter that works gives back what it has. */
const FORMER_FILTER_HOLDS = 3_000;

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

/** Before the first file changes: messages that come meanwhile may be for either filter. */
export function noteNewFilter({ root }: Place, { plan }: Pick<Prepared, 'plan'>): void {
  const mainCf = plan.files.find(({ path }) => path === PATHS.mainCf);
  if (mainCf === undefined || destinationIn(mainCf.before) === destinationIn(mainCf.after)) return;
  noteFilterChange(`${root}/${PATHS.lib}`);
}

/** When the files are in place, and before Postfix is told: programs that run have read what was there before. */
export function noteOpenSessions({ root }: Place): void {
  const lib = `${root}/${PATHS.lib}`;
  const master = masterProcesses(root).postfix;
  if (isFilterChangeNoted(lib) && master !== undefined) noteSessions(lib, childrenOf(master, 'smtpd') ?? []);
}

/**
 * What waits for a filter that is not the one in force goes on. What that one has just then is looked for again by the next
 * apply or status: it may have the message, and give it back. So is what comes by sessions that are older than the change.
 */
export async function letFormerFilterGo({ root }: Place, progress: (step: string) => void): Promise<void> {
  const lib = `${root}/${PATHS.lib}`;
  const master = masterProcesses(root).postfix;
  if (!isFilterChangeNoted(lib) || master === undefined) return;
  const queue = { config: `${root}/${PATHS.postfix}`, directory: `${root}/${PATHS.queue}` };
  const current = destinationIn(readIfPresent(`${root}/${PATHS.mainCf}`));
  const before = new Set(notedSessions(lib));
  let [underWay, open] = [0, 0];
  await waitUntil(async () => {
    // First: what the last one brought is seen then.
    open = (childrenOf(master, 'smtpd') ?? []).filter((one) => before.has(one)).length;
    const found = await requeueForFilter(queue, FILTER_TRANSPORT, current);
    const { requeued } = found;
    if (requeued > 0) progress(`${requeued} waiting for the former filter ${requeued === 1 ? 'goes' : 'go'} on`);
    underWay = found.underWay;
    return underWay + open === 0;
  }, FORMER_FILTER_HOLDS);
  const next = '"eboxmail status" or the next apply lets go on';
  if (underWay > 0)
    progress(
      `the former filter has ${underWay === 1 ? 'a message' : `${underWay} messages`} still: ${next} what it does not give back`,
    );
  if (open > 0)
    progress(
      `${open === 1 ? 'an SMTP session is' : `${open} SMTP sessions are`} open that may go by the former filter: ${next} what comes by ${open === 1 ? 'it' : 'them'}`,
    );
  if (underWay + open === 0) forgetFilterChange(lib);
}

function destinationIn(mainCf: string | undefined): string | undefined {
  return /^content_filter = (.*)$/m.exec(mainCf ?? '')?.[1];
}

/** Says when mail will have to wait, and lets what waits for a filter that is no longer configured go on. */
export async function afterFilterChange(
  place: Place,
  { model, plan }: Prepared,
  progress: (step: string) => void,
): Promise<void> {
  await letFormerFilterGo(place, progress);
  if (!plan.files.some(({ path }) => path === PATHS.mainCf) && plan.daemons.postfix === 'nothing') return;
  const { filter } = model;
  if (filter.mode !== 'custom' || (await answers(filter.address, filter.port))) return;
  progress(`the filter at ${filter.address}:${filter.port} does not answer: mail waits in the queue until it does`);
}
