import { readdirSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { stampReader, type Clock, type StampReader } from '../core/log/clock.ts';
import type { Finder } from '../core/log/needles.ts';
import { failed, notFound } from '../core/errors.ts';
import { execChunks, MissingProgram } from './exec.ts';

/** A log that can be read several times, however often it is rotated meanwhile. */
export interface LogSource {
  /** A path, or `journal`. */
  readonly name: string;
  /** When it was last written to, in milliseconds since 1970: no line in it is younger. */
  readonly modified: number;
  /** Its bytes from about a time on (milliseconds since 1970); -Infinity: from the beginning. */
  read(since: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

const BLOCK = 1 << 20;
/** Longer than any line that syslog or Postfix writes; what is longer is no log. */
const LONGEST_LINE = 1 << 15;
const NEW_LINE = 0x0a;

/** The time of day of the machine. */
export function machineClock(): Clock {
  return {
    now: Date.now(),
    local: (year, month, day, hour, minute, second) => new Date(year, month, day, hour, minute, second).getTime(),
  };
}

/** A log and its rotated predecessors (`mail.log.1`, `mail.log.2.gz`, `mail.log-20261124.gz`), the oldest first. */
export function rotatedFiles(path: string): readonly string[] {
  const name = basename(path);
  let names: readonly string[];
  try {
    names = readdirSync(dirname(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw unreadable(dirname(path), error);
  }
  const suffix = /^(?:\.\d+|-\d{8}(?:-\d+)?)?(?:\.gz)?$/;
  return names
    .filter((other) => other.startsWith(name) && suffix.test(other.slice(name.length)))
    .map((other) => `${dirname(path)}/${other}`);
}

/** Opens files, the one that was last written to last, whatever order they are given in. */
export async function openLogs(paths: readonly string[], clock: Clock): Promise<readonly LogSource[]> {
  const sources: LogSource[] = [];
  try {
    for (const path of paths) sources.push(await openLog(path, clock));
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
  return sources.sort((a, b) => a.modified - b.modified);
}

async function openLog(path: string, clock: Clock): Promise<LogSource> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  const stats = await handle.stat();
  const { size, mtimeMs } = stats;
  if (!stats.isFile()) {
    await handle.close();
    throw failed(`${path} is no regular file`, 'name a log file, as it is or packed with gzip');
  }
  const modified = Math.min(mtimeMs, clock.now);
  const begin = await firstBytes(handle);
  if (begin.equals(JOURNAL_MAGIC)) {
    await handle.close();
    return { ...journalSource(clock, path), modified };
  }
  const packed = begin.readUInt16BE(0) === GZIP_MAGIC;
  const readStamp = stampReader(modified, clock);
  return {
    name: path,
    modified,
    read: async function* (since) {
      // Nothing in it is so young.
      if (since > modified) return;
      if (packed) {
        yield* unpack(path, handle, size);
      } else {
        const start = since === -Infinity ? 0 : await startOf(handle, size, since, readStamp);
        yield* readFrom(handle, start, size);
      }
    },
    close: () => handle.close(),
  };
}

const GZIP_MAGIC = 0x1f8b;
/** How a file of systemd's journal begins (its documentation, JOURNAL_FILE_FORMAT). */
const JOURNAL_MAGIC = Buffer.from('LPKSHHRH');

/** Padded with zeros. */
async function firstBytes(handle: FileHandle): Promise<Buffer> {
  const { buffer } = await handle.read(Buffer.alloc(JOURNAL_MAGIC.length), 0, JOURNAL_MAGIC.length, 0);
  return buffer;
}

async function* unpack(path: string, handle: FileHandle, size: number): AsyncIterable<Buffer> {
  const packed = Readable.from(copies(readFrom(handle, 0, size)), { objectMode: false });
  const unpacked = createGunzip({ chunkSize: BLOCK });
  packed.on('error', (error) => unpacked.destroy(error));
  try {
    yield* packed.pipe(unpacked) as AsyncIterable<Buffer>;
  } catch (error) {
    throw failed(`cannot unpack ${path}: ${(error as Error).message}`);
  } finally {
    packed.destroy();
  }
}

async function* copies(blocks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  for await (const block of blocks) yield Buffer.from(block);
}

/** The same buffer again and again: whoever wants to keep bytes copies them before the next. */
async function* readFrom(handle: FileHandle, start: number, size: number): AsyncIterable<Buffer> {
  let position = start;
  const buffer = Buffer.allocUnsafe(BLOCK);
  while (position < size) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(BLOCK, size - position), position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Halves the file until the lines before are all older. Lines stand in the order of time, give or take a second. */
async function startOf(handle: FileHandle, size: number, since: number, readStamp: StampReader): Promise<number> {
  const wanted = since - 60_000;
  let [low, high] = [0, size];
  const buffer = Buffer.alloc(LONGEST_LINE);
  while (high - low > BLOCK) {
    const middle = Math.floor((low + high) / 2);
    const { bytesRead } = await handle.read(buffer, 0, LONGEST_LINE, middle);
    const line = buffer.subarray(buffer.indexOf(NEW_LINE) + 1, bytesRead).toString('latin1', 0, 64);
    const stamp = readStamp(line);
    if (stamp === undefined) return low;
    if (stamp.time < wanted) low = middle;
    else high = middle;
  }
  return low;
}

/** What systemd's journal has of mail, or a file of such: everything of that facility, and rspamd. */
export function journalSource(clock: Clock, file?: string): LogSource {
  return {
    name: file ?? 'journal',
    modified: clock.now,
    read: async function* (since) {
      const where = file === undefined ? [] : [`--file=${file}`];
      const from = since === -Infinity ? [] : ['--since', `@${Math.floor(since / 1000)}`];
      const what = ['SYSLOG_FACILITY=2', '+', 'SYSLOG_IDENTIFIER=rspamd'];
      const format = ['--quiet', '--no-pager', '--all', '--output=short-iso'];
      try {
        yield* execChunks('journalctl', [...format, ...where, ...from, ...what], ({ code, stderr }) => {
          if (code !== 0) throw failed(`cannot read ${file ?? 'the journal'}: ${stderr.trim()}`);
        });
      } catch (error) {
        throw error instanceof MissingProgram ? failed(`${error.message}, which reads the journal of systemd`) : error;
      }
    },
    close: async () => undefined,
  };
}

/**
 * Gives every line in which something is found, with its place in the source. Other lines are never decoded, and no
 * more than a few blocks are in memory.
 */
export async function findLines(
  blocks: AsyncIterable<Buffer>,
  find: Finder,
  onLine: (line: string, place: number) => void,
): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  let base = 0;
  for await (const block of blocks) {
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block]);
    const end = bytes.lastIndexOf(NEW_LINE) + 1;
    linesIn(bytes, end, find, base, onLine);
    base += end;
    rest = Buffer.from(bytes.subarray(end));
    if (rest.length > LONGEST_LINE) {
      base += rest.length;
      rest = Buffer.alloc(0);
    }
  }
  linesIn(rest, rest.length, find, base, onLine);
}

function linesIn(
  bytes: Buffer,
  end: number,
  find: Finder,
  base: number,
  onLine: (line: string, place: number) => void,
): void {
  for (let hit = find(bytes, 0, end); hit >= 0;) {
    const start = hit === 0 ? 0 : bytes.lastIndexOf(NEW_LINE, hit - 1) + 1;
    const found = bytes.indexOf(NEW_LINE, hit);
    const stop = found < 0 || found > end ? end : found;
    if (stop - start <= LONGEST_LINE) onLine(bytes.toString('utf8', start, stop), base + start);
    hit = find(bytes, stop, end);
  }
}

/** The first line of a source. */
export async function firstLine(source: LogSource): Promise<string | undefined> {
  for await (const block of source.read(-Infinity)) return block.toString('utf8').split('\n')[0];
  return undefined;
}

function unreadable(path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return notFound(`there is no file ${path}`);
  const hint = code === 'EACCES' ? 'logs are for root and the group adm: use sudo' : undefined;
  return failed(`cannot read ${path}: ${message}`, hint);
}
