import { describe, expect, it } from 'vitest';
import { withMailbox } from '../support/imap-client.ts';
import { LineClient } from '../support/line-client.ts';
import { copies, PASSWORD, PASSWORD_HASH, send } from '../support/mail.ts';
import { readQrText } from '../support/qr.ts';
import { useSandbox } from '../support/sandbox.ts';
import { connect } from '../support/smtp-client.ts';
import { elements, parseXml, plistDict } from '../support/xml.ts';

const NAME = `Dr. "Bob" <b&b> O'Hara ]]>`;

const sandbox = useSandbox({
  state: `
version: 1
server:
  mailname: mx.example.test
  retrieval: {imap: true, imaps: true, pop3: true, pop3s: true, managesieve: true}
domains:
  a.test: {aliases: [a2.test]}
users:
  alice@a.test: {password: "${PASSWORD_HASH}", name: ${JSON.stringify(NAME)}}
`,
  tolerate: [/Warning: Sent SIGTERM to \d+ \w+ processes/, /Warning: Processes aren't dying after reload/],
});

interface Service {
  readonly protocol: string;
  readonly server: string;
  readonly port: number;
  readonly security: string;
}

/** Logs in with exactly these values. @throws when that does not succeed */
async function login({ protocol, server: host, port, security }: Service, user: string): Promise<void> {
  const implicit = security.startsWith('SSL/TLS') || security === 'SSL';
  if (!implicit) expect(security).toBe('STARTTLS');
  if (protocol === 'imap') {
    await withMailbox(
      { host, port, secure: implicit, starttls: !implicit, user, pass: PASSWORD },
      async () => undefined,
    );
  } else if (protocol === 'smtp') {
    const client = await connect({ host, port, tls: implicit ? 'implicit' : 'none' });
    await client.command('EHLO client.test');
    if (!implicit) {
      await client.starttls();
      await client.command('EHLO client.test');
    }
    expect((await client.authPlain(user, PASSWORD)).code).toBe(235);
    const { token } = await send(client, user, user);
    await client.quit();
    expect(await copies(sandbox(), token, [user])).toEqual({ [user]: 1 });
  } else if (protocol === 'pop3') {
    const client = await LineClient.connect({ host, port, tls: implicit ? 'implicit' : 'none' });
    await client.read(/^\+OK/);
    if (!implicit) {
      await client.command('STLS', /^\+OK/);
      await client.secure();
    }
    await client.command(`USER ${user}`, /^\+OK/);
    expect(await client.command(`PASS ${PASSWORD}`, /^[+-]/)).toMatch(/^\+OK/);
    client.close();
  } else {
    expect(protocol).toBe('managesieve');
    const client = await LineClient.connect({ host, port, tls: 'none' });
    await client.read(/^OK/);
    await client.command('STARTTLS', /^OK/);
    await client.secure();
    await client.read(/^OK/);
    const secret = Buffer.from(`\0${user}\0${PASSWORD}`).toString('base64');
    expect(await client.command(`AUTHENTICATE "PLAIN" "${secret}"`, /^(OK|NO|BYE)/)).toMatch(/^OK/);
    client.close();
  }
}

/** The services and the user name that are printed for people. */
function printed(text: string): { services: Service[]; user: string } {
  const user = /^User name: +(\S+)/m.exec(text)?.[1] ?? '';
  const rows = [...text.matchAll(/^(SMTP|IMAP|POP3|ManageSieve) +(\S+) +(\d+) +(.+)$/gm)];
  const services = rows.map(([, protocol = '', server = '', port, security = '']) => {
    return { protocol: protocol.toLowerCase(), server, port: Number(port), security };
  });
  return { services, user };
}

const client = async (...args: string[]): Promise<string> =>
  (await sandbox().ok(['client', 'alice@a.test', ...args])).stdout;

describe('client', () => {
  it('prints values with which every service is reached and the login succeeds', async () => {
    const { services, user } = printed(await client());
    const { ports } = sandbox();
    expect(user).toBe('alice@a.test');
    expect(services.map(({ protocol, port, security }) => [protocol, port, security])).toEqual([
      ['smtp', ports.submission, 'STARTTLS'],
      ['smtp', ports.smtps, 'SSL/TLS (implicit)'],
      ['imap', ports.imaps, 'SSL/TLS (implicit)'],
      ['imap', ports.imap, 'STARTTLS'],
      ['pop3', ports.pop3s, 'SSL/TLS (implicit)'],
      ['pop3', ports.pop3, 'STARTTLS'],
      ['managesieve', ports.managesieve, 'STARTTLS'],
    ]);
    for (const service of services) await login(service, user);
    const data = JSON.parse(await client('--json')) as { services: Service[]; username: string; name: string };
    expect(data).toMatchObject({ address: 'alice@a.test', username: 'alice@a.test', name: NAME });
    expect(data.services.map(({ port }) => port)).toEqual(services.map(({ port }) => port));
    for (const service of data.services) await login(service, data.username);
  });

  it('gives Thunderbird a file with the same', async () => {
    const config = parseXml(await client('--format', 'thunderbird'));
    expect(config).toMatchObject({ name: 'clientConfig', attributes: { version: '1.1' } });
    expect(elements(config, 'domain').map(({ text }) => text)).toEqual(['a.test']);
    const servers = [...elements(config, 'incomingServer'), ...elements(config, 'outgoingServer')];
    expect(servers.map(({ attributes }) => attributes['type'])).toEqual([
      'imap',
      'imap',
      'pop3',
      'pop3',
      'smtp',
      'smtp',
    ]);
    for (const server of servers) {
      const value = (name: string): string => elements(server, name)[0]?.text ?? '';
      expect(value('authentication')).toBe('password-cleartext');
      const port = Number(value('port'));
      const service = {
        protocol: server.attributes['type'] ?? '',
        server: value('hostname'),
        port,
        security: value('socketType'),
      };
      await login(service, value('username'));
    }
  });

  it('gives Apple devices a profile with the same, always of the same name, and the person’s name as it is', async () => {
    const text = await client('--format', 'apple');
    expect(await client('--format', 'apple')).toBe(text);
    const [profile, account] = elements(parseXml(text), 'dict').map(plistDict);
    expect(profile).toMatchObject({ PayloadType: 'Configuration', PayloadVersion: '1', PayloadContent: 'array' });
    expect(account).toMatchObject({
      EmailAccountName: NAME,
      EmailAccountType: 'EmailTypeIMAP',
      EmailAddress: 'alice@a.test',
      IncomingMailServerUseSSL: 'true',
      OutgoingMailServerUseSSL: 'true',
      OutgoingPasswordSameAsIncomingPassword: 'true',
      PayloadType: 'com.apple.mail.managed',
    });
    const ids = [profile?.['PayloadUUID'], account?.['PayloadUUID']];
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/);
    for (const [way, protocol] of [
      ['Incoming', 'imap'],
      ['Outgoing', 'smtp'],
    ] as const) {
      const value = (name: string): string => account?.[`${way}MailServer${name}`] ?? '';
      expect(value('Authentication')).toBe('EmailAuthPassword');
      await login(
        { protocol, server: value('HostName'), port: Number(value('PortNumber')), security: 'SSL/TLS' },
        value('Username'),
      );
    }
  });

  it('has the same as a code for a telephone', async () => {
    const text = await client('--qr');
    const at = text.indexOf('\nThe services above as a QR code, in plain text, without the password:\n');
    expect(at).toBeGreaterThan(0);
    const code = readQrText(text.slice(at).split('\n').slice(2, -1)) ?? '';
    const lines = printed(text).services.map(({ server, port, security }) => `${server} ${port} ${security}`);
    expect(code.split('\n').map((line) => line.replace(/^[A-Za-z0-9]+: /, ''))).toEqual([
      'E-mail address and user name: alice@a.test',
      ...lines,
    ]);
    expect(JSON.parse(await client('--qr', '--json'))).toMatchObject({ qr: code });
  });

  it('has only what is on, and says when passwords may go unencrypted', async () => {
    const set = (...options: string[]): Promise<unknown> => sandbox().ok(['server', 'set', ...options, '--apply']);
    expect((await sandbox().ok(['client', 'alice@a.test'])).stderr).not.toContain('unencrypted');
    await set('--imap', 'off', '--pop3', 'off', '--managesieve', 'off', '--imaps', 'off');
    const { services, user } = printed(await client());
    expect(services.map(({ protocol }) => protocol)).toEqual(['smtp', 'smtp', 'pop3']);
    for (const service of services) await login(service, user);
    expect(await client('--format', 'apple')).toContain('EmailTypePOP');
    await set('--imap', 'on', '--cleartext', 'allow');
    const open = await sandbox().ok(['client', 'alice@a.test']);
    expect(open.stderr).toContain('unencrypted: where it says STARTTLS');
    const data = JSON.parse(await client('--json')) as { services: (Service & { cleartext: boolean })[] };
    const clear = data.services.filter(({ cleartext }) => cleartext);
    expect(clear.map(({ protocol }) => protocol)).toEqual(['imap']);
    for (const { server: host, port } of clear) {
      const target = { host, port, secure: false, starttls: false, user: 'alice@a.test', pass: PASSWORD };
      await withMailbox(target, async () => undefined);
    }
    await set('--authentication', 'off');
    const { stdout, stderr } = await sandbox().ok(['client', 'alice@a.test']);
    expect(printed(stdout).services.map(({ protocol }) => protocol)).toEqual(['imap', 'pop3']);
    expect(stderr).toContain('server.smtp.authentication is off');
    const refused = await sandbox().run(['client', 'alice@a.test', '--format', 'apple']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
  });
});
