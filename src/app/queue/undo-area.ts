import { readdirSync, rmSync } from 'node:fs';
import { failed } from '../../core/errors.ts';
import { isQueueId } from '../../core/queue/message.ts';
import { PATHS } from '../../core/render/paths.ts';
import { lstat, makeDirectory, readIfPresent, writeAtomically } from '../../system/files.ts';
import type { SelectedMessage } from './select.ts';

/**
 * Where deleted messages are kept for a while: second names (hard links) of their queue files, in a directory that only
 * root can enter. It lies in the queue's directory, because links cannot leave a file system, and a queue file that is
 * copied would get another inode, which its id names. Each deletion has a directory, named by its time.
 */
export interface KeptDeletion {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly messages: readonly SelectedMessage[];
}

/** Bytes that are kept, of one deletion and of all together. */
export const UNDO_LIMIT = 1024 ** 3;

/** How long deletions can be undone. */
export const UNDO_HOURS = 24;

const LIST = 'messages';

/** Makes a place for a deletion, with the list of what it is about to delete. */
export function beginDeletion(root: string, messages: readonly SelectedMessage[], time: number): KeptDeletion {
  const area = `${root}/${PATHS.queueUndo}`;
  makeDirectory(area, 0o700);
  const path = `${area}/${time}`;
  if (lstat(path) !== undefined) throw failed(`${path} is there already`, 'run the command again');
  makeDirectory(path, 0o700);
  const content = messages.map(({ id, queue, size }) => `${id} ${queue} ${size}\n`).join('');
  writeAtomically({ path: `${path}/${LIST}`, content, mode: 0o600, uid: 0, gid: 0, volatile: true });
  return { path, time, messages };
}

/** What can still be brought back, the last first. What is too old or more than is kept is removed on the way. */
export function keptDeletions(root: string, now: number): readonly KeptDeletion[] {
  const area = `${root}/${PATHS.queueUndo}`;
  if (lstat(area) === undefined) return [];
  const times = readdirSync(area).filter((name) => /^\d+$/.test(name));
  const all = times.map(Number).sort((a, b) => b - a);
  let size = 0;
  return all.flatMap((time) => {
    const path = `${area}/${time}`;
    const messages = readList(path);
    // One that another process is about to begin has no list yet.
    if (messages.length === 0 && now - time < 60_000) return [];
    size += messages.reduce((sum, message) => sum + message.size, 0);
    if (now - time <= UNDO_HOURS * 3_600_000 && size <= UNDO_LIMIT && messages.length > 0)
      return [{ path, time, messages }];
    forget({ path });
    return [];
  });
}

export function forget({ path }: Pick<KeptDeletion, 'path'>): void {
  rmSync(path, { recursive: true, force: true });
}

function readList(path: string): readonly SelectedMessage[] {
  const lines = readIfPresent(`${path}/${LIST}`)?.split('\n') ?? [];
  return lines.flatMap((line) => {
    const [id = '', queue = '', size = ''] = line.split(' ');
    return isQueueId(id) ? [{ id, queue, size: Number(size) }] : [];
  });
}
