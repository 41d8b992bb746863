import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { makeTempDir } from './temp.ts';

const run = promisify(execFile);

/** Whether this machine has IPv6 on loopback; containers often have none. */
export const HAS_IPV6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/** A self-signed certificate, PEM, for a host name or IP address; on request one that expired yesterday. */
export async function makeCertificate(name: string, validity: 'valid' | 'expired' = 'valid'): Promise<KeyPair> {
  const directory = await makeTempDir();
  try {
    const [key, cert] = [join(directory.path, 'key.pem'), join(directory.path, 'cert.pem')];
    const kind = net.isIP(name) === 0 ? 'DNS' : 'IP';
    await run('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
      ],
      ...['-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${kind}:${name}`],
    ]);
    if (validity === 'expired') {
      await run('openssl', ['x509', '-in', cert, '-signkey', key, '-days', '-1', '-out', cert]);
    }
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  } finally {
    await directory.remove();
  }
}

export interface SinkOptions {
  readonly host: string;
  /** A free one when absent. */
  readonly port?: number;
  readonly tls?: 'none' | 'starttls' | 'implicit';
  readonly certificate?: KeyPair;
  /** Who may log in; AUTH is then offered and demanded. Under TLS only, where there is TLS. */
  readonly users?: Readonly<Record<string, string>>;
  readonly mechanisms?: readonly string[];
  /** Answers to commands that are not taken, by their first word: `{MAIL: '550 no'}`. */
  readonly refuse?: Readonly<Record<string, string>>;
  /** Milliseconds between the end of a message, which is kept at once, and the answer. */
  readonly slow?: number;
}

export interface SunkMessage {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  /** Who had logged in. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

export interface Sink {
  readonly host: string;
  readonly port: number;
  readonly messages: readonly SunkMessage[];
  /** Every login that was tried, as user and password. */
  readonly logins: readonly (readonly [string, string])[];
  /** The first word of every command. */
  readonly commands: readonly string[];
  /** Messages with this text in them. */
  of(token: string): readonly SunkMessage[];
  close(): Promise<void>;
}

