import type { LineSocket } from './line-socket.ts';

/** A session in which mail is asked for, on a connection that is there. Errors say what the server said. */
export interface Session {
  greeting(): Promise<void>;
  /** Whether the server agrees to a handshake now. */
  starttls(): Promise<boolean>;
  login(user: string, password: string): Promise<void>;
  /** How many messages there are. */
  count(): Promise<number>;
}

/** The part of POP3 (RFC 1939, RFC 2595) that is needed here. */
export class Pop3Session implements Session {
  private readonly socket: LineSocket;

  constructor(socket: LineSocket) {
    this.socket = socket;
  }

  async greeting(): Promise<void> {
    await this.reply();
  }

  async starttls(): Promise<boolean> {
    this.socket.send('STLS\r\n');
    return (await this.socket.line()).startsWith('+OK');
  }

  async login(user: string, password: string): Promise<void> {
    await this.command(`USER ${bytes(user)}`);
    await this.command(`PASS ${bytes(password)}`);
  }

  async count(): Promise<number> {
    return Number(/^\+OK (\d+)/.exec(await this.command('STAT'))?.[1] ?? NaN);
  }

  private async command(line: string): Promise<string> {
    this.socket.send(`${line}\r\n`);
    return this.reply();
  }

  private async reply(): Promise<string> {
    const line = await this.socket.line();
    if (line.startsWith('+OK')) return line;
    throw new Error(`the server says: ${line}`);
  }
}

/** The part of IMAP (RFC 9051) that is needed here. */
export class ImapSession implements Session {
  private readonly socket: LineSocket;
  private commands = 0;

  constructor(socket: LineSocket) {
    this.socket = socket;
  }

  async greeting(): Promise<void> {
    const line = await this.socket.line();
    if (!/^\* OK/i.test(line)) throw new Error(`the server says: ${line}`);
  }

  async starttls(): Promise<boolean> {
    try {
      await this.command('STARTTLS');
      return true;
    } catch {
      return false;
    }
  }

  /** Literals take any character (RFC 9051 section 4.3). */
  async login(user: string, password: string): Promise<void> {
    const [name, word] = [bytes(user), bytes(password)];
    this.socket.send(`${this.tag()} LOGIN {${name.length}}\r\n`);
    await this.wantsMore();
    this.socket.send(`${name} {${word.length}}\r\n`);
    await this.wantsMore();
    this.socket.send(`${word}\r\n`);
    await this.completion();
  }

  async count(): Promise<number> {
    const lines = await this.command('STATUS INBOX (MESSAGES)');
    return Number(/\(MESSAGES (\d+)\)/i.exec(lines.join('\n'))?.[1] ?? NaN);
  }

  private tag(): string {
    this.commands += 1;
    return `a${this.commands}`;
  }

  private async command(text: string): Promise<readonly string[]> {
    this.socket.send(`${this.tag()} ${text}\r\n`);
    return this.completion();
  }

  private async wantsMore(): Promise<void> {
    for (;;) {
      const line = await this.socket.line();
      if (line.startsWith('+')) return;
      if (!line.startsWith('*')) throw new Error(`the server says: ${line}`);
    }
  }

  private async completion(): Promise<readonly string[]> {
    const tag = `a${this.commands} `;
    const lines: string[] = [];
    for (;;) {
      const line = await this.socket.line();
      if (!line.startsWith(tag)) {
        lines.push(line);
        continue;
      }
      if (/^OK/i.test(line.slice(tag.length))) return lines;
      throw new Error(`the server says: ${line.slice(tag.length)}`);
    }
  }
}

/** A text as the bytes of its UTF-8, one character each, as sockets here are read and written. */
function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
