import { execFile } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  copies,
  deliverAll,
  drain,
  FAILING,
  outbound,
  PASSWORD,
  PASSWORD_HASH,
  sendAs,
  subjectOf,
} from '../support/mail.ts';
import { runWithFault } from '../support/faults.ts';
import { eventually, useSandbox, type Sandbox } from '../support/sandbox.ts';
import { HAS_IPV6, makeCertificate, startSink, type KeyPair, type Sink } from '../support/smtp-sink.ts';

const run = promisify(execFile);

const STATE = `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: {aliases: [a2.test]}}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
aliases: {out@a.test: friend@far.test}
`;

/** Wrong logins and servers that are down are what is tried. */
const tolerate = [
  /postfix\/smarthost\/smtp\[\d+\]: warning: SASL authentication failure/,
  /warning: .*SASL authentication failed/,
];

const near = useSandbox({ state: STATE, tolerate });
/** A real Postfix and Dovecot as the far side. */
const far = useSandbox({ state: STATE.replace('mx.example.test', 'mx.far.test') });

/** Milliseconds that a server takes to say that it has a message: longer than an apply that goes back. */
const SLOW = 10_000;

/** Postfix reads twice: first the domain, of which an address of the other is an alias. */
function withNewDomain(text: string): string {
  const changed = text
    .replace('domains: {', 'domains: {new.test: {}, ')
    .replace('users:\n', `users:\n  carl@new.test: {password: "${PASSWORD_HASH}"}\n`)
    .replace('aliases: {out@', 'aliases: {carl@a.test: carl@new.test, out@');
  expect(changed.split('new.test')).toHaveLength(4);
  return changed;
}

const SECRET = 'b1 :#$"\'\\{}é%=,;';
const USER = 'us er#$"\\é%@x';

let certificate: KeyPair;
let sinks: Sink[] = [];
let address = 30;

beforeAll(async () => {
  certificate = await makeCertificate('127.0.0.2');
});

afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  sinks = [];
});

async function sink(
  options: Omit<Parameters<typeof startSink>[0], 'host' | 'certificate'> & { host?: string },
): Promise<Sink> {
  const started = await startSink({ host: `127.0.0.${address++}`, certificate, ...options });
  sinks.push(started);
  return started;
}

async function smarthost(
  target: string,
  login?: readonly [string, string],
  more: readonly string[] = [],
): Promise<void> {
  const options = login === undefined ? [] : ['--username', login[0], '--password-stdin'];
  const input = login === undefined ? {} : { input: `${login[1]}\n` };
  await near().ok(['relay', 'smarthost', 'set', target, ...options, ...more, '--apply'], input);
}

interface Queued {
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly delay_reason?: string }[];
}

async function queue(sandbox: Sandbox): Promise<readonly Queued[]> {
  const { stdout } = await run('postqueue', ['-c', `${sandbox.root}/etc/postfix`, '-j']);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Queued);
}

/** Why the only message in the queue is still there. */
async function reason(): Promise<string> {
  let found = '';
  await eventually('a deferred message with a reason', async () => {
    found = (await queue(near()))[0]?.recipients[0]?.delay_reason ?? '';
    return found !== '';
  });
  return found;
}

async function flush(): Promise<void> {
  await deliverAll(near());
}

