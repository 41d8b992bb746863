import type { QueueStatus } from '../../core/status.ts';
import { PATHS } from '../../core/render/paths.ts';
import { EboxmailError } from '../../core/errors.ts';
import { queueSizes } from '../../system/queue-size.ts';
import type { Scene } from './scene.ts';

/** Mail that waits is no fault of the server; that it cannot be counted is. */
export async function queueStatus({ place }: Scene): Promise<QueueStatus> {
  try {
    const sizes = await queueSizes(`${place.root}/${PATHS.postfix}`);
    const messages = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    return { well: true, messages, queues: Object.fromEntries(sizes) };
  } catch (error) {
    if (!(error instanceof EboxmailError)) throw error;
    return { well: false, messages: 0, queues: {}, problem: error.message };
  }
}
