import { rmSync } from 'node:fs';
import { exec } from './exec.ts';
import { lstat, readIfPresent, writeAtomically } from './files.ts';
import { listLines, postsuper, queueFiles, wakePickup, type PostfixQueue } from './postfix-queue.ts';

/** Queue ids for one command line. */
const BATCH = 500;

/** Messages that are to go by another filter than the one that is configured. */
export interface ForFormerFilter {
  /** How many go back to the beginning. */
  readonly requeued: number;
  /** How many the former filter may have right now: they come to the deferred queue, or back from it. */
  readonly underWay: number;
}

/** Written down before the filter changes: until nothing is left for the former one, somebody has to look again. */
export function noteFilterChange(lib: string): void {
  writeAtomically({ path: noteIn(lib), content: '', mode: 0o600, uid: 0, gid: 0 });
}

export function isFilterChangeNoted(lib: string): boolean {
  return lstat(noteIn(lib)) !== undefined;
}

/** Sessions that go by what was configured before, until they end: those that are noted and these. */
export function noteSessions(lib: string, open: readonly string[]): void {
  const content = `${JSON.stringify([...new Set([...notedSessions(lib), ...open])])}\n`;
  writeAtomically({ path: noteIn(lib), content, mode: 0o600, uid: 0, gid: 0 });
}

export function notedSessions(lib: string): readonly string[] {
  const noted = readIfPresent(noteIn(lib)) ?? '';
  return noted === '' ? [] : (JSON.parse(noted) as readonly string[]);
}

export function forgetFilterChange(lib: string): void {
  rmSync(noteIn(lib), { force: true });
}

function noteIn(lib: string): string {
  return `${lib}/filter-changed`;
}

/**
 * Sends messages that wait for a content filter back to the beginning, where they meet the one that is configured now: a
 * message keeps in its queue file by which filter it was to go (postcat(1), record content_filter).
 * @param transport that filters are reached by
 * @param current `transport:nexthop`; undefined when there is no filter any more
 */
export async function requeueForFilter(
  queue: PostfixQueue,
  transport: string,
  current: string | undefined,
): Promise<ForFormerFilter> {
  const found = { deferred: [] as string[], incoming: [] as string[], active: [] as string[] };
  for await (const lines of listLines(queue)) {
    for (const line of lines) {
      const [, name, id] = /^\{"queue_name": "(deferred|incoming|active)", "queue_id": "(\w+)"/.exec(line) ?? [];
      if (id !== undefined) found[name as keyof typeof found].push(id);
    }
  }
  const staleOf = async (ids: readonly string[]): Promise<readonly string[]> => {
    const stale: string[] = [];
    for (let at = 0; at < ids.length; at += BATCH)
      stale.push(...(await waitingForAnother(queue, ids.slice(at, at + BATCH), transport, current)));
    return stale;
  };
  // At a reload the queue manager puts what is being delivered there, and looks at it again minutes later.
  const incoming = await staleOf(found.incoming);
  const isDelivered = deliveredNow(queue);
  const waiting = [...(await staleOf(found.deferred)), ...incoming.filter((id) => !isDelivered(id))];
  const underWay = [...incoming.filter(isDelivered), ...(await staleOf(found.active))];
  await postsuper(queue, 'requeue', waiting);
  if (waiting.length > 0) await wakePickup(queue);
  return { requeued: waiting.length, underWay: underWay.length };
}

/** Who delivers a message locks its file (deliver_request.c): with flock(2), which proc(5) lists by inode. */
function deliveredNow(queue: PostfixQueue): (id: string) => boolean {
  const lines = (readIfPresent('/proc/locks') ?? '').split('\n').filter((line) => line.includes(' FLOCK '));
  const locked = new Set(lines.map((line) => Number(/:(\d+) \d+ (?:\d+|EOF)$/.exec(line)?.[1])));
  const files = queueFiles(queue, ['incoming']);
  return (id) => locked.has(lstat(files.get(id)?.path ?? '')?.ino ?? 0);
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
