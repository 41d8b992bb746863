import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { visibleField } from '../core/visible.ts';

/** An SMTP server's answer to one command (RFC 5321 section 4.2). */
export interface SmtpReply {
  readonly code: number;
  /** The lines without their codes; what a terminal would act on is written out. */
  readonly lines: readonly string[];
}

export interface SmtpTarget {
  readonly address: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly implicitTls: boolean;
  /** For the certificate: whom the client believes to talk to; undefined for an address. */
  readonly serverName: string | undefined;
  /** PEM, who may sign certificates. */
  readonly authorities: readonly string[];
  /** The address to come from; any when absent. */
  readonly localAddress?: string;
  /** Milliseconds for a connection, a handshake and each answer; fifteen seconds when absent. */
  readonly patience?: number;
}

const PATIENCE = 15_000;

/** More than any server has to say. */
const MOST_ANSWER = 64 * 1024;

/** A session that does what it is told and nothing else. Everything that goes wrong is an Error with a sentence. */
export class SmtpSession {
  private socket: Socket;
  private readonly target: SmtpTarget;
  private buffer = '';
  private wake: (() => void) | undefined;
  private failure: string | undefined;

  private constructor(socket: Socket, target: SmtpTarget) {
    this.socket = socket;
    this.target = target;
    this.listen();
  }

  /** @throws when nothing answers there, or no TLS in the case of implicit TLS */
  static async connect(target: SmtpTarget): Promise<SmtpSession> {
    const socket = connectTcp({
      host: target.address,
      port: target.port,
      ...(target.localAddress === undefined ? {} : { localAddress: target.localAddress }),
    });
    await ready(socket, 'connect', target.patience);
    const session = new SmtpSession(socket, target);
    if (target.implicitTls) await session.startTls();
    return session;
  }

  /** The TLS socket; undefined without TLS. */
  get secured(): TLSSocket | undefined {
    return 'encrypted' in this.socket ? (this.socket as TLSSocket) : undefined;
  }

  /** The handshake, once the server expects it. Any certificate will do: it is looked at afterwards. */
  async startTls(): Promise<void> {
    this.socket.removeAllListeners();
    const { serverName, authorities } = this.target;
    const secure = connectTls({
      socket: this.socket,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ca: [...authorities],
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
    await ready(secure, 'secureConnect', this.target.patience);
    this.socket = secure;
    // What came before the handshake is nobody's word.
    this.buffer = '';
    this.listen();
  }

  async command(line: string): Promise<SmtpReply> {
    this.socket.write(`${line}\r\n`);
    return this.reply();
  }

  /** The next answer. @throws when the connection ends before it, or it takes too long */
  async reply(): Promise<SmtpReply> {
    const { patience = PATIENCE } = this.target;
    const deadline = performance.now() + patience;
    for (;;) {
      const answer = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n/.exec(this.buffer)?.[0];
      if (answer !== undefined) {
        this.buffer = this.buffer.slice(answer.length);
        const lines = answer.trimEnd().split('\n');
        return { code: Number(answer.slice(0, 3)), lines: lines.map((line) => visibleField(line.slice(4).trim())) };
      }
      if (/^(?!\d{0,3}$|\d{3}[ \r\n-])/.test(this.buffer) && this.buffer.includes('\n'))
        throw new Error('it does not speak SMTP');
      if (this.buffer.length > MOST_ANSWER) throw new Error('its answer has no end');
      if (this.failure !== undefined) throw new Error(this.failure);
      if (!(await this.more(deadline - performance.now())))
        throw new Error(`it did not answer within ${patience / 1000} s`);
    }
  }

  /** Says goodbye without waiting for the answer. */
  end(): void {
    this.close('QUIT\r\n');
  }

  /** Leaves in the middle of a message, which the server throws away then (RFC 5321 section 4.1.1.10). */
  breakOff(): void {
    this.close('');
  }

  private close(lastWords: string): void {
    this.socket.on('error', () => undefined);
    this.socket.end(lastWords);
    this.socket.setTimeout(1000, () => this.socket.destroy());
    this.socket.resume();
  }

  private listen(): void {
    const wake = (): void => this.wake?.();
    this.socket.on('data', (chunk: Buffer) => {
      this.buffer += chunk.toString('utf8');
      wake();
    });
    this.socket.on('error', (error: Error) => {
      this.failure = error.message;
      wake();
    });
    this.socket.on('close', () => {
      this.failure ??= 'it closed the connection';
      wake();
    });
  }

  /** Waits for something to happen; false when the time is over. */
  private more(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (happened: boolean): void => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve(happened);
      };
      const timer = setTimeout(() => end(false), Math.max(0, milliseconds));
      this.wake = () => end(true);
    });
  }
}

function ready(socket: Socket, event: 'connect' | 'secureConnect', patience = PATIENCE): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(why));
    };
    const timer = setTimeout(() => fail(`nothing happened within ${patience / 1000} s`), patience);
    socket.once('error', (error: Error) => {
      clearTimeout(timer);
      fail(error.message);
    });
    socket.once('close', () => {
      clearTimeout(timer);
      fail('it closed the connection');
    });
    socket.once(event, () => {
      clearTimeout(timer);
      socket.removeAllListeners('error').removeAllListeners('close');
      resolve();
    });
  });
}
