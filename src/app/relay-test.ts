import type { Resolver } from 'node:dns/promises';
import type { Relay } from '../core/model.ts';
import { IMPLICIT_TLS_PORT } from '../core/relay-host.ts';
import { certificateAuthorities, checkPeer } from '../system/peer-certificate.ts';
import { relayServers, type RelayServer } from '../system/relay-addresses.ts';
import { logIn, mechanismAmong } from '../system/smtp-login.ts';
import { SmtpSession, type SmtpReply } from '../system/smtp-session.ts';
import { messageOf, StepFailed, Steps, type TestStep } from './relay-steps.ts';

export interface RelayTestOptions {
  /** The password of the relay's login. */
  readonly password: string | undefined;
  /** The name that the client gives itself. */
  readonly helo: string;
  /** Who is offered as sender. */
  readonly sender: string;
  /** A certificate that cannot be verified is only a warning. */
  readonly insecure: boolean;
  /** Looks up MX records; undefined where there is no DNS. */
  readonly dns: Resolver | undefined;
  /** Called after each step. */
  readonly report: (step: TestStep) => void;
}

/** Does everything that Postfix does before it hands a message over. @returns whether all went well */
export async function testRelay(relay: Relay, options: RelayTestOptions): Promise<boolean> {
  const test = new RelayTest(relay, options);
  try {
    await test.run();
    return true;
  } catch (error) {
    if (error instanceof StepFailed) return false;
    throw error;
  } finally {
    test.end();
  }
}

class RelayTest {
  private readonly relay: Relay;
  private readonly options: RelayTestOptions;
  private readonly steps: Steps;
  private session: SmtpSession | undefined;
  private extensions: ReadonlyMap<string, string> = new Map();

  constructor(relay: Relay, options: RelayTestOptions) {
    this.relay = relay;
    this.options = options;
    this.steps = new Steps(options.report);
  }

  end(): void {
    this.session?.end();
  }

  async run(): Promise<void> {
    const { server, address } = await this.reach(await this.resolve());
    await this.greet(address);
    if (this.relay.port === IMPLICIT_TLS_PORT) this.steps.ok('tls', tlsWords(this.secured()));
    else await this.startTls();
    if (this.session?.secured !== undefined) this.checkCertificate(server);
    await this.login();
    await this.offerSender();
  }

  private async resolve(): Promise<readonly RelayServer[]> {
    try {
      const servers = await relayServers(this.relay.host, this.options.dns);
      this.steps.ok('resolve', servers.map(serverText).join('; '));
      return servers;
    } catch (error) {
      return this.steps.fail(
        'resolve',
        messageOf(error),
        'is the name right? Brackets, as in [name], leave out the MX look-up',
      );
    }
  }

  /** The first address that answers. */
  private async reach(servers: readonly RelayServer[]): Promise<{ server: string; address: string }> {
    const { port, host } = this.relay;
    const failures: string[] = [];
    const implicitTls = port === IMPLICIT_TLS_PORT;
    for (const { name, addresses } of servers) {
      for (const address of addresses) {
        try {
          const serverName = host.kind === 'ip' ? undefined : name;
          const authorities = certificateAuthorities();
          this.session = await SmtpSession.connect({ address, port, implicitTls, serverName, authorities });
          return { server: name, address };
        } catch (error) {
          failures.push(`${address}: ${messageOf(error)}`);
        }
      }
    }
    const hint = implicitTls
      ? 'is the port right, and speaks the server TLS from the start there? Without that: port 587'
      : 'is the port right, is the server up, and does no firewall stand in between? Many providers close port 25';
    return this.steps.fail('connect', failures.join('; '), hint);
  }

  private async greet(address: string): Promise<void> {
    this.steps.ok('connect', `${address} port ${this.relay.port}`);
    const hint = 'is that a mail server, and does it take clients from this address?';
    const greeting = await this.steps.answer('greeting', () => this.live().reply(), hint);
    if (greeting.code !== 220) this.steps.fail('greeting', replyText(greeting), hint);
    await this.hello();
    this.steps.ok('greeting', replyText(greeting));
  }