describe('a smarthost', () => {
  it('takes everything that is for the outside, after the login, and nothing else', async () => {
    const there = await sink({ tls: 'starttls', users: { [USER]: SECRET } });
    await smarthost(`[${there.host}]:${there.port}`, [USER, SECRET], ['--tls', 'required']);
    const token = await sendAs(near(), 'alice@a.test', ['x@far.test', 'bob@a2.test', 'out@a.test']);
    await drain(near());
    const got = there.of(token);
    expect(got.flatMap(({ to }) => to).sort()).toEqual(['friend@far.test', 'x@far.test']);
    for (const one of got) expect(one).toMatchObject({ from: 'alice@a.test', user: USER, password: SECRET, tls: true });
    expect(await copies(near(), token, ['alice@a.test', 'bob@a.test'])).toEqual({ 'bob@a.test': 1 });
    expect(await outbound(near(), token)).toEqual([]);
    expect(await queue(near())).toEqual([]);
  });

  it('has its password in files that only root reads, and in no output', async () => {
    const tables = `${near().root}/etc/postfix/eboxmail`;
    const logins = (await readdir(tables)).filter((name) => name.startsWith('relay_login.'));
    expect(logins).toHaveLength(2);
    for (const path of [
      ...logins.map((name) => `${tables}/${name}`),
      `${near().root}/etc/eboxmail/secrets/smarthost`,
    ]) {
      const { mode, uid } = await stat(path);
      expect([path, (mode & 0o777).toString(8), uid]).toEqual([path, '600', 0]);
    }
    // A change of the file alone is a change.
    await writeFile(`${near().root}/etc/eboxmail/secrets/smarthost`, 'n3w secret\n');
    const outputs = await Promise.all(
      ['plan --verbose --debug', 'plan --json', 'relay show', 'relay show --json', 'validate', 'apply --dry-run'].map(
        (line) => near().run(line.split(' ')),
      ),
    );
    const said = outputs.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(said).not.toContain('n3w secret');
    expect(said).not.toContain(SECRET.slice(0, 8));
    expect(outputs[0]?.stdout).toMatch(
      /relay_login\..*\n.*-\[127\.0\.0\.\d+\]:\d+ <hidden>\n\+\[127\.0\.0\.\d+\]:\d+ <hidden, changed>/s,
    );
    expect(outputs[0]?.stdout).toContain('postfix: nothing to do');
  });

  it('with a wrong password leaves mail in the queue with the reason, and the right one sends it', async () => {
    await near().ok(['apply']);
    const there = sinks[0];
    const token = await sendAs(near(), 'alice@a.test', 'x@far.test');
    expect(await reason()).toMatch(
      /SASL authentication failed; server 127\.0\.0\.30\[.*\] said: 535 5\.7\.8 Wrong user or password/,
    );
    expect(there?.of(token)).toEqual([]);
    await writeFile(`${near().root}/etc/eboxmail/secrets/smarthost`, `${SECRET}\n`);
    const { stderr } = await near().ok(['apply', '-v']);
    expect(stderr).not.toContain('reload');
    await flush();
    expect(there?.of(token)).toMatchObject([{ to: ['x@far.test'], password: SECRET }]);
  });

  it('that refuses a message for good makes a bounce that says why', async () => {
    const there = await sink({ refuse: { MAIL: '550 5.7.1 You may not send as this' } });
    await smarthost(`${there.host}:${there.port}`);
    await sendAs(near(), 'alice@a.test', 'y@far.test');
    await drain(near());
    const { stdout } = await run('grep', ['-rl', 'You may not send as this', `${near().root}/var/vmail/a.test/alice`]);
    expect(stdout).not.toBe('');
    const left = await readdir(`${near().root}/etc/postfix/eboxmail`);
    expect(left.filter((name) => name.startsWith('relay_login'))).toEqual([]);
  });

  it('that is down gets the mail later', async () => {
    const there = await sink({});
    await smarthost(`[${there.host}]:${there.port}`);
    await there.close();
    const token = await sendAs(near(), 'alice@a.test', 'x@far.test');
    expect(await reason()).toMatch(/connect to 127\.0\.0\.\d+\[.*\]:\d+: Connection refused/);
    const back = await sink({ host: there.host, port: there.port });
    sinks = sinks.filter((one) => one !== there);
    await flush();
    expect(back.of(token)).toHaveLength(1);
  });

  it('that offers no TLS gets no password, unless it is on this machine or that is meant', async () => {
    const there = await sink({ users: { u: 'secret' } });
    await smarthost(`[${there.host}]:${there.port}`, ['u', 'secret'], ['--tls', 'required']);
    const token = await sendAs(near(), 'alice@a.test', 'x@far.test');
    expect(await reason()).toMatch(/TLS is required, but was not offered/);
    expect(there.logins).toEqual([]);
    await smarthost(`[${there.host}]:${there.port}`, ['u', 'secret']);
    await flush();
    expect(there.of(token)).toMatchObject([{ user: 'u', tls: false }]);
  });

  it('whose certificate has to be right and is not gets nothing', async () => {
    const there = await sink({ tls: 'starttls', users: { u: 'secret' } });
    // The sink is reached by this name too.
    const named = await sink({ host: '127.0.0.1', tls: 'starttls', users: { u: 'secret' } });
    await smarthost(`localhost:${named.port}`, ['u', 'secret'], ['--tls', 'verify']);
    const token = await sendAs(near(), 'alice@a.test', 'x@far.test');
    expect(await reason()).toMatch(/Server certificate not (verified|trusted)/);
    expect(named.logins).toEqual([]);
    await smarthost(`[${there.host}]:${there.port}`, ['u', 'secret']);
    await flush();
    expect(there.of(token)).toHaveLength(1);
  });

  it('on port 465 is reached by TLS from the start', async () => {
    const there = await sink({ port: 465, tls: 'implicit', users: { u: 'p:q' } });
    await smarthost(`[${there.host}]:465`, ['u', 'p:q']);
    const token = await sendAs(near(), 'alice@a.test', 'x@far.test');
    await drain(near());
    expect(there.of(token)).toMatchObject([{ user: 'u', password: 'p:q', tls: true }]);
  });

  it.runIf(HAS_IPV6)('may have an IPv6 address', async () => {
    const there = await sink({ host: '::1', users: { u: 'p' } });
    await smarthost(`[::1]:${there.port}`, ['u', 'p']);
    const token = await sendAs(near(), 'alice@a.test', 'x@far.test');
    await drain(near());
    expect(there.of(token)).toMatchObject([{ user: 'u' }]);
  });

  it('may be another Postfix, with its logins and its TLS', async () => {
    const target = `[127.0.0.1]:${far().ports.submission}`;
    await smarthost(target, ['alice@a.test', PASSWORD], ['--tls', 'required']);
    const token = await sendAs(near(), 'alice@a.test', 'x@far.test');
    await drain(near());
    const [captured] = await outbound(far(), token);
    expect(captured).toMatchObject({ from: '<alice@a.test>', to: 'x@far.test' });
    expect(captured?.text).toMatch(/Received: from mx\.example\.test .*\(using TLSv1\.3/s);
    expect(await outbound(near(), token)).toEqual([]);
    // The far side lets nobody send as somebody else, and its words come back to the sender.
    await sendAs(near(), 'bob@a.test', 'x@far.test');
    await drain(near());
    const bounces = await run('grep', ['-rl', 'not owned by user alice@a.test', `${near().root}/var/vmail/a.test/bob`]);
    expect(bounces.stdout).not.toBe('');
    expect(await near().ok(['relay', 'test', '--insecure', '--sender', 'alice@a.test'])).toMatchObject({
      stdout: expect.stringMatching(/login: +as alice@a\.test, by PLAIN\nsender: +alice@a\.test is accepted/) as string,
    });
  });

  it.each(['another one is set', 'there is none any more', 'several changes in a row', 'an apply that goes back'])(
    'that is at work on a message gets it once: %s',
    async (what) => {
      const [slow, next] = [await sink({ slow: SLOW }), await sink({})];
      await smarthost(`[${slow.host}]:${slow.port}`);
      const tokens = await Promise.all([1, 2, 3].map(() => sendAs(near(), 'alice@a.test', 'x@far.test')));
      await eventually('the messages are there', () => slow.messages.length === tokens.length);
      if (what === 'there is none any more') await near().ok(['relay', 'smarthost', 'unset', '--apply']);
      else if (what === 'an apply that goes back') {
        const before = await near().readState();
        await near().ok(['relay', 'smarthost', 'set', `[${next.host}]:${next.port}`]);
        await near().writeState(`${await near().readState()}${FAILING}`);
        expect((await near().run(['apply'])).code).toBe(8);
        await near().writeState(before);
      } else {
        await smarthost(`[${next.host}]:${next.port}`);
        if (what === 'several changes in a row') await smarthost(`127.0.0.29:${next.port}`);
      }
      // The queue manager looks again at what was under way during a reload when there is an occasion.
      await sleep(SLOW);
      await flush();
      expect(tokens.map((token) => slow.of(token).length)).toEqual([1, 1, 1]);
      expect(next.messages).toEqual([]);
      expect(await Promise.all(tokens.map((token) => outbound(near(), token)))).toEqual([[], [], []]);
      // Nothing of that stays.
      await near().ok(['plan', '--exit-code']);
    },
  );

  it.each([
    'about something else',
    'with a new domain',
    'that goes back',
    'that is killed',
    'that is killed at its end',
  ])('that is at work on a message when it is gone gets it once: another apply follows %s', async (what) => {
    const [slow, next] = [await sink({ slow: SLOW }), await sink({})];
    await smarthost(`[${slow.host}]:${slow.port}`);
    const tokens = await Promise.all([1, 2].map(() => sendAs(near(), 'alice@a.test', 'x@far.test')));
    await eventually('the messages are there', () => slow.messages.length === tokens.length);
    await smarthost(`[${next.host}]:${next.port}`);
    const { root } = near();
    const [before, masterCf] = [await near().readState(), `${root}/etc/postfix/master.cf`];
    const usual = await readFile(masterCf, 'utf8');
    const change = what === 'that goes back' ? FAILING : `overrides: {postfix: {queue_run_delay: 4m}}\n`;
    await near().writeState(what === 'with a new domain' ? withNewDomain(before) : `${before}${change}`);
    if (what === 'about something else' || what === 'with a new domain') await near().ok(['apply']);
    else if (what === 'that goes back') expect((await near().run(['apply'])).code).toBe(8);
    else {
      const atEnd = what === 'that is killed at its end';
      const fault = atEnd
        ? `renameSync ${root}/var/lib/eboxmail/.applied.json`
        : `spawn postfix -c ${root}/etc/postfix reload`;
      expect(await runWithFault(['--root', root, 'apply'], `kill:${fault}`)).toMatchObject({ signal: 'SIGKILL' });
      await near().ok(['status']);
    }
    expect(await readFile(masterCf, 'utf8')).toBe(usual);
    await sleep(SLOW);
    await flush();
    expect(tokens.map((token) => slow.of(token).length)).toEqual([1, 1]);
    expect(next.messages).toEqual([]);
    await near().writeState(before);
    await near().ok(['apply']);
  });

  it('that is changed while mail goes out has a login all the time, and TLS', async () => {
    const users = { u: 'secret' };
    const two = [await sink({ users, tls: 'starttls' }), await sink({ users, tls: 'starttls' })];
    const login = ['u', 'secret'] as const;
    const change = (n: number): Promise<void> => {
      const { host = '', port = 0 } = two[n % 2] ?? {};
      return smarthost(`[${host}]:${port}`, login, ['--tls', 'required']);
    };
    await change(0);
    const tokens: string[] = [];
    let working = true;
    const sending = async (): Promise<void> => {
      while (working) tokens.push(await sendAs(near(), 'alice@a.test', 'x@far.test'));
    };
    const changing = async (): Promise<void> => {
      try {
        for (let n = 1; n < 6; n += 1) await change(n);
      } finally {
        working = false;
      }
    };
    await Promise.all([sending(), changing()]);
    await deliverAll(near());
    const got = two.flatMap(({ messages }) => messages);
    expect(tokens.length).toBeGreaterThan(5);
    expect(tokens.filter((token) => got.filter(({ text }) => text.includes(token)).length !== 1)).toEqual([]);
    expect(got.every(({ user, tls }) => user === 'u' && tls)).toBe(true);
  });

  it('elsewhere is not used by a sandbox: the mail is captured', async () => {
    await smarthost('smtp.elsewhere.test:587', ['u', 'p']);
    const token = await sendAs(near(), 'alice@a.test', 'x@far.test');
    expect((await outbound(near(), token)).map(({ text }) => subjectOf(text))).toEqual([token]);
    const { stderr } = await near().run(['relay', 'test']);
    expect(stderr).toContain('is not on this machine, and this is a sandbox');
    await near().ok(['relay', 'smarthost', 'unset', '--apply']);
    expect(await near().readState()).not.toContain('smarthost');
    const again = await sendAs(near(), 'alice@a.test', 'x@far.test');
    expect(await outbound(near(), again)).toHaveLength(1);
  });
});
