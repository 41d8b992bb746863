import { EboxmailError, EXIT } from '../core/errors.ts';
import { chaseOf } from '../core/log/chase.ts';
import { stampReader, type Clock, type StampReader } from '../core/log/clock.ts';
import { messagesOf } from '../core/log/messages.ts';
import { finderOf } from '../core/log/needles.ts';
import { parseLine } from '../core/log/parse-line.ts';
import { refusalsOf } from '../core/log/refusals.ts';
import { countsOf, STATS_NEEDLES, type Counting, type Counts } from '../core/log/stats.ts';
import type { Reach, Trace } from '../core/log/trace.ts';
import type { Wanted } from '../core/log/wanted.ts';
import type { TimedEvent } from '../core/log/event.ts';
import { PATHS } from '../core/render/paths.ts';
import { findLines, firstLine, journalSource, openLogs, rotatedFiles, type LogSource } from '../system/log-source.ts';
import { usesSystemd } from '../system/systemd.ts';

export interface LogOptions {
  /** Files to read instead of the root's own. */
  readonly files: readonly string[];
  /** Milliseconds since 1970; -Infinity: all that there is. */
  readonly since: number;
  readonly clock: Clock;
}

/** Follows what was asked through the logs; `limit` messages at most, the latest. */
export async function traceLog(root: string, wanted: Wanted, limit: number, options: LogOptions): Promise<Trace> {
  const { since, clock } = options;
  return withSources(root, options, async (sources) => {
    const chase = chaseOf(wanted, limit);
    await readEvents(sources, wanted.needles, since, clock, chase.first);
    for (let needles = chase.next(); needles !== undefined; needles = chase.next()) {
      await readEvents(sources, needles, chase.earliest(), clock, chase.later);
    }
    const events = chase.events();
    const messages = messagesOf(events, wanted);
    const refusals = refusalsOf(events);
    return {
      messages: messages.slice(-limit),
      refusals: refusals.slice(-limit),
      more: chase.more || messages.length > limit,
      reach: await reachOf(sources, clock),
    };
  });
}

/** Counts what happened to the mail of domains, day by day. */
export async function logStats(root: string, counting: Counting, options: LogOptions): Promise<Counts> {
  return withSources(root, options, async (sources) => {
    const counts = countsOf(counting);
    const { since, clock } = options;
    await readLines(sources, STATS_NEEDLES, since, clock, (line, readStamp) => {
      const stamp = readStamp(line);
      if (stamp === undefined || stamp.time < since || counts.addQuickly(stamp.time, line, stamp.length)) return;
      const found = parseLine(line, readStamp);
      if (found !== undefined) counts.add(found);
    });
    return counts;
  });
}

async function readEvents(
  sources: readonly LogSource[],
  needles: readonly string[],
  since: number,
  clock: Clock,
  take: (place: string, found: TimedEvent) => void,
): Promise<void> {
  await readLines(sources, needles, since, clock, (line, readStamp, place) => {
    const found = parseLine(line, readStamp);
    if (found !== undefined && found.time >= since) take(place(), found);
  });
}

type LineTaker = (line: string, readStamp: StampReader, place: () => string) => void;

/** Reads the lines that hold one of the needles; their places are ordered as texts. */
async function readLines(
  sources: readonly LogSource[],
  needles: readonly string[],
  since: number,
  clock: Clock,
  take: LineTaker,
): Promise<void> {
  const encoder = new TextEncoder();
  const find = finderOf(needles.map((needle) => encoder.encode(needle)));
  for (const [index, source] of sources.entries()) {
    const readStamp = stampReader(source.modified, clock);
    await findLines(source.read(since), find, (line, at) => {
      take(line, readStamp, () => `${String(index).padStart(6, '0')}:${String(at).padStart(15, '0')}`);
    });
  }
}

async function withSources<T>(
  root: string,
  { files, clock }: LogOptions,
  work: (sources: readonly LogSource[]) => Promise<T>,
): Promise<T> {
  const sources = await sourcesOf(root, files, clock);
  try {
    return await work(sources);
  } finally {
    for (const source of sources) await source.close();
  }
}

async function sourcesOf(root: string, files: readonly string[], clock: Clock): Promise<readonly LogSource[]> {
  if (files.length > 0) return openLogs(files, clock);
  const logs = [PATHS.mailLog, PATHS.dovecotLog, ...PATHS.rspamdLogs];
  const [mail = [], ...others] = logs.map((path) => rotatedFiles(`${root}/${path}`));
  const opened = await openLogs([...mail, ...others.flat()], clock);
  if (mail.length > 0) return opened;
  // Debian 12 has no syslog daemon any more: then the journal is all there is.
  if (usesSystemd(root, undefined)) return [...opened, journalSource(clock)];
  for (const source of opened) await source.close();
  throw new EboxmailError(
    EXIT.notFound,
    `there is no mail log ${root}/${PATHS.mailLog}`,
    'name the files with --file, e.g. --file /var/log/maillog',
  );
}

async function reachOf(sources: readonly LogSource[], clock: Clock): Promise<Reach> {
  const times: number[] = [];
  for (const source of sources) {
    const stamp = stampReader(source.modified, clock)((await firstLine(source)) ?? '');
    if (stamp !== undefined) times.push(stamp.time);
  }
  return { from: times.length === 0 ? undefined : Math.min(...times), sources: sources.map(({ name }) => name) };
}
