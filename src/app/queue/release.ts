import { parseQueueLine } from '../../core/queue/message.ts';
import { domainsByName, recipientsNow, withoutDetail } from '../../core/recipients.ts';
import { PATHS } from '../../core/render/paths.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { readAppliedRecord } from '../../system/applied-record.ts';
import { listLines, type PostfixQueue } from '../../system/postfix-queue.ts';
import { stateOf } from '../state/load-state.ts';
import type { Place } from '../state/place.ts';
import { release, requeue, type Outcome } from './act.ts';
import type { SelectedMessage } from './select.ts';

/**
 * Held messages go back to the others and are tried at once. While one was on hold a user may have become an alias, or left
 * the mail to the rest of the domain: what was accepted for the mailbox goes through aliases again, under a new id.
 */
export async function releaseTo(
  place: Place,
  queue: PostfixQueue,
  messages: readonly SelectedMessage[],
): Promise<Outcome> {
  const held = new Set(messages.flatMap(({ id, queue: name }) => (name === 'hold' ? [id] : [])));
  const stale = held.size === 0 ? held : await staleAmong(queue, held, noMailbox(place));
  const again = messages.filter(({ id }) => stale.has(id));
  if (again.length === 0) return release(queue, messages);
  const released = await release(
    queue,
    messages.filter(({ id }) => !stale.has(id)),
  );
  const requeued = await requeue(queue, again);
  return {
    done: released.done + requeued.done,
    unneeded: released.unneeded,
    gone: released.gone,
    failed: released.failed + requeued.failed,
  };
}

/** Those of the messages that wait for an address of which this holds. */
async function staleAmong(
  queue: PostfixQueue,
  ids: ReadonlySet<string>,
  isStale: (address: string) => boolean,
): Promise<ReadonlySet<string>> {
  const stale = new Set<string>();
  for await (const lines of listLines(queue)) {
    for (const line of lines) {
      const message = parseQueueLine(line);
      if (message === undefined || !ids.has(message.queue_id)) continue;
      if (message.recipients.some(({ address }) => isStale(address.toLowerCase()))) stale.add(message.queue_id);
    }
  }
  return stale;
}

/** Whether mail for an address is taken, by the state that is in force, and Dovecot has no mailbox for it. */
function noMailbox({ root }: Place): (address: string) => boolean {
  const applied = readAppliedRecord(`${root}/${PATHS.lib}`);
  if (applied === undefined) return () => false;
  const { model, directory } = modelOf(stateOf(applied.state));
  const here = domainsByName(model);
  const former = applied.mailboxes?.former ?? {};
  return (recipient) => {
    const address = withoutDetail(recipient);
    if (directory.account(address) !== undefined || Object.hasOwn(former, address)) return false;
    return recipientsNow(address, here, directory).length > 0;
  };
}
