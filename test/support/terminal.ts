import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { BIN } from './scene.ts';

export interface Dialogue {
  readonly args: readonly string[];
  /** Milliseconds that all of it may take (20 s). */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** How wide the terminal is (unknown, so 80). */
  readonly columns?: number;
  /** What has to appear on the screen, and what is typed then. */
  readonly steps: readonly (readonly [prompt: string | RegExp, typed: string])[];
}

export interface Seen {
  readonly code: number | null;
  /** All that the terminal got, without its control sequences. */
  readonly screen: string;
  /** The same with them. */
  readonly raw: string;
}

export const ENTER = '\r';
export const CTRL_C = '\u0003';
/** Empties the line that is typed. */
export const CTRL_U = '\u0015';
export const CTRL_D = '\u0004';

/** Runs `eboxmail` on a terminal of its own, a pseudo-terminal that script(1) makes, and types. */
export async function onTerminal({ args, env, steps, columns, timeout = 20_000 }: Dialogue): Promise<Seen> {
  const program = [process.execPath, BIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const command = columns === undefined ? program : `stty cols ${columns}; ${program}`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: 'pipe',
    detached: true,
  });
  let raw = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (raw += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (raw += text));
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  let looked = 0;
  const appeared = (prompt: string | RegExp): boolean => {
    const screen = stripVTControlCharacters(raw.slice(looked));
    return typeof prompt === 'string' ? screen.includes(prompt) : prompt.test(screen);
  };
  const kill = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), timeout);
  try {
    for (const [prompt, typed] of steps) {
      while (!appeared(prompt)) {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`eboxmail ended before it asked ${String(prompt)}:\n${stripVTControlCharacters(raw)}`);
        }
        await sleep(10);
      }
      looked = raw.length;
      child.stdin.write(typed);
    }
    await closed;
  } finally {
    clearTimeout(kill);
    child.stdin.end();
  }
  return { code: child.exitCode, raw, screen: stripVTControlCharacters(raw) };
}
