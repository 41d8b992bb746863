import { ownQueue } from '../../app/queue/queue-of.ts';
import { readMessage } from '../../app/queue/show.ts';
import { EXIT, usageError } from '../../core/errors.ts';
import { messageChunks } from '../../system/postfix-queue.ts';
import { messageText } from '../../ui/queue-message.ts';
import { visibleText } from '../../core/visible.ts';
import { printJson, type Context } from '../context.ts';
import { requireQueueId, secondsNow } from '../queue-filters.ts';

interface ShowOptions {
  readonly headers?: boolean;
  readonly raw?: boolean;
}

export async function show(context: Context, id: string, { headers, raw }: ShowOptions): Promise<number> {
  requireQueueId(id);
  if (headers === true && raw === true) throw usageError('--headers and --raw exclude each other');
  if (context.json && (headers === true || raw === true)) throw usageError('--json has the headers; --raw is no JSON');
  const queue = ownQueue(context.place, 'queue show');
  if (headers === true || raw === true) {
    // A terminal would act on what is in it; a file or a program gets every byte.
    const safe = context.terminal.tables;
    for await (const chunk of messageChunks(queue, id, headers === true ? 'headers' : 'all')) {
      if (!(await context.terminal.pour(safe ? visibleText(chunk.toString('utf8')) : chunk))) break;
    }
    return EXIT.done;
  }
  const message = await readMessage(queue, id);
  if (context.json) {
    const { envelope, delivered, content } = message;
    printJson(context, { ...envelope, delivered, ...content });
  } else {
    context.terminal.data(messageText(message, secondsNow()));
  }
  return EXIT.done;
}
