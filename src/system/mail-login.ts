import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { plainWords } from '../core/fetch/plain-words.ts';
import type { FetchEntry } from '../core/model.ts';
import { readIfPresent } from './files.ts';
import { LineSocket } from './line-socket.ts';
import { ImapSession, Pop3Session } from './mail-sessions.ts';

/** The steps of a login to fetch mail, in their order. */
export const LOGIN_STEPS = ['resolve', 'connect', 'tls', 'certificate', 'login', 'count'] as const;

export type LoginStep = (typeof LOGIN_STEPS)[number];

/** What came out: how many messages there are, or which step failed and why. */
export type LoginOutcome =
  | {
      readonly ok: true;
      readonly messages: number;
      readonly encrypted: boolean;
      readonly unverified: string | undefined;
    }
  | { readonly ok: false; readonly step: LoginStep; readonly why: string };

export type LoginTarget = Pick<FetchEntry, 'server' | 'port' | 'protocol' | 'username' | 'insecure'>;

export interface LoginOptions {
  readonly password: string;
  readonly caFile: string | undefined;
  /** Says why an address may not be connected to; undefined where it may. */
  readonly whyNotAddress?: (address: string) => string | undefined;
}

/** Milliseconds after which an attempt ends, however much the server has to say. */
const LONGEST = 60_000;

/** Logs in at a server as fetchmail would, counts the messages and takes none. */
export async function tryLogin(entry: LoginTarget, options: LoginOptions): Promise<LoginOutcome> {
  const attempt = new Attempt(entry, options);
  const limit = setTimeout(() => attempt.close(), LONGEST);
  try {
    return await attempt.run();
  } catch (error) {
    return { ok: false, step: attempt.step, why: plainWords((error as Error).message) };
  } finally {
    clearTimeout(limit);
    attempt.close();
  }
}

class Attempt {
  /** The step that is under way. */
  step: LoginStep = 'resolve';
  private socket: LineSocket | undefined;
  private readonly entry: LoginTarget;
  private readonly options: LoginOptions;

  constructor(entry: LoginTarget, options: LoginOptions) {
    this.entry = entry;
    this.options = options;
  }

  async run(): Promise<LoginOutcome> {
    const { entry, options } = this;
    const addresses = isIP(entry.server) ? [entry.server] : await resolved(entry.server);
    const [refused] = addresses.flatMap((address) => options.whyNotAddress?.(address) ?? []);
    if (refused !== undefined) throw new Error(refused);
    this.step = 'connect';
    const socket = (this.socket = await firstOpen(addresses, entry.port));
    const session = entry.protocol.startsWith('pop3') ? new Pop3Session(socket) : new ImapSession(socket);
    const implicit = entry.protocol === 'pop3s' || entry.protocol === 'imaps';
    this.step = 'tls';
    if (!implicit) await session.greeting();
    const encrypted = implicit || (await session.starttls());
    if (!encrypted && !entry.insecure) throw new Error('the server offers no STARTTLS');
    const unverified = encrypted ? await secure(socket, entry.server, options.caFile) : undefined;
    this.step = 'certificate';
    if (unverified !== undefined && !entry.insecure) throw new Error(unverified);
    this.step = 'login';
    if (implicit) await session.greeting();
    await session.login(entry.username, options.password);
    this.step = 'count';
    return { ok: true, messages: await session.count(), encrypted, unverified };
  }

  close(): void {
    this.socket?.close();
  }
}

async function resolved(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

async function firstOpen(addresses: readonly string[], port: number): Promise<LineSocket> {
  let failure = new Error('the name has no address');
  for (const address of addresses) {
    try {
      return await LineSocket.open(address, port);
    } catch (error) {
      failure = error as Error;
    }
  }
  throw failure;
}

/** The authorities that fetchmail trusts: those of the machine, and those of host.yaml. */
const MACHINE_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

/** @returns why the certificate cannot be verified; undefined when it can */
async function secure(socket: LineSocket, server: string, caFile: string | undefined): Promise<string | undefined> {
  const machine = readIfPresent(MACHINE_AUTHORITIES);
  const ca = [
    ...(machine === undefined ? rootCertificates : [machine]),
    ...(caFile === undefined ? [] : [read(caFile)]),
  ];
  const servername = isIP(server) ? {} : { servername: server };
  const secured = await socket.secure({
    ca,
    host: server,
    ...servername,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: false,
  });
  if (secured.authorized) return undefined;
  // Node's type says Error; it is the name of one of OpenSSL's, such as DEPTH_ZERO_SELF_SIGNED_CERT.
  const why: unknown = secured.authorizationError;
  const words = String(why).toLowerCase().replaceAll('_', ' ');
  return plainWords(words.replace('depth zero self signed cert', 'self-signed certificate'));
}

function read(path: string): string {
  const text = readIfPresent(path);
  if (text === undefined) throw new Error(`${path} does not exist; host.yaml names it`);
  return text;
}
