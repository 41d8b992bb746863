import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  copies,
  drain,
  loggedIn,
  mailOf,
  outbound,
  PASSWORD_HASH,
  send,
  sendAs,
  sendAsStranger,
  subjectOf,
} from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';
import { HAS_IPV6, startSink, type Sink } from '../support/smtp-sink.ts';

const ACCOUNTS = ['alice@a.test', 'bob@a.test', 'carl@b.test', 'dora@c.test', 'arch@a.test'];

const STATE = `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {aliases: [a2.test, a3.test]}
  b.test:
  c.test: {catch_all: {copy_to: arch@a.test, on_bounce: postmaster}}
users:
${ACCOUNTS.map((address) => `  ${address}: {password: "${PASSWORD_HASH}"}`).join('\n')}
aliases:
  out@b.test: friend@partner.test
`;

/** One server on which everybody logs in: who it was tells the way. */
const USERS = { default: 'p0', alice: 'p1', a: 'p2', a3: 'p3', partner: 'p4', other: 'p5' };

const sandbox = useSandbox({ state: STATE });
let sink: Sink;
let sixth: Sink;

beforeAll(async () => {
  sink = await startSink({ host: '127.0.0.40', users: USERS });
  sixth = await startSink({ host: HAS_IPV6 ? '::1' : '127.0.0.41', users: { six: 'p6' } });
  const target = `[127.0.0.40]:${sink.port}`;
  const login = (user: keyof typeof USERS): readonly string[] => [target, '--username', user, '--password-stdin'];
  const run = (args: readonly string[], user?: keyof typeof USERS): Promise<unknown> =>
    sandbox().ok(['relay', ...args], user === undefined ? {} : { input: USERS[user] });
  await run(['smarthost', 'set', ...login('default')], 'default');
  await run(['rule', 'add', 'sender', 'alice@a.test', ...login('alice')], 'alice');
  await run(['rule', 'add', 'sender', 'a.test', ...login('a')], 'a');
  await run(['rule', 'add', 'sender', 'a3.test', ...login('a3')], 'a3');
  await run(['rule', 'add', 'recipient', 'partner.test', ...login('partner')], 'partner');
  await run(['rule', 'add', 'recipient', 'direct.test', '--direct']);
  const six = [
    'rule',
    'add',
    'recipient',
    'six.test',
    `[${sixth.host}]:${sixth.port}`,
    '--username',
    'six',
    '--password-stdin',
  ];
  await sandbox().ok(['relay', ...six], { input: 'p6' });
  await run(['rule', 'add', 'sender', 'b.test', '--direct']);
  await run(
    ['rule', 'add', 'recipient', 'elsewhere.test', 'smtp.elsewhere.test:587', '--username', 'x', '--password-stdin'],
    'other',
  );
  await sandbox().ok(['apply']);
});

afterAll(async () => {
  await sink.close();
  await sixth.close();
});

/** Which way a message took to each recipient outside: the login of the sink, or that it was captured. */
async function ways(token: string): Promise<Record<string, string>> {
  await drain(sandbox());
  const found: Record<string, string> = {};
  for (const { to, user } of [...sink.of(token), ...sixth.of(token)])
    for (const one of to) found[one] = user ?? 'nobody';
  for (const { to } of await outbound(sandbox(), token)) found[to ?? ''] = 'captured';
  return found;
}

