import { runningQueue } from '../../app/queue/queue-of.ts';
import { EXIT, usageError } from '../../core/errors.ts';
import { QUEUE_HEADER, queueLines } from '../../ui/queue-rows.ts';
import type { Context } from '../context.ts';
import { secondsNow } from '../queue-filters.ts';
import { wanted, type ListOptions } from './list.ts';

/** Milliseconds between two looks, or three times as long as a look takes: a long queue shall not keep the disks busy. */
const PAUSE = 2000;

const ALTERNATE_SCREEN = '\u001b[?1049h\u001b[?25l';
const NORMAL_SCREEN = '\u001b[?25h\u001b[?1049l';
const HOME_AND_CLEAR = '\u001b[H\u001b[J';

const CTRL_C = '\u0003';

/** The list as a screen that is drawn again and again, until somebody ends it. */
export async function watch(context: Context, options: ListOptions, limit: number): Promise<number> {
  const { terminal, stdin } = context;
  if (!terminal.tables || stdin.isTTY !== true || context.json || options.ids === true)
    throw usageError('--watch needs a terminal', 'without one, call queue list again and again');
  const queue = runningQueue(context.place);
  let [stopped, exitCode]: [boolean, number] = [false, EXIT.done];
  let wake: () => void = () => undefined;
  const stop = (code: number): void => {
    [stopped, exitCode] = [true, code];
    wake();
  };
  const cancel = (): void => stop(EXIT.cancelled);
  const key = (typed: Buffer): void => {
    if (typed.includes('q')) stop(EXIT.done);
    if (typed.includes(CTRL_C)) cancel();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, cancel);
  stdin.setRawMode(true).on('data', key).resume();
  terminal.data(ALTERNATE_SCREEN);
  try {
    while (!stopped) {
      const start = performance.now();
      const screen = await draw(context, queue, options, limit);
      terminal.data(`${HOME_AND_CLEAR}${screen}`);
      const pause = Math.max(PAUSE, 3 * (performance.now() - start));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, stopped ? 0 : pause);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    terminal.data(NORMAL_SCREEN);
    stdin.setRawMode(false).off('data', key).pause();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, cancel);
  }
  return exitCode;
}

async function draw(
  { terminal }: Context,
  queue: ReturnType<typeof runningQueue>,
  options: ListOptions,
  limit: number,
): Promise<string> {
  const [rows, columns] = terminal.size();
  const lines: string[] = [];
  let count = 0;
  for await (const batch of wanted(queue, options, limit)) {
    count += batch.length;
    for (const { message } of batch) {
      if (lines.length < rows) lines.push(...queueLines(message, secondsNow(), undefined));
    }
  }
  const title = `${count} messages, ${new Date().toTimeString().slice(0, 8)}; q ends this`;
  const text = [title, QUEUE_HEADER, ...lines.slice(0, Math.max(1, rows - 3))];
  return text.map((line) => line.slice(0, columns)).join('\r\n');
}
