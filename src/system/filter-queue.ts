import { exec } from './exec.ts';
import { listLines, postsuper, wakePickup, type PostfixQueue } from './postfix-queue.ts';

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
  queue: PostfixQueue,
  transport: string,
  current: string | undefined,
): Promise<number> {
  const deferred: string[] = [];
  for await (const lines of listLines(queue)) {
    // Those that are on their way right now come to the deferred queue, or back from the filter.
    for (const line of lines) {
      const id = /^\{"queue_name": "deferred", "queue_id": "(\w+)"/.exec(line)?.[1];
      if (id !== undefined) deferred.push(id);
    }
  }
  const stale: string[] = [];
  for (let at = 0; at < deferred.length; at += BATCH) {
    stale.push(...(await waitingForAnother(queue, deferred.slice(at, at + BATCH), transport, current)));
  }
  await postsuper(queue, 'requeue', stale);
  if (stale.length > 0) await wakePickup(queue);
  return stale.length;
}

async function waitingForAnother(
  { config }: PostfixQueue,
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