/** A mail server elsewhere that takes everything and remembers it. */
export async function startSink(options: SinkOptions): Promise<Sink> {
  const messages: SunkMessage[] = [];
  const logins: (readonly [string, string])[] = [];
  const commands: string[] = [];
  const sockets = new Set<net.Socket>();
  const accept = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    new Conversation(socket, options, { messages, logins, commands });
  };
  const server =
    options.tls === 'implicit' ? tls.createServer({ ...options.certificate }, accept) : net.createServer(accept);
  server.on('tlsClientError', () => undefined);
  await once(server.listen({ host: options.host, port: options.port ?? 0 }), 'listening');
  return {
    host: options.host,
    port: (server.address() as net.AddressInfo).port,
    messages,
    logins,
    commands,
    of: (token) => messages.filter(({ text }) => text.includes(token)),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Memory {
  readonly messages: SunkMessage[];
  readonly logins: (readonly [string, string])[];
  readonly commands: string[];
}

class Conversation {
  #socket: net.Socket;
  #secure: boolean;
  #buffer = '';
  /** What the next line means, when it is no command. */
  #expects: ((line: string) => void) | undefined;
  #login: readonly [string, string] | undefined;
  #from = '';
  #to: string[] = [];
  readonly #options: SinkOptions;
  readonly #memory: Memory;

  constructor(socket: net.Socket, options: SinkOptions, memory: Memory) {
    this.#socket = socket;
    this.#secure = options.tls === 'implicit';
    this.#options = options;
    this.#memory = memory;
    this.#listen();
    this.#say(options.refuse?.['CONNECT'] ?? '220 sink.test ESMTP');
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#buffer += chunk.toString('utf8');
      for (let end = this.#buffer.indexOf('\r\n'); end >= 0; end = this.#buffer.indexOf('\r\n')) {
        const line = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 2);
        const expects = this.#expects;
        if (expects === undefined) this.#command(line);
        else expects(line);
      }
    });
  }

  #say(text: string): void {
    this.#socket.write(`${text}\r\n`);
  }

  #command(line: string): void {
    const [word = '', ...rest] = line.split(' ');
    const name = word.toUpperCase();
    this.#memory.commands.push(name);
    const refusal = this.#options.refuse?.[name];
    if (refusal !== undefined) return this.#say(refusal);
    const needsLogin = this.#options.users !== undefined && this.#login === undefined;
    if (needsLogin && name === 'MAIL') return this.#say('530 5.7.0 Authentication required');
    switch (name) {
      case 'EHLO':
        return this.#say(['250-sink.test', ...this.#extensions(), '250 8BITMIME'].join('\r\n'));
      case 'STARTTLS':
        return this.#startTls();
      case 'AUTH':
        return this.#auth(rest[0]?.toUpperCase() ?? '', rest[1]);
      case 'MAIL':
        this.#from = /<(.*?)>/.exec(line)?.[1] ?? '';
        this.#to = [];
        return this.#say('250 ok');
      case 'RCPT':
        this.#to.push(/<(.*?)>/.exec(line)?.[1] ?? '');
        return this.#say('250 ok');
      case 'DATA':
        return this.#data();
      case 'QUIT':
        this.#say('221 bye');
        return void this.#socket.end();
      default:
        return this.#say(['RSET', 'NOOP', 'HELO'].includes(name) ? '250 ok' : '502 unknown');
    }
  }

  #extensions(): readonly string[] {
    const { tls: kind, users, mechanisms = ['PLAIN', 'LOGIN'] } = this.#options;
    const canSecure = kind === 'starttls' && !this.#secure;
    const offersLogin = users !== undefined && !canSecure;
    return [...(canSecure ? ['250-STARTTLS'] : []), ...(offersLogin ? [`250-AUTH ${mechanisms.join(' ')}`] : [])];
  }

  #startTls(): void {
    this.#say('220 go');
    this.#socket.removeAllListeners('data');
    const secure = new tls.TLSSocket(this.#socket, { isServer: true, ...this.#options.certificate });
    secure.on('error', () => undefined);
    this.#socket = secure;
    this.#secure = true;
    this.#buffer = '';
    this.#listen();
  }

  #auth(mechanism: string, initial: string | undefined): void {
    const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
    if (mechanism === 'PLAIN') {
      const take = (text: string): void => {
        const [, user = '', password = ''] = decode(text).split('\0');
        this.#judge(user, password);
      };
      if (initial !== undefined) return take(initial);
      return this.#ask('334 ', take);
    }
    if (mechanism !== 'LOGIN') return this.#say('504 5.5.4 unknown mechanism');
    const askPassword = (user: string): void => {
      this.#ask('334 UGFzc3dvcmQ6', (password) => this.#judge(decode(user), decode(password)));
    };
    if (initial !== undefined) askPassword(initial);
    else this.#ask('334 VXNlcm5hbWU6', askPassword);
  }

  #ask(question: string, next: (line: string) => void): void {
    this.#expects = (line) => {
      this.#expects = undefined;
      next(line);
    };
    this.#say(question);
  }

  #judge(user: string, password: string): void {
    this.#memory.logins.push([user, password]);
    if (this.#options.users?.[user] !== password) return this.#say('535 5.7.8 Wrong user or password');
    this.#login = [user, password];
    this.#say('235 welcome');
  }

  #data(): void {
    const lines: string[] = [];
    this.#expects = (line) => {
      if (line !== '.') return void lines.push(line);
      this.#expects = undefined;
      const [user, password] = this.#login ?? [];
      const text = lines.join('\n');
      this.#memory.messages.push({ from: this.#from, to: this.#to, text, user, password, tls: this.#secure });
      setTimeout(() => this.#say('250 kept'), this.#options.slow ?? 0);
    };
    this.#say('354 go on');
  }
}