describe('rules beyond one smarthost', () => {
  const cases: readonly (readonly [string, string, { from?: string }, Record<string, string>])[] = [
    ['no rule', 'dora@c.test', {}, { 'x@far.test': 'default' }],
    ['the address of the sender', 'alice@a.test', {}, { 'x@far.test': 'alice' }],
    ['that address with a detail', 'alice@a.test', { from: 'alice+News@a.test' }, { 'x@far.test': 'alice' }],
    ['that address in another case', 'alice@a.test', { from: 'Alice@A.test' }, { 'x@far.test': 'alice' }],
    ['that address in a domain alias', 'alice@a.test', { from: 'alice@a2.test' }, { 'x@far.test': 'alice' }],
    [
      'an address before a rule for the domain alias',
      'alice@a.test',
      { from: 'alice@a3.test' },
      { 'x@far.test': 'alice' },
    ],
    ['the domain of the sender', 'bob@a.test', {}, { 'x@far.test': 'a' }],
    ['that domain by its alias', 'bob@a.test', { from: 'bob@a2.test' }, { 'x@far.test': 'a' }],
    ['a domain alias with a rule of its own', 'bob@a.test', { from: 'bob@a3.test' }, { 'x@far.test': 'a3' }],
    [
      'the recipient before the sender',
      'alice@a.test',
      {},
      { 'x@partner.test': 'partner', 'x@PARTNER.test': 'partner' },
    ],
    ['a subdomain of the recipient, for which there is none', 'dora@c.test', {}, { 'x@sub.partner.test': 'default' }],
    [
      'several recipients',
      'alice@a.test',
      {},
      { 'x@partner.test': 'partner', 'y@far.test': 'alice', 'z@direct.test': 'captured' },
    ],
    ['a relay with an IPv6 address', 'bob@a.test', {}, { 'x@six.test': 'six' }],
    ['directly, by the sender', 'carl@b.test', {}, { 'x@far.test': 'captured', 'x@partner.test': 'partner' }],
    ['a relay elsewhere, captured in a sandbox', 'dora@c.test', {}, { 'x@elsewhere.test': 'captured' }],
  ];

  it.each(cases)('%s', async (_, user, options, expected) => {
    const token = await sendAs(sandbox(), user, Object.keys(expected), options);
    const found = Object.entries(await ways(token)).map(([to, way]) => [to.toLowerCase(), way]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(expected).map(([to, way]) => [to.toLowerCase(), way])),
    );
  });

  it('keep what is managed here', async () => {
    const token = await sendAs(sandbox(), 'alice@a.test', ['bob@a2.test', 'carl@b.test', 'root@mx.example.test']);
    expect(await ways(token)).toEqual({});
    expect(await copies(sandbox(), token, ACCOUNTS)).toEqual({ 'bob@a.test': 1, 'carl@b.test': 1 });
  });

  it('send notifications, whose sender is empty, by the default way', async () => {
    const client = await loggedIn(sandbox(), 'alice@a.test');
    const { token } = await send(client, '', 'x@far.test');
    await client.quit();
    expect(await ways(token)).toEqual({ 'x@far.test': 'default' });
  });

  it('hold for what an alias sends on from elsewhere', async () => {
    expect(await ways(await sendAsStranger(sandbox(), 'out@b.test'))).toEqual({ 'friend@partner.test': 'partner' });
  });

  it('leave copies of all mail of a domain as they are', async () => {
    const token = await sendAs(sandbox(), 'dora@c.test', ['x@partner.test', 'bob@a.test']);
    expect(await ways(token)).toEqual({ 'x@partner.test': 'partner' });
    expect(await copies(sandbox(), token, ACCOUNTS)).toEqual({ 'bob@a.test': 1, 'arch@a.test': 1 });
    expect((await mailOf(sandbox(), 'arch@a.test')).map(subjectOf)).toContain(token);
  });

  it('go one by one, and with them their passwords', async () => {
    const plan = await sandbox().ok(['relay', 'rule', 'remove', 'sender', 'alice@a.test', '--apply']);
    expect(plan.stderr).toContain('the password stays in secrets/relay-sender-alice@a.test');
    expect(await ways(await sendAs(sandbox(), 'alice@a.test', 'x@far.test'))).toEqual({ 'x@far.test': 'a' });
  });

  it('are explained with the line of the state', async () => {
    const says = async (...args: readonly string[]): Promise<string> =>
      (await sandbox().run(['explain', ...args])).stdout;
    expect(await says('x@partner.test')).toMatch(/by way of \[127\.0\.0\.40\]:\d+ as partner.*\(state\.yaml:\d+\)/);
    expect(await says('out@b.test')).toMatch(/friend@partner\.test.*\n.*by way of \[127\.0\.0\.40\]:\d+ as partner/);
    expect(await says('--send', 'bob@a.test', 'bob@a2.test')).toMatch(/by way of \[127\.0\.0\.40\]:\d+ as a\b/);
    expect(await says('--send', 'dora@c.test', 'dora@c.test')).toMatch(/by way of \[127\.0\.0\.40\]:\d+ as default/);
  });
});
