import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { scene, type Scene } from '../support/scene.ts';
import { makeCertificate, startSink, type KeyPair, type Sink, type SinkOptions } from '../support/smtp-sink.ts';

const STATE = `version: 1
server: {mailname: mx.test.example}
domains: {example.com: }
`;

const PASSWORD = 's3cret é:#"';
const users = { alice: PASSWORD };

let good: KeyPair;
let expired: KeyPair;
let sinks: Sink[] = [];

beforeAll(async () => {
  [good, expired] = await Promise.all([makeCertificate('localhost'), makeCertificate('localhost', 'expired')]);
});

afterEach(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  sinks = [];
});

async function sinkAt(options: Partial<SinkOptions>): Promise<Sink> {
  const sink = await startSink({ host: '127.0.0.1', certificate: good, ...options });
  sinks.push(sink);
  return sink;
}

interface Result {
  readonly ok: boolean;
  readonly steps: readonly {
    readonly step: string;
    readonly outcome: string;
    readonly detail: string;
    readonly hint?: string;
  }[];
}

/** A state with this smarthost, and what a test of it says. */
async function test(
  target: string,
  more: readonly string[] = [],
  tls = 'required',
): Promise<Result & { there: Scene }> {
  const there = await scene(STATE);
  const authorities = join(there.root, 'authorities.pem');
  await there.ok(['relay', 'smarthost', 'set', target, '--tls', tls, '--username', 'alice', '--password-stdin'], {
    input: PASSWORD,
  });
  await writeFile(authorities, good.cert + expired.cert);
  const env = more.includes('--insecure') ? {} : { SSL_CERT_FILE: authorities };
  const { code, stdout, stderr } = await there.run(['relay', 'test', '--json', ...more], { env });
  expect(stdout + stderr).not.toContain(PASSWORD);
  const result = JSON.parse(stdout) as Result;
  expect(code).toBe(result.ok ? 0 : 1);
  return { ...result, there };
}

const names = ({ steps }: Result): readonly string[] =>
  steps.map(({ step, outcome }) => (outcome === 'ok' ? step : `${step} ${outcome}`));

