import { hold, requeue, retry, type Outcome } from '../../app/queue/act.ts';
import { copiedAgain } from '../../app/queue/copied-again.ts';
import { canBeKept, deleteMessages, undoDeletion } from '../../app/queue/delete.ts';
import { ownQueue } from '../../app/queue/queue-of.ts';
import { releaseTo } from '../../app/queue/release.ts';
import { select, type Selected } from '../../app/queue/select.ts';
import { EXIT } from '../../core/errors.ts';
import { flushAll, type PostfixQueue } from '../../system/postfix-queue.ts';
import { confirm } from '../../ui/prompt.ts';
import { queueSample, shortSize } from '../../ui/queue-rows.ts';
import { printJson, type Context } from '../context.ts';
import { filterOf, selectionOf, type SelectionOptions } from '../queue-filters.ts';

export type Action = 'delete' | 'requeue' | 'retry' | 'hold' | 'release';

const DONE: Readonly<Record<Action, string>> = {
  delete: 'deleted',
  requeue: 'requeued',
  retry: 'being tried now:',
  hold: 'put on hold',
  release: 'released',
};

/** Does something to the messages that are named, by whatever way, and says what came of it. */
export async function act(
  context: Context,
  action: Action,
  ids: readonly string[],
  options: SelectionOptions,
): Promise<number> {
  const selection = selectionOf(ids, options);
  const queue = ownQueue(context.place, `queue ${action}`);
  const selected = await select(queue, selection, action === 'requeue' ? copiedAgain(context.place) : undefined);
  if (selected.messages.length > 0 && !(await agrees(context, action, selected, 'ids' in selection)))
    return EXIT.cancelled;
  const forgetInterrupts = whenInterrupted(context, action);
  const outcome = await perform(context, action, queue, selected).finally(forgetInterrupts);
  const copied = action === 'requeue' ? { copied_again: selected.counted } : {};
  if (context.json) printJson(context, { action, selected: selected.messages.length, ...outcome, ...copied });
  report(context, action, selected, outcome);
  return outcome.failed > 0 ? EXIT.failed : EXIT.done;
}

/** What named messages suffer by hold, release and retry can be taken back at once; for all else leave is asked. */
async function agrees(
  { terminal, yes }: Context,
  action: Action,
  selected: Selected,
  named: boolean,
): Promise<boolean> {
  const { messages, sample, withOthers, counted } = selected;
  const size = messages.reduce((sum, message) => sum + message.size, 0);
  const what = countOf(messages.length);
  const lines = [`${action} ${what} (${shortSize(size)}):`, ...sample.map((one) => `  ${queueSample(one)}`)];
  if (sample.length > 0 && messages.length > sample.length) lines.push(`  and ${messages.length - sample.length} more`);
  if (withOthers > 0) lines.push(`${withOthers} of them also wait for recipients that the filters do not name`);
  const held = messages.filter(({ queue }) => queue === 'hold').length;
  if (action === 'requeue' && held > 0) lines.push(`${held} of them are on hold and will be so no longer`);
  if (counted > 0)
    lines.push(`${counted} of them will be copied to the archive of a domain once more; "queue retry" copies nothing`);
  if (action === 'delete' && !canBeKept(messages))
    lines.push('that is too much to be kept: "queue undo" will not bring it back');
  terminal.say(lines.join('\n'));
  const harmless = named && action !== 'delete' && action !== 'requeue';
  return yes || harmless || confirm(terminal, `${capital(action)} ${what}?`, '--yes');
}

function perform({ place }: Context, action: Action, queue: PostfixQueue, { messages }: Selected): Promise<Outcome> {
  switch (action) {
    case 'delete':
      return deleteMessages(place, queue, messages);
    case 'requeue':
      return requeue(queue, messages);
    case 'retry':
      return retry(queue, messages);
    case 'hold':
      return hold(queue, messages);
    case 'release':
      return releaseTo(place, queue, messages);
  }
}

/** An interrupted deletion leaves messages on hold; whoever pressed Ctrl-C has to know the way back. */
function whenInterrupted({ terminal }: Context, action: Action): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const forget = (): void => {
    for (const signal of signals) process.off(signal, tell);
  };
  const tell = (signal: NodeJS.Signals): void => {
    forget();
    terminal.say('interrupted; messages may be on hold or gone already, this brings them back: eboxmail queue undo');
    process.kill(process.pid, signal);
  };
  if (action === 'delete') for (const signal of signals) process.on(signal, tell);
  return forget;
}

function report({ terminal }: Context, action: Action, { messages }: Selected, outcome: Outcome): void {
  if (messages.length === 0) return terminal.say('no message matches: nothing was done');
  const { done, unneeded, gone, failed } = outcome;
  const lines = [`${DONE[action]} ${countOf(done)}`];
  if (unneeded > 0) lines.push(`nothing to do for ${countOf(unneeded)}: ${UNNEEDED[action]}`);
  if (gone > 0) lines.push(`${countOf(gone)} had left the queue meanwhile`);
  if (failed > 0) lines.push(`error: Postfix did not do it for ${countOf(failed)}`);
  if ('kept' in outcome && outcome.kept === true) lines.push('  for a day, this brings them back: eboxmail queue undo');
  terminal.say(lines.join('\n'));
}

const UNNEEDED: Readonly<Record<Action, string>> = {
  delete: '',
  requeue: 'requeued already',
  retry: 'on hold, or being tried already',
  hold: 'on hold already',
  release: 'not on hold',
};

export async function undo(context: Context): Promise<number> {
  const { deleted, restored, held } = await undoDeletion(context.place, ownQueue(context.place, 'queue undo'));
  const time = new Date(deleted).toISOString();
  if (context.json) printJson(context, { deleted: time, restored, held });
  const onHold = held > 0 ? `, ${held} of them on hold as before` : '';
  context.terminal.say(`brought back ${countOf(restored)}, deleted at ${time}${onHold}`);
  return EXIT.done;
}

/** Postfix's own flush of a domain works only for those that relay_domains lists, so those messages are looked for. */
export async function flush(context: Context, { domain }: { domain?: string }): Promise<number> {
  const queue = ownQueue(context.place, 'queue flush');
  if (domain === undefined) {
    await flushAll(queue);
    if (context.json) printJson(context, { action: 'flush' });
    context.terminal.say('all deferred messages are being tried now');
    return EXIT.done;
  }
  const selected = await select(queue, { filter: filterOf({ domain }) });
  const outcome = await retry(queue, selected.messages);
  if (context.json) printJson(context, { action: 'flush', selected: selected.messages.length, ...outcome });
  report(context, 'retry', selected, outcome);
  return EXIT.done;
}

function countOf(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
