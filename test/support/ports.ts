import { once } from 'node:events';
import net from 'node:net';

/** The standard ports that a mail server of ours may listen on. */
const STANDARD_PORTS = [25, 587, 465, 143, 993, 110, 995, 4190, 10025, 10026, 10027, 10028, 10029, 10030, 10031];

/** A port that no service has: who listens on it holds the offset, until the test process ends. */
const CLAIM_PORT = 1;

/**
 * Offsets in the order to try them. From 32768 on the kernel takes ports for outgoing connections, and a test makes
 * many of those to 127.0.0.1, so one that is free now may be taken when a daemon wants it. Below 22700 all ports keep
 * clear of that range, below 28500 all but the content filter's.
 */
const OFFSET_RANGES = [
  { from: 21_000, to: 22_700 },
  { from: 22_800, to: 28_500 },
  { from: 28_600, to: 55_400 },
] as const;

/**
 * An offset, a multiple of 100, at which every standard mail port plus offset is free on 127.0.0.1. It stays this
 * process's own: another call, in this or any other process, gets another one.
 */
export async function freePortOffset(): Promise<number> {
  for (const { from, to } of OFFSET_RANGES) {
    const count = (to - from) / 100 + 1;
    const first = Math.floor(Math.random() * count);
    for (let step = 0; step < count; step++) {
      const offset = from + ((first + step) % count) * 100;
      if (await claim(offset)) return offset;
    }
  }
  throw new Error('no port offset is free on 127.0.0.1: are sandboxes of earlier tests still running?');
}

async function claim(offset: number): Promise<boolean> {
  const holder = await listen(offset + CLAIM_PORT);
  if (holder === undefined) return false;
  for (const port of STANDARD_PORTS) {
    const server = await listen(offset + port);
    if (server === undefined) {
      await close(holder);
      return false;
    }
    await close(server);
  }
  holder.unref();
  return true;
}

async function listen(port: number): Promise<net.Server | undefined> {
  const server = net.createServer((socket) => socket.destroy());
  try {
    await once(server.listen({ port, host: '127.0.0.1' }), 'listening');
    return server;
  } catch {
    return undefined;
  }
}

async function close(server: net.Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