describe('relay test', () => {
  it('goes through all steps and sends nothing', async () => {
    const sink = await sinkAt({ tls: 'starttls', users });
    const result = await test(`[localhost]:${sink.port}`, [], 'verify');
    expect(names(result)).toEqual(['resolve', 'connect', 'greeting', 'tls', 'certificate', 'login', 'sender']);
    expect(sink.logins).toEqual([['alice', PASSWORD]]);
    expect(sink.commands).toEqual(['EHLO', 'STARTTLS', 'EHLO', 'AUTH', 'MAIL', 'RSET', 'QUIT']);
    expect(sink.messages).toEqual([]);
    const { stdout, stderr } = await result.there.run(['relay', 'test'], {
      env: { SSL_CERT_FILE: join(result.there.root, 'authorities.pem') },
    });
    expect(stdout).toMatch(/^resolve: +localhost: .*127\.0\.0\.1.*\nconnect: +127\.0\.0\.1 port \d+\n/);
    expect(stdout).toMatch(/tls: +TLSv1\.3, /);
    expect(stdout).toMatch(/sender: +postmaster@example\.com is accepted; nothing was sent\n$/);
    expect(stderr).toContain(`[localhost]:${sink.port}`);
  });

  it('uses LOGIN where there is nothing else, and TLS from the start on port 465', async () => {
    const sink = await sinkAt({ tls: 'implicit', host: '127.0.0.50', port: 465, users, mechanisms: ['LOGIN'] });
    const result = await test('[127.0.0.50]:465', ['--insecure']);
    expect(names(result)).toEqual(['resolve', 'connect', 'greeting', 'tls', 'certificate warning', 'login', 'sender']);
    expect(result.steps[5]?.detail).toBe('as alice, by LOGIN');
    expect(sink.commands).toEqual(['EHLO', 'AUTH', 'MAIL', 'RSET', 'QUIT']);
  });

  it('names the step that fails, and what to do', async () => {
    const closed = await sinkAt({});
    await closed.close();
    sinks = [];
    const silent = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await once(silent.listen({ host: '127.0.0.1', port: 0 }), 'listening');
    const { port } = silent.address() as { port: number };
    const cases: readonly (readonly [string, Partial<SinkOptions> | number, RegExp, string?])[] = [
      ['connect', closed.port, /ECONNREFUSED/],
      ['greeting', port, /does not speak SMTP/],
      ['greeting', { refuse: { CONNECT: '554 5.7.1 Not you' } }, /^554 5\.7\.1 Not you/],
      ['tls', { tls: 'none', users }, /does not offer TLS/],
      ['certificate', { tls: 'starttls', users, certificate: expired }, /it expired on/],
      ['login', { tls: 'starttls', users: { alice: 'another' } }, /^535 5\.7\.8/],
      ['login', { tls: 'starttls' }, /offers no login/],
      ['login', { tls: 'starttls', users, mechanisms: ['GSSAPI'] }, /only GSSAPI/],
      [
        'sender',
        { tls: 'starttls', users, refuse: { MAIL: '553 5.7.1 Not yours' } },
        /^postmaster@example\.com: 553 5\.7\.1/,
      ],
    ];
    try {
      for (const [step, where, detail] of cases) {
        const target = typeof where === 'number' ? where : (await sinkAt(where)).port;
        const { ok, steps } = await test(`[localhost]:${target}`);
        expect([ok, steps.at(-1)]).toMatchObject([
          false,
          { step, outcome: 'failed', detail: expect.stringMatching(detail) as string },
        ]);
        expect(steps.at(-1)?.hint).toMatch(/\S/);
      }
    } finally {
      silent.close();
    }
    const unknown = await test('[nowhere.invalid]:25');
    expect(names(unknown)).toEqual(['resolve failed']);
  });

  it('gives no password to a server with a certificate that is not its own', async () => {
    const sink = await sinkAt({ tls: 'starttls', users });
    const other = await test(`[127.0.0.1]:${sink.port}`);
    expect(other.steps.at(-1)).toMatchObject({ step: 'certificate', detail: 'it is for localhost, not for 127.0.0.1' });
    expect(other.steps.at(-1)?.hint).toContain('--insecure');
    expect(sink.logins).toEqual([]);
  });

  it('without TLS only where that is said, and then says it', async () => {
    const sink = await sinkAt({ users });
    const result = await test(`[127.0.0.1]:${sink.port}`, [], 'opportunistic');
    expect(names(result)).toEqual(['resolve', 'connect', 'greeting', 'tls warning', 'login', 'sender']);
  });

  it('takes the relay of a rule', async () => {
    const there = await scene(STATE);
    const sink = await sinkAt({});
    expect((await there.run(['relay', 'test'])).code).toBe(4);
    await there.ok(['relay', 'rule', 'add', 'sender', 'sales@example.com', `127.0.0.1:${sink.port}`]);
    await there.ok(['relay', 'rule', 'add', 'recipient', 'partner.example', '--direct']);
    expect(await there.run(['relay', 'test'])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('--rule "sender sales@example.com"') as string,
    });
    for (const rule of ['sender sales@example.com', 'sender:Sales@example.com', 'sales@example.com']) {
      const { stdout } = await there.ok(['relay', 'test', '--rule', rule]);
      expect(stdout).toContain('sales@example.com is accepted');
    }
    await there.ok(['relay', 'rule', 'add', 'recipient', 'bücher.example', `127.0.0.1:${sink.port}`]);
    await there.ok(['relay', 'rule', 'add', 'sender', 'bücher.example', '--direct']);
    await there.ok(['relay', 'test', '--rule', 'recipient BÜCHER.example', '--sender', 'x@bücher.example']);
    expect((await there.run(['relay', 'test', '--rule', 'bücher.example'])).code).toBe(2);
    expect((await there.run(['relay', 'test', '--rule', 'partner.example'])).code).toBe(4);
    expect((await there.run(['relay', 'test', '--rule', 'nobody.example'])).code).toBe(4);
    expect((await there.run(['relay', 'test', '--rule', 'sales@example.com', '--sender', 'a b'])).code).toBe(2);
  });
});