  private async hello(): Promise<void> {
    const hint = 'the name that this server gives itself is server.mailname';
    const reply = await this.steps.answer('greeting', () => this.live().command(`EHLO ${this.options.helo}`), hint);
    if (reply.code !== 250) this.steps.fail('greeting', replyText(reply), hint);
    this.extensions = new Map(
      reply.lines.slice(1).map((line) => {
        const [name = '', ...words] = line.replace(/^AUTH=/i, 'AUTH ').split(' ');
        return [name.toUpperCase(), words.join(' ')];
      }),
    );
  }

  private async startTls(): Promise<void> {
    if (!this.extensions.has('STARTTLS')) {
      const text = 'the server does not offer TLS';
      if (this.relay.tls === 'opportunistic')
        return this.steps.warn('tls', `${text}: everything crosses the network in clear`);
      this.steps.fail(
        'tls',
        text,
        `try another port, such as 587 or 465; "tls: opportunistic" in the state does without TLS`,
      );
    }
    const hint = 'does the server know TLS 1.2 or newer?';
    const reply = await this.steps.answer('tls', () => this.live().command('STARTTLS'), hint);
    if (reply.code !== 220) this.steps.fail('tls', replyText(reply), 'ask whoever runs the server');
    await this.steps.answer('tls', () => this.live().startTls(), hint);
    await this.hello();
    this.steps.ok('tls', tlsWords(this.secured()));
  }

  private checkCertificate(server: string): void {
    const { host, tls } = this.relay;
    // Postfix takes the name of the relay, and names below it (postconf(5), smtp_tls_secure_cert_match).
    const below = host.kind === 'mx' && (tls !== 'verify' || server.endsWith(`.${host.name}`));
    const names = below && server !== host.name ? [host.name, server] : [host.name];
    const { about, faults } = checkPeer(this.secured(), names);
    if (faults.length === 0) return this.steps.ok('certificate', about);
    if (this.options.insecure && tls !== 'verify') return this.steps.warn('certificate', faults.join('; '));
    const all =
      tls === 'verify'
        ? 'Postfix sends nothing there, as tls is verify'
        : `Postfix would send all the same, as tls is ${tls}; --insecure goes on with the test`;
    this.steps.fail('certificate', faults.join('; '), all);
  }

  private async login(): Promise<void> {
    const { login } = this.relay;
    const { password } = this.options;
    if (login === undefined || password === undefined) return;
    const offered = (this.extensions.get('AUTH') ?? '').toUpperCase().split(' ').filter(Boolean);
    const mechanism = mechanismAmong(offered);
    if (mechanism === undefined) {
      const text = offered.length === 0 ? 'the server offers no login' : `the server offers only ${offered.join(', ')}`;
      this.steps.fail(
        'login',
        text,
        'logins are often on port 587 or 465 only; a server that needs none gets no username',
      );
    }
    const hint = 'are user name and password right? Set them with: eboxmail relay smarthost set, or relay rule';
    const reply = await this.steps.answer('login', () => logIn(this.live(), mechanism, login.username, password), hint);
    if (reply.code !== 235) this.steps.fail('login', replyText(reply), hint);
    this.steps.ok('login', `as ${login.username}, by ${mechanism}`);
  }

  private async offerSender(): Promise<void> {
    const { sender } = this.options;
    const hint =
      this.relay.login === undefined
        ? 'does it want a login, or does it take mail from this address only?'
        : 'which senders does this login have? Another one is tried with --sender ADDRESS';
    const reply = await this.steps.answer('sender', () => this.live().command(`MAIL FROM:<${sender}>`), hint);
    if (reply.code !== 250) this.steps.fail('sender', `${sender}: ${replyText(reply)}`, hint);
    await this.steps.answer('sender', () => this.live().command('RSET'), hint);
    this.steps.ok('sender', `${sender} is accepted; nothing was sent`);
  }

  private live(): SmtpSession {
    if (this.session === undefined) throw new Error('there is no session yet');
    return this.session;
  }

  private secured(): NonNullable<SmtpSession['secured']> {
    const { secured } = this.live();
    if (secured === undefined) throw new Error('there is no TLS yet');
    return secured;
  }
}

function serverText({ name, addresses }: RelayServer): string {
  return addresses[0] === name ? name : `${name}: ${addresses.join(', ')}`;
}

function tlsWords(socket: NonNullable<SmtpSession['secured']>): string {
  return `${socket.getProtocol() ?? 'TLS'}, ${socket.getCipher().standardName}`;
}

function replyText({ code, lines }: SmtpReply): string {
  return `${code} ${lines.join(' / ')}`.slice(0, 500);
}
