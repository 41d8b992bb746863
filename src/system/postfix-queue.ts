import { linkSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { failed, notFound, refused, type EboxmailError } from '../core/errors.ts';
import { QUEUE_NAMES, type QueueName } from '../core/queue/message.ts';
import { exec, execChunks, execLines, execOnOutput, type Ended } from './exec.ts';
import { lstat } from './files.ts';
import { postfixProcess } from './postfix.ts';

/** Milliseconds for work that grows with the queue: a slow disk removes a few thousand messages a second. */
const LONG_WORK = 3_600_000;

/** The queue of one Postfix: what postqueue(1), postsuper(1) and postcat(1) do, and where the files are. */
export interface PostfixQueue {
  readonly config: string;
  /** queue_directory of that configuration. */
  readonly directory: string;
}

/**
 * @throws failed (exit 1) when Postfix does not run: postqueue would read the files itself as root, or print nothing
 */
export function requireRunning({ config, directory }: PostfixQueue): void {
  if (lstat(`${config}/main.cf`) === undefined)
    throw failed(`there is no Postfix configuration in ${config}`, 'make it with: eboxmail apply');
  // Only root may read the file of the process id; for others postqueue says it.
  if (process.getuid?.() === 0 && postfixProcess(directory) === undefined) throw isDown(directory);
}

function isDown(directory: string): EboxmailError {
  return failed(
    `the mail system is down: no Postfix runs on ${directory}`,
    'start it with "systemctl start postfix", or "eboxmail apply" where there is no systemd',
  );
}

/** @throws failed when postqueue did not list the queue of a running Postfix */
function requireListed(queue: PostfixQueue): (ended: Ended) => void {
  return ({ code, stderr }) => {
    if (/mail system is down/i.test(stderr)) throw isDown(queue.directory);
    if (code !== 0) throw failed(`postqueue could not list the queue: ${messageOf(stderr)}`);
  };
}

/** Lines of `postqueue -j`, one message each, as they come. */
export function listLines(queue: PostfixQueue): AsyncGenerator<readonly string[], void> {
  return execLines('postqueue', ['-c', queue.config, '-j'], requireListed(queue));
}

/** The same on standard output, untouched. */
export async function listOnOutput(queue: PostfixQueue): Promise<void> {
  const ended = await execOnOutput('postqueue', ['-c', queue.config, '-j']);
  // `| head` closes the pipe; that is no failure.
  if (ended.signal !== 'SIGPIPE' && !/Broken pipe/.test(ended.stderr)) requireListed(queue)(ended);
}

/** What postsuper does to messages, by its option. */
const ACTIONS = { delete: '-d', hold: '-h', release: '-H', requeue: '-r' } as const;

export type SuperAction = keyof typeof ACTIONS;

/** One postsuper for all: ids are given on standard input. It says nothing of those that it does not find. */
export async function postsuper(queue: PostfixQueue, action: SuperAction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const args = ['-c', queue.config, ACTIONS[action], '-'];
  const { code, stderr } = await exec('postsuper', args, { input: `${ids.join('\n')}\n`, patience: LONG_WORK });
  if (code !== 0)
    throw failed(`postsuper ${ACTIONS[action]} failed: ${messageOf(stderr)}`, 'look again with: eboxmail queue list');
}

/** Postfix looks at what was requeued at once; otherwise within a minute (pickup(8)). */
export function wakePickup(queue: PostfixQueue): Promise<void> {
  return kick(queue, 'pickup', 'W');
}

/** Deferred mail that is due is tried at once, also to destinations that were given up for a while (qmgr(8), TRIGGERS). */
export function scanDeferred(queue: PostfixQueue): Promise<void> {
  return kick(queue, 'qmgr', 'DF');
}

async function kick({ config, directory }: PostfixQueue, service: string, request: string): Promise<void> {
  const { code, stderr } = await exec('postkick', ['-c', config, 'public', service, request]);
  if (/No such file|refused/i.test(stderr)) throw isDown(directory);
  // The daemon closes when it has read its request, often before postkick has written the NUL behind it.
  if (code !== 0 && !stderr.includes('SIGPIPE'))
    throw failed(`postkick could not wake ${service}: ${messageOf(stderr)}`);
}

/** All of the deferred queue is tried now (postqueue -f). */
export async function flushAll({ config, directory }: PostfixQueue): Promise<void> {
  const { code, stderr } = await exec('postqueue', ['-c', config, '-f']);
  if (/mail system is down/i.test(stderr)) throw isDown(directory);
  if (code !== 0) throw failed(`postqueue -f failed: ${messageOf(stderr)}`);
}

/**
 * Makes a deferred message due, as flush(8) does it for `postqueue -i`, which takes a process for each message.
 * @returns whether it was there
 */
export function makeDue(path: string): boolean {
  const now = Date.now() / 1000;
  return unlessGone(() => utimesSync(path, now, now));
}

/** A second name for a queue file; false when it has left. */
export function linkQueueFile(from: string, to: string): boolean {
  return unlessGone(() => linkSync(from, to));
}

function unlessGone(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw refused('cannot change a file of the queue', error);
  }
}

