import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow, type AuthenticationFailure } from 'imapflow';

export interface ImapConnectOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise STARTTLS where it is offered. */
  readonly secure: boolean;
  readonly user: string;
  readonly pass: string;
  /** The folder to open; INBOX when absent. */
  readonly folder?: string;
  /** With `secure: false`: `true` insists on STARTTLS, `false` logs in over the clear connection. */
  readonly starttls?: boolean;
  /** The address to come from. */
  readonly localAddress?: string;
}

/** A message's source, headers and body, as it lies in the mailbox. */
export type RawMessage = string;

export interface Mailbox {
  /** The connection itself, for what is not here; the folder is open. */
  readonly client: ImapFlow;
  /** The sources of all messages in the folder, oldest first. */
  fetchAll(): Promise<RawMessage[]>;
  /** The first message that satisfies the predicate, waiting for it `timeout` milliseconds (20 s). */
  waitForMessage(predicate: (source: RawMessage) => boolean, timeout?: number): Promise<RawMessage>;
}

const POLL_INTERVAL = 100;

/** Logs in, opens the folder, runs `fn` and logs out. A refused login rejects with the server's own text. */
export async function withMailbox<T>(options: ImapConnectOptions, fn: (mailbox: Mailbox) => Promise<T>): Promise<T> {
  const client = createClient(options);
  // Whoever waits for a command gets the error from the command; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect().catch((error: unknown) => {
      throw loginError(options, error);
    });
    await client.mailboxOpen(options.folder ?? 'INBOX');
    return await fn(mailboxOf(client));
  } finally {
    await client.logout().catch(() => undefined);
    client.close();
  }
}

function createClient(options: ImapConnectOptions): ImapFlow {
  return new ImapFlow({
    host: options.host,
    port: options.port,
    secure: options.secure,
    ...(options.starttls === undefined ? {} : { doSTARTTLS: options.starttls }),
    auth: { user: options.user, pass: options.pass },
    tls: {
      rejectUnauthorized: false,
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    },
    logger: false,
    disableAutoIdle: true,
    connectionTimeout: 20_000,
    greetingTimeout: 20_000,
  });
}

function mailboxOf(client: ImapFlow): Mailbox {
  const fetchAll = async (): Promise<RawMessage[]> => {
    // Dovecot announces what arrived meanwhile in its answer to NOOP.
    await client.noop();
    const messages = await client.fetchAll('1:*', { source: true });
    return messages.map((message) => message.source?.toString('utf8') ?? '');
  };
  const waitForMessage: Mailbox['waitForMessage'] = async (predicate, timeout = 20_000) => {
    const deadline = performance.now() + timeout;
    for (;;) {
      const messages = await fetchAll();
      const found = messages.find(predicate);
      if (found !== undefined) return found;
      if (performance.now() >= deadline) throw new Error(notArrived(timeout, messages));
      await sleep(POLL_INTERVAL);
    }
  };
  return { client, fetchAll, waitForMessage };
}

function notArrived(timeout: number, messages: readonly RawMessage[]): string {
  const subjects = messages.map((message) => /^subject:.*$/im.exec(message)?.[0] ?? '(no subject)');
  return `no such message within ${timeout} ms; the folder holds ${messages.length}: ${subjects.join(', ')}`;
}

function loginError(options: ImapConnectOptions, error: unknown): Error {
  const { message, responseText, response } = error as Error &
    Partial<AuthenticationFailure> & { responseText?: string };
  const said = responseText ?? response ?? message;
  return new Error(`IMAP login of ${options.user} at ${options.host}:${options.port} failed: ${said}`, {
    cause: error,
  });
}
