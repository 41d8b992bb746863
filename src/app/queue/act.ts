import type { QueueName } from '../../core/queue/message.ts';
import {
  makeDue,
  postsuper,
  queueFiles,
  scanDeferred,
  wakePickup,
  type PostfixQueue,
} from '../../system/postfix-queue.ts';
import type { SelectedMessage } from './select.ts';

/** What came of an action, found by looking at the queue again: the tools say nothing of ids that they do not know. */
export interface Outcome {
  /** Messages that are what was asked for. */
  readonly done: number;
  /** Those for which there was nothing to do: on hold already, or being delivered already. */
  readonly unneeded: number;
  /** Those that left the queue meanwhile, which is no failure. */
  readonly gone: number;
  /** Those that are still as they were. */
  readonly failed: number;
}

/** Nothing tries to deliver them until they are released. */
export async function hold(queue: PostfixQueue, messages: readonly SelectedMessage[]): Promise<Outcome> {
  const ids = idsOf(messages.filter((message) => message.queue !== 'hold'));
  await postsuper(queue, 'hold', ids);
  return outcome(queue, messages, ids, (found) => found === 'hold');
}

/** Held messages go back to the others and are tried at once. */
export async function release(queue: PostfixQueue, messages: readonly SelectedMessage[]): Promise<Outcome> {
  const ids = idsOf(messages.filter((message) => message.queue === 'hold'));
  await postsuper(queue, 'release', ids);
  await tryNow(queue, ids);
  return outcome(queue, messages, ids, (found) => found !== 'hold');
}

/** Deferred messages are tried now and keep their ids; nothing is looked up again. */
export async function retry(queue: PostfixQueue, messages: readonly SelectedMessage[]): Promise<Outcome> {
  const ids = idsOf(messages.filter((message) => message.queue === 'deferred'));
  const tried = await tryNow(queue, ids);
  return { done: tried, unneeded: messages.length - ids.length, gone: ids.length - tried, failed: 0 };
}

/** They go through aliases and tables again, under new ids; what was on hold is so no longer. */
export async function requeue(queue: PostfixQueue, messages: readonly SelectedMessage[]): Promise<Outcome> {
  const ids = idsOf(messages.filter((message) => message.queue !== 'maildrop'));
  await postsuper(queue, 'requeue', ids);
  const left = queueFiles(queue, ['incoming', 'active', 'deferred', 'hold']);
  await wakePickup(queue);
  const failed = ids.filter((id) => left.has(id)).length;
  return { done: ids.length - failed, unneeded: messages.length - ids.length, gone: 0, failed };
}

/** @returns how many were there to be tried */
async function tryNow(queue: PostfixQueue, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const files = queueFiles(queue, ['deferred']);
  const tried = ids.filter((id) => {
    const file = files.get(id);
    return file !== undefined && makeDue(file.path);
  });
  await scanDeferred(queue);
  return tried.length;
}

function outcome(
  queue: PostfixQueue,
  messages: readonly SelectedMessage[],
  ids: readonly string[],
  isDone: (found: QueueName) => boolean,
): Outcome {
  const found = whereabouts(queue, ids);
  const done = found.filter(isDone).length;
  return {
    done,
    unneeded: messages.length - ids.length,
    gone: ids.length - found.length,
    failed: found.length - done,
  };
}

/** In which queue each of the messages is that are still there. One that changes queues while these are read can be in none. */
function whereabouts(queue: PostfixQueue, ids: readonly string[]): readonly QueueName[] {
  const files = queueFiles(queue);
  const missing = ids.filter((id) => !files.has(id));
  const again = missing.length === 0 ? files : queueFiles(queue);
  return ids.flatMap((id) => (files.get(id) ?? again.get(id))?.queue ?? []);
}

export function idsOf(messages: readonly SelectedMessage[]): readonly string[] {
  return messages.map(({ id }) => id);
}
