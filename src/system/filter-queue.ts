import { failed } from '../core/errors.ts';
import { exec } from './exec.ts';

/** Queue ids for one command line. */
const BATCH = 500;

/**
 * Sends messages that wait for a content filter back to the beginning, where they meet the one that is configured now: a
 * message keeps in its queue file by which filter it was to go (postcat(1), record content_filter).
 * @param transport that filters are reached by
 * @param current `transport:nexthop`; undefined when there is no filter any more
 * @returns how many there were
 */
export async function requeueForFilter(
  config: string,
  transport: string,
  current: string | undefined,
): Promise<number> {
  const { stdout } = await exec('postqueue', ['-c', config, '-j']);
  // Those that are on their way right now come to the deferred queue, or back from the filter.
  const deferred = [...stdout.matchAll(/^\{"queue_name": "deferred", "queue_id": "(\w+)"/gm)].map(([, id = '']) => id);
  const stale: string[] = [];
  for (let at = 0; at < deferred.length; at += BATCH) {
    stale.push(...(await waitingForAnother(config, deferred.slice(at, at + BATCH), transport, current)));
  }
  for (let at = 0; at < stale.length; at += BATCH) {
    const args = stale.slice(at, at + BATCH).flatMap((id) => ['-r', id]);
    const { code, stderr } = await exec('postsuper', ['-c', config, ...args]);
    if (code !== 0) throw failed(`postsuper could not requeue what waits for the filter: ${stderr.trim()}`);
  }
  // Otherwise pickup(8) sees them at its next look, within a minute.
  if (stale.length > 0) await exec('postkick', ['-c', config, 'public', 'pickup', 'W']);
  return stale.length;
}

async function waitingForAnother(
  config: string,
  ids: readonly string[],
  transport: string,
  current: string | undefined,
): Promise<readonly string[]> {
  const { stdout } = await exec('postcat', ['-c', config, '-e', '-q', ...ids]);
  const records = stdout.split(/^\*\*\* ENVELOPE RECORDS /m).slice(1);
  return records.flatMap((record) => {
    const filter = /^content_filter: (.*)$/m.exec(record)?.[1];
    const id = /^\S*\/(\w+) \*\*\*$/m.exec(record)?.[1];
    return id !== undefined && filter?.startsWith(`${transport}:`) === true && filter !== current ? [id] : [];
  });
}
