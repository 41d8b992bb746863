import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';

/** Milliseconds to wait for a connection, a handshake or an answer. */
const PATIENCE = 15_000;

/** More than any line that a server has to say. */
const MOST_TEXT = 256 * 1024;

/** A session in a protocol of lines: POP3, IMAP. */
export class LineSocket {
  private socket: Socket;
  private text = '';
  private ended: Error | undefined;
  private wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.listen();
  }

  static async open(host: string, port: number): Promise<LineSocket> {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    return new LineSocket(socket);
  }

  /** @param path of a Unix socket */
  static async openUnix(path: string): Promise<LineSocket> {
    const socket = connect({ path });
    await once(socket, 'connect');
    return new LineSocket(socket);
  }

  /** The handshake, on the connection as it is. What was said before it counts no more. */
  async secure(options: ConnectionOptions): Promise<TLSSocket> {
    this.socket.removeAllListeners();
    this.socket.on('error', () => undefined);
    this.text = '';
    const socket = connectTls({ ...options, socket: this.socket });
    await once(socket, 'secureConnect');
    this.socket = socket;
    this.listen();
    return socket;
  }

  /** Sends text that holds one byte in each character. */
  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** The next line, without its end. */
  async line(): Promise<string> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const end = this.text.indexOf('\n');
      if (end >= 0) {
        const line = this.text.slice(0, end).replace(/\r$/, '');
        this.text = this.text.slice(end + 1);
        return line;
      }
      if (this.ended !== undefined) throw this.ended;
      if (performance.now() >= deadline) throw new Error('the server does not answer');
      await this.more(deadline - performance.now());
    }
  }

  close(): void {
    this.socket.destroy();
  }

  private more(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private listen(): void {
    const end = (error: Error): void => {
      this.ended ??= error;
      this.wake();
    };
    this.socket
      .on('data', (chunk: Buffer) => {
        this.text += chunk.toString('latin1');
        if (this.text.length > MOST_TEXT) this.socket.destroy(new Error('the server says more than it should'));
        this.wake();
      })
      .on('error', end)
      .on('close', () => end(new Error('the server closed the connection')));
  }
}

function once(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error('the server does not answer')), PATIENCE);
    timer.unref();
    const settle = (work: () => void): void => {
      clearTimeout(timer);
      socket.off('error', onError).off('close', onClose);
      work();
    };
    const onError = (error: Error): void => settle(() => fail(error));
    const onClose = (): void => settle(() => fail(new Error('the server closed the connection')));
    socket.once('error', onError).once('close', onClose);
    socket.once(event, () => settle(resolve));
  });
}
