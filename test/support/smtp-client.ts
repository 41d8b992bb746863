import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

/** A server's answer to one command. */
export interface SmtpReply {
  readonly code: number;
  /** The lines' texts without the codes, joined by line breaks. */
  readonly text: string;
  /** The lines as they came. */
  readonly lines: readonly string[];
}

export interface SmtpConnectOptions {
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first byte, as on port 465. */
  readonly tls: 'none' | 'implicit';
  /** The address to come from; all of 127.0.0.0/8 is there for the taking. */
  readonly localAddress?: string;
  /** How long to wait for the connection and for each reply, in milliseconds. */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT = 30_000;
/** Which certificate a server shows is another test's business. */
const ANY_CERTIFICATE = { rejectUnauthorized: false } as const;

/** Connects and reads the greeting; a server that greets with 4xx or 5xx is no error, see `greeting`. */
export async function connect(options: SmtpConnectOptions): Promise<SmtpClient> {
  const { host, port, localAddress, timeout = DEFAULT_TIMEOUT } = options;
  const target = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
  const socket = options.tls === 'implicit' ? tls.connect({ ...target, ...ANY_CERTIFICATE }) : net.connect(target);
  try {
    await once(socket, options.tls === 'implicit' ? 'secureConnect' : 'connect', {
      signal: AbortSignal.timeout(timeout),
    });
    const lines = new ReplyReader(socket);
    return new SmtpClient(socket, lines, await lines.next(timeout), timeout);
  } catch (error) {
    socket.destroy();
    throw new Error(`cannot talk SMTP with ${host}:${port}: ${(error as Error).message}`, { cause: error });
  }
}

/** One SMTP session that does what the test says and nothing of its own accord: no EHLO, no retry, no dot-stuffing of commands. */
export class SmtpClient {
  readonly greeting: SmtpReply;
  #socket: net.Socket;
  #replies: ReplyReader;
  readonly #timeout: number;

  constructor(socket: net.Socket, replies: ReplyReader, greeting: SmtpReply, timeout: number) {
    this.#socket = socket;
    this.#replies = replies;
    this.greeting = greeting;
    this.#timeout = timeout;
  }

  /** The TLS socket, to look at its certificate or cipher; undefined on an unencrypted session. */
  get tlsSocket(): tls.TLSSocket | undefined {
    return this.#socket instanceof tls.TLSSocket ? this.#socket : undefined;
  }

  /** Sends one line as it is (several, for a pipelining test, if it contains line breaks) and reads one reply. */
  async command(line: string): Promise<SmtpReply> {
    this.#socket.write(`${line}\r\n`);
    return this.readReply();
  }

  /** One more reply, for pipelined commands. */
  async readReply(): Promise<SmtpReply> {
    return this.#replies.next(this.#timeout);
  }

  /** STARTTLS and, when the server agrees, the handshake. The caller says EHLO again. */
  async starttls(): Promise<SmtpReply> {
    const reply = await this.command('STARTTLS');
    if (reply.code !== 220) return reply;
    this.#replies.detach();
    const secure = tls.connect({ socket: this.#socket, ...ANY_CERTIFICATE });
    await once(secure, 'secureConnect', { signal: AbortSignal.timeout(this.#timeout) });
    this.#socket = secure;
    this.#replies = new ReplyReader(secure);
    return reply;
  }

  /** AUTH PLAIN with the initial response: 235 when it was the right password. */
  async authPlain(user: string, password: string): Promise<SmtpReply> {
    return this.command(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`);
  }

  /** DATA and the message, with line ends made CRLF and dots doubled; the reply to DATA itself when it is no 354. */
  async data(message: string): Promise<SmtpReply> {
    const ready = await this.command('DATA');
    if (ready.code !== 354) return ready;
    const text = message.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..').replace(/\r\n$/, '');
    return this.command(`${text}\r\n.`);
  }

  /** QUIT, and the connection closed whatever the server says to it. */
  async quit(): Promise<void> {
    await this.command('QUIT').catch(() => undefined);
    this.close();
  }

  /** Drops the connection without a word. */
  close(): void {
    this.#socket.destroy();
  }
}

/** Turns a socket's bytes into replies, and its end into errors of whoever waits for one. */
class ReplyReader {
  readonly #socket: net.Socket;
  #buffer = '';
  #lines: string[] = [];
  readonly #replies: SmtpReply[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  readonly #onData = (chunk: Buffer): void => this.#take(chunk.toString('utf8'));
  readonly #onError = (error: Error): void => this.#fail(error);
  readonly #onClose = (): void => this.#fail(new Error(`the server closed the connection${this.#partial()}`));

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', this.#onData).on('error', this.#onError).on('close', this.#onClose);
  }

  /** Stops reading, so that TLS can take over the socket. */
  detach(): void {
    this.#socket.off('data', this.#onData).off('close', this.#onClose);
  }

  async next(timeout: number): Promise<SmtpReply> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const reply = this.#replies.shift();
      if (reply !== undefined) return reply;
      if (this.#failure !== undefined) throw this.#failure;
      if (performance.now() >= deadline) throw new Error(`no SMTP reply within ${timeout} ms${this.#partial()}`);
      await this.#news(deadline - performance.now());
    }
  }

  #news(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #take(text: string): void {
    const parts = (this.#buffer + text).split('\r\n');
    this.#buffer = parts.pop() ?? '';
    for (const line of parts) {
      this.#lines.push(line);
      // `250-more` goes on, `250 last` (or a bare `250`) ends the reply.
      if (line[3] !== '-') this.#finishReply();
    }
    this.#wake();
  }

  #finishReply(): void {
    const lines = this.#lines;
    this.#lines = [];
    this.#replies.push({
      code: Number(lines[0]?.slice(0, 3)),
      text: lines.map((line) => line.slice(4)).join('\n'),
      lines,
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  #partial(): string {
    const rest = [...this.#lines, this.#buffer].filter((line) => line !== '').join(' / ');
    return rest === '' ? '' : ` after "${rest}"`;
  }
}