export interface QueueFile {
  readonly queue: QueueName;
  readonly path: string;
}

/**
 * Where the files of the queue are, by id; they lie in subdirectories where hash_queue_names says so. In the order of a
 * message's life, so that one that moves on meanwhile is found, if need be twice.
 */
export function queueFiles(
  { directory }: PostfixQueue,
  queues: readonly QueueName[] = QUEUE_NAMES,
): Map<string, QueueFile> {
  const files = new Map<string, QueueFile>();
  for (const queue of queues) addFiles(join(directory, queue), queue, files);
  return files;
}

function addFiles(directory: string, queue: QueueName, files: Map<string, QueueFile>): void {
  for (const entry of entriesOf(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) addFiles(path, queue, files);
    else if (entry.isFile()) files.set(entry.name, { queue, path });
  }
}

function entriesOf(directory: string): ReturnType<typeof readDirectory> {
  try {
    return readDirectory(directory);
  } catch (error) {
    // The queue manager removes and makes the hashed ones.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw refused('cannot read the queue', error);
  }
}

function readDirectory(path: string) {
  return readdirSync(path, { withFileTypes: true });
}

/** Puts what was placed in the hold queue into the subdirectory that it belongs in, where that queue has such. */
export async function arrangeHold({ config }: PostfixQueue): Promise<void> {
  const { stdout } = await exec('postconf', ['-c', config, '-h', 'hash_queue_names']);
  if (/\bhold\b/.test(stdout)) await exec('postsuper', ['-c', config, '-s', 'hold'], { patience: LONG_WORK });
}

/** How many messages Postfix could not read and put aside. */
export function corruptMessages({ directory }: PostfixQueue): number {
  return entriesOf(join(directory, 'corrupt')).length;
}

/** A message or its headers, byte for byte, with LF at the end of lines as Postfix keeps them. */
export function messageChunks(queue: PostfixQueue, id: string, part: 'all' | 'headers'): AsyncGenerator<Buffer, void> {
  return execChunks('postcat', ['-c', queue.config, part === 'all' ? '-hbq' : '-hq', id], requireRead(id));
}

/** The lines of its envelope, in postcat's words. */
export async function envelopeLines(queue: PostfixQueue, id: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await exec('postcat', ['-c', queue.config, '-eq', id]);
  requireRead(id)({ code, stderr });
  return stdout.split('\n');
}

/** @throws not found (exit 4) when the message has left the queue */
function requireRead(id: string): (ended: Pick<Ended, 'code' | 'stderr'>) => void {
  return ({ code, stderr }) => {
    if (/No such file or directory/.test(stderr)) throw notFound(`the message ${id} is no longer in the queue`);
    if (code !== 0) throw failed(`postcat could not read the message ${id}: ${messageOf(stderr)}`);
  };
}

function messageOf(stderr: string): string {
  const lines = stderr.trim().split('\n');
  return (lines.find((line) => /fatal|error/.test(line)) ?? lines.at(-1) ?? '').replace(/^\w+: /, '');
}
