import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

export interface LineClientOptions {
  readonly port: number;
  readonly tls: 'none' | 'implicit';
  readonly host?: string;
  readonly localAddress?: string;
}

const TIMEOUT = 20_000;

/** A session in a protocol of lines (POP3, IMAP, ManageSieve) that says what the test says. */
export class LineClient {
  #socket: net.Socket;
  #buffer = '';
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async connect({ port, tls: mode, host = '127.0.0.1', localAddress }: LineClientOptions): Promise<LineClient> {
    const target = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
    const socket = mode === 'implicit' ? tls.connect({ ...target, rejectUnauthorized: false }) : net.connect(target);
    const client = new LineClient(socket);
    await once(socket, mode === 'implicit' ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(TIMEOUT) });
    return client;
  }

  /** Sends a line and reads until one that matches; gives all that was read. */
  async command(line: string, until: RegExp): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    return this.read(until);
  }

  /** Everything up to a line that matches. */
  async read(until: RegExp): Promise<string> {
    const deadline = performance.now() + TIMEOUT;
    for (;;) {
      const lines = this.#buffer.split('\r\n');
      const at = lines.slice(0, -1).findIndex((line) => until.test(line));
      if (at >= 0) {
        this.#buffer = lines.slice(at + 1).join('\r\n');
        return lines.slice(0, at + 1).join('\r\n');
      }
      if (this.#closed || performance.now() > deadline)
        throw new Error(`no ${String(until)} in ${JSON.stringify(this.#buffer)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - performance.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The handshake, after the server has agreed to it. */
  async secure(): Promise<void> {
    this.#socket.removeAllListeners('data').removeAllListeners('close');
    const socket = tls.connect({ socket: this.#socket, rejectUnauthorized: false });
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(TIMEOUT) });
    this.#socket = socket;
    this.#listen();
  }

  close(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket
      .on('data', (chunk: Buffer) => {
        this.#buffer += chunk.toString('utf8');
        this.#wake();
      })
      .on('error', () => undefined)
      .on('close', () => {
        this.#closed = true;
        this.#wake();
      });
  }
}

/** Whether something accepts connections on a port of 127.0.0.1. */
export async function portIsOpen(port: number): Promise<boolean> {
  const socket = net.connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
