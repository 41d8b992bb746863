import { notFound } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { lstat, makeDirectory } from '../../system/files.ts';
import { withLock } from '../../system/lock.ts';
import { arrangeHold, linkQueueFile, postsuper, queueFiles, type PostfixQueue } from '../../system/postfix-queue.ts';
import type { Place } from '../state/place.ts';
import { idsOf, type Outcome } from './act.ts';
import type { SelectedMessage } from './select.ts';
import { beginDeletion, forget, keptDeletions, UNDO_HOURS, UNDO_LIMIT, type KeptDeletion } from './undo-area.ts';

export interface Deleted extends Outcome {
  /** Whether `queue undo` brings them back. */
  readonly kept: boolean;
}

/** Whether a deletion is small enough to be kept. */
export function canBeKept(messages: readonly SelectedMessage[]): boolean {
  return messages.reduce((sum, { size }) => sum + size, 0) <= UNDO_LIMIT;
}

/**
 * Deletes messages. They are put on hold first, so that nothing delivers them meanwhile, then get a second name in the undo
 * area, and only then lose their own. Interrupted anywhere, `undo` makes it as it was.
 */
export function deleteMessages(
  place: Place,
  queue: PostfixQueue,
  messages: readonly SelectedMessage[],
): Promise<Deleted> {
  return locked(place, async () => {
    const linked = messages.length > 0 && canBeKept(messages) ? await keep(place, queue, messages) : undefined;
    await postsuper(queue, 'delete', linked ?? idsOf(messages));
    const files = queueFiles(queue);
    const failed = messages.filter(({ id }) => files.has(id)).length;
    const gone = linked === undefined ? 0 : Math.max(0, messages.length - linked.length - failed);
    const kept = linked !== undefined && linked.length > 0;
    return { done: messages.length - failed - gone, unneeded: 0, gone, failed, kept };
  });
}

/** @returns the ids of those that are kept now; others have left the queue meanwhile */
async function keep(
  place: Place,
  queue: PostfixQueue,
  messages: readonly SelectedMessage[],
): Promise<readonly string[]> {
  const deletion = beginDeletion(place.root, messages, Date.now());
  await postsuper(queue, 'hold', idsOf(messages.filter((message) => message.queue !== 'hold')));
  const held = queueFiles(queue, ['hold']);
  const linked = idsOf(messages).filter((id) => {
    const file = held.get(id);
    return file !== undefined && linkQueueFile(file.path, `${deletion.path}/${id}`);
  });
  // When others had all of them already, undo shall bring back what those deleted.
  if (linked.length === 0) forget(deletion);
  return linked;
}

export interface Undone {
  /** Milliseconds since 1970. */
  readonly deleted: number;
  readonly restored: number;
  /** Of those, on hold as they were before. */
  readonly held: number;
}

/**
 * Brings back the last deletion: under their old ids, to where they were.
 * @throws not found (exit 4) when there is none that could be
 */
export function undoDeletion(place: Place, queue: PostfixQueue): Promise<Undone> {
  return locked(place, async () => {
    const last = keptDeletions(place.root, Date.now())[0];
    if (last === undefined) {
      throw notFound(
        'there is no deletion to undo',
        `deletions of the last ${UNDO_HOURS} hours can be undone, if they were not too large`,
      );
    }
    const back = restore(queue, last);
    const waiting = idsOf(back.filter((message) => message.queue !== 'hold'));
    await arrangeHold(queue);
    await postsuper(queue, 'release', waiting);
    forget(last);
    return { deleted: last.time, restored: back.length, held: back.length - waiting.length };
  });
}

/** Into the hold queue, which no daemon looks at; postsuper then puts each where it belongs. */
function restore(queue: PostfixQueue, { path, messages }: KeptDeletion): readonly SelectedMessage[] {
  const there = queueFiles(queue);
  return messages.filter(({ id }) => {
    // It is still on hold when the deletion was interrupted.
    if (there.has(id)) return there.get(id)?.queue === 'hold';
    return lstat(`${path}/${id}`) !== undefined && linkQueueFile(`${path}/${id}`, `${queue.directory}/hold/${id}`);
  });
}

function locked<T>({ root }: Place, work: () => Promise<T>): Promise<T> {
  makeDirectory(`${root}/${PATHS.lib}`, 0o700);
  return withLock(`${root}/${PATHS.lib}/queue.lock`, work);
}
