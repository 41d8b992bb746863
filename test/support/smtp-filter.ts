import { once } from 'node:events';
import net from 'node:net';
import { connect } from './smtp-client.ts';

export interface SmtpFilterOptions {
  /** Where it takes mail. */
  readonly host: string;
  readonly port: number;
  /** Where it hands mail back, coming from `host`. */
  readonly returnTo: { readonly host: string; readonly port: number };
  /** Hands a message back once for each recipient. */
  readonly split?: boolean;
}

/** A message as the filter got it. */
export interface Filtered {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly text: string;
}

/**
 * A content filter of the simplest kind: takes a message by SMTP, adds a header and hands it back by SMTP before it says
 * that it has it. No DSN, no XFORWARD.
 */
export class SmtpFilter {
  readonly seen: Filtered[] = [];
  readonly #options: SmtpFilterOptions;
  readonly #sockets = new Set<net.Socket>();
  #server: net.Server | undefined;

  constructor(options: SmtpFilterOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#server = net.createServer((socket) => this.#talk(socket));
    const { host, port } = this.#options;
    await once(this.#server.listen({ host, port }), 'listening');
  }

  /** Closes the port and every connection. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }

  #talk(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => socket.destroy());
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    let buffer = '';
    let message: { sender: string; recipients: string[] } = { sender: '', recipients: [] };
    let inData = false;
    let work = Promise.resolve();
    const onLine = async (line: string): Promise<void> => {
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO' || verb === 'HELO') say('250 filter.test');
      else if (verb === 'MAIL') {
        message = { sender: /<(.*?)>/.exec(line)?.[1] ?? '', recipients: [] };
        say('250 ok');
      } else if (verb === 'RCPT') {
        message.recipients.push(/<(.*?)>/.exec(line)?.[1] ?? '');
        say('250 ok');
      } else if (verb === 'DATA') {
        inData = true;
        say('354 go on');
      } else if (verb === 'QUIT') {
        say('221 bye');
        socket.end();
      } else say('250 ok');
    };
    const onMessage = async (text: string): Promise<void> => {
      const filtered = { ...message, text: text.replace(/^\.\./gm, '.') };
      this.seen.push(filtered);
      try {
        await this.#handBack(filtered);
        say('250 handed back');
      } catch (error) {
        say(`451 ${(error as Error).message.replaceAll('\n', ' ')}`);
      }
    };
    const take = async (): Promise<void> => {
      for (;;) {
        const end = inData ? buffer.indexOf('\r\n.\r\n') : buffer.indexOf('\r\n');
        if (end < 0) return;
        const text = buffer.slice(0, end);
        buffer = buffer.slice(end + (inData ? 5 : 2));
        if (!inData) await onLine(text);
        else {
          inData = false;
          await onMessage(text);
        }
      }
    };
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      buffer += chunk;
      work = work.then(take);
    });
    say('220 filter.test');
  }

  async #handBack({ sender, recipients, text }: Filtered): Promise<void> {
    const { host, returnTo, split } = this.#options;
    for (const some of split === true ? recipients.map((one) => [one]) : [recipients]) {
      const client = await connect({ ...returnTo, tls: 'none', localAddress: host });
      try {
        const lines = ['EHLO filter.test', `MAIL FROM:<${sender}>`, ...some.map((one) => `RCPT TO:<${one}>`)];
        for (const line of lines) {
          const reply = await client.command(line);
          if (reply.code !== 250) throw new Error(`${line}: ${reply.text}`);
        }
        const reply = await client.data(`X-Filtered: yes\n${text}`);
        if (reply.code !== 250) throw new Error(`the message: ${reply.text}`);
      } finally {
        await client.quit();
      }
    }
  }
}
