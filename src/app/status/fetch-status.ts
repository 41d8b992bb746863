import { fetches, fetchName, isFetchedIn, type Fetching } from '../../core/fetch/fetching.ts';
import { parseTurn, troubleIn, type FetchStatus, type Turn } from '../../core/fetch/report.ts';
import type { MailModel } from '../../core/model.ts';
import { PATHS } from '../../core/render/paths.ts';
import { fetchmailProcess } from '../../system/fetchmail.ts';
import { readRecord } from '../../system/regular-file.ts';
import type { Place } from '../state/place.ts';
import { readHost } from '../state/read-host.ts';

/** The status of accounts, each with what the service wrote down of it. */
export async function fetchStatus(
  { root }: Place,
  model: MailModel,
  fetchings: readonly Fetching[],
): Promise<readonly (readonly [Fetching, FetchStatus])[]> {
  const sandbox = (await readHost(root)).sandbox !== undefined;
  const runs = fetchmailProcess(`${root}/${PATHS.fetchState}`) !== undefined;
  return fetchings.map((fetching) => {
    const record = (ending: string): string | undefined =>
      readRecord(`${root}/${PATHS.fetchState}/${fetchName(fetching.entry)}.${ending}`);
    const [last, good, bad] = ['last', 'good', 'bad'].map((ending) => parseTurn(record(ending) ?? ''));
    const text = bad === undefined ? undefined : troubleIn(bad);
    const idle = idleState(fetching, model, sandbox, runs);
    return [
      fetching,
      {
        state: idle ?? (last === undefined ? 'waiting' : troubleIn(last) === undefined ? 'ok' : 'trouble'),
        lastRun: timeOf(last),
        lastSuccess: timeOf(good),
        lastError: bad === undefined || text === undefined ? null : { time: timeOf(bad) ?? '', text },
        fetched: Number.parseInt(record('count') ?? '', 10) || 0,
      },
    ] as const;
  });
}

function idleState(
  { entry }: Fetching,
  model: MailModel,
  sandbox: boolean,
  runs: boolean,
): 'off' | 'sandbox' | 'stopped' | undefined {
  if (!fetches(model)) return 'off';
  if (!isFetchedIn(entry, sandbox)) return 'sandbox';
  return runs ? undefined : 'stopped';
}

function timeOf(turn: Turn | undefined): string | null {
  return turn === undefined ? null : new Date(turn.time * 1000).toISOString();
}
