import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { hasErrors, stateOf } from '../../src/app/state/load-state.ts';
import { readMachine } from '../../src/app/state/machine-names.ts';
import { copiesOf } from '../../src/core/copies.ts';
import { explainAddress } from '../../src/core/explain/explain-address.ts';
import { explainSender } from '../../src/core/explain/explain-sender.ts';
import type { Explanation, MailService, SenderExplanation } from '../../src/core/explain/explanation.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { User } from '../../src/core/model.ts';
import { domainOf } from '../../src/core/recipients.ts';
import { modelOf } from '../../src/core/state/model-of.ts';
import { drain, loggedIn, mailOf, outbound, send, stranger, tryLogin, tryRecipient } from '../support/mail.ts';
import { LOCAL_PARTS, MAILNAME, randomMailState } from '../support/random-mail-state.ts';
import { inTurns } from '../support/scene.ts';
import { useSandbox } from '../support/sandbox.ts';
import type { SmtpClient } from '../support/smtp-client.ts';

/** Other states are tried with EXPLAIN_SEED=100 and the like. */
const FIRST_SEED = Number(process.env['EXPLAIN_SEED'] ?? 1);
const SEEDS = Array.from({ length: 5 }, (_, index) => FIRST_SEED + index);

/** A session ends before Postfix begins to answer slowly (smtpd_soft_error_limit). */
const ERRORS_PER_SESSION = 9;

/** At the same time: the machine has two cores. */
const SESSIONS = 3;

const sandbox = useSandbox({
  state: stringify(randomMailState(FIRST_SEED)),
  // Who has no password or no account is tried, too.
  // Dovecot does not like a final dot, and lets Postfix decide.
  tolerate: [
    /quota-status\(\d+\): Error: Client sent invalid recipient address `\S+\.': Empty sub-domain/,
    /warning: \S+\[127\.0\.0\.9\]: SASL PLAIN authentication failed/,
  ],
});

describe.each(SEEDS)('the random state %i', (seed) => {
  const state = randomMailState(seed);

  it('is explained as Postfix and Dovecot do it', async () => {
    await sandbox().writeState(stringify(state));
    await sandbox().ok(['apply', '--allow-removals', '1000']);
    const service = await serviceOf(state);
    const addresses = addressesOf(service, seed === FIRST_SEED);
    await compareRecipients(service, addresses);
    await compareTable(service, addresses);
    await compareSenders(service, addresses);
    await compareDeliveries(service, addresses);
  });
});

async function serviceOf(state: JsonObject): Promise<MailService> {
  const { model, directory, problems } = modelOf(stateOf(state));
  expect(hasErrors(problems), JSON.stringify(problems)).toBe(false);
  return { model, directory, copies: copiesOf(model, directory), machine: await readMachine(sandbox().root) };
}

/** Every local part in every name there is, also in other writings, and some that mean something to Postfix itself. */
function addressesOf({ model }: MailService, withOdd: boolean): readonly string[] {
  const random = [...model.domains.values()];
  const names = [...random.flatMap(({ name, aliases }) => [name, ...aliases.map((alias) => alias.name)]), MAILNAME];
  const locals = [...LOCAL_PARTS, 'nomail', 'nobody', 'mailer-daemon', 'double-bounce', 'alice=a.test'];
  const others = ['localhost.eg.test', 'outside.test', 'sender.copy.eboxmail.invalid'];
  const at = (domains: readonly string[], parts: readonly string[]): string[] =>
    domains.flatMap((name) => parts.map((local) => `${local}@${name}`));
  const plain = [...at(names, locals), ...at(others, ['root', 'abuse', 'd', 'postmaster', 'double-bounce'])];
  const plus = plain.filter((_, index) => index % 3 === 0).map((address) => address.replace('@', '+De.tail+x@'));
  const loud = plain.filter((_, index) => index % 5 === 0).map((address) => address.toUpperCase());
  const odd = names.flatMap((name) => ODD_LOCAL_PARTS.map((local) => `${local}@${name}`));
  const few = withOdd ? [...odd.filter((_, index) => index % 7 === 0), ...ODD_ADDRESSES] : [];
  return [...plain, ...plus, ...loud, 'alice+@a.test', '+alice@a.test', 'info+a+@a-alias.test', ...few];
}

/** What an SMTP client may write and hardly anybody has. */
const ODD_LOCAL_PARTS: readonly string[] = [
  ...['a/b', '$x', '*', 'x{y}', 'x#y', '|x', 'a..b', '.a', 'a.', '"a b"', 'x'.repeat(65), 'alice+a/b', '"alice"'],
  ...['x%y', 'x!y', '"x@y"', 'alice+x%y', 'x@y', 'a\\b', 'al\\ice', 'a:b', '"alice+x y"', 'alice."x"', '/etc/x', "'a'"],
];

const ODD_ADDRESSES: readonly string[] = [
  ...['alice@a.test.', 'info@a-alias.test.', '"alice@a.test"@mx.eg.test', 'nobody@a.test@localhost.eg.test'],
  ...['"x%y@a.test"@mx.eg.test', '"x@outside.test"@mx.eg.test', 'a%b@outside.test', '@x.test,@y.test:alice@a.test'],
  ...['postmaster', 'Postmaster', 'abuse', 'postmaster+x', 'alice@a', 'root@localhost', 'x@outside_.test', 'x@a.123'],
  ...[
    'root@[127.0.0.1]',
    'postmaster@[127.0.0.1]',
    'abuse@[127.0.0.1]',
    'alice@[192.0.2.1]',
    'alice@[IPv6:2001:db8::1]',
  ],
  ...[
    '"double-bounce"@mx.eg.test',
    'DOUBLE-BOUNCE@mx.eg.test',
    'double-bounce@[127.0.0.1]',
    'mailer-daemon@[127.0.0.1]',
  ],
  ...['"x=outside.test@sender.copy.eboxmail.invalid"@a.test', '"x=outside.test@none.copy.eboxmail.invalid"@mx.eg.test'],
];

function explained(address: string, service: MailService): Explanation {
  const explanation = explainAddress(address, service);
  if (!explanation.ok) throw new Error(`${address}: ${explanation.why}`);
  return explanation.value;
}

function explainedSender(user: User, address: string, service: MailService): SenderExplanation {
  const explanation = explainSender(user, address, service);
  if (!explanation.ok) throw new Error(`${address}: ${explanation.why}`);
  return explanation.value;
}

/** 250, 550 or 554 to a stranger; and to somebody who has logged in, for every fifth. */
async function compareRecipients(service: MailService, addresses: readonly string[]): Promise<void> {
  const expected = (pick: (one: Explanation) => unknown, some: readonly string[]): Record<string, unknown> =>
    Object.fromEntries(some.map((address) => [address, pick(explained(address, service))]));
  const asked = await inSessions(addresses, () => stranger(sandbox()), ask);
  expect(asked).toEqual(expected(({ verdict }) => verdict.code, addresses));
  const some = addresses.filter((_, index) => index % 5 === 0);
  const askedInside = await inSessions(
    some,
    () => loggedIn(sandbox(), 'alice@a.test'),
    (client, address) => ask(client, address, 'alice@a.test'),
  );
  expect(askedInside).toEqual(expected(({ verdict }) => verdict.loggedIn, some));
}

async function ask(client: SmtpClient, address: string, from = 'x@elsewhere.test'): Promise<number> {
  return Number((await tryRecipient(client, address, from)).slice(0, 3));
}

/** Many questions in sessions that end when they have seen too many refusals. */
async function inSessions(
  questions: readonly string[],
  open: () => Promise<SmtpClient>,
  answer: (client: SmtpClient, question: string) => Promise<number>,
): Promise<Record<string, number>> {
  const answers: Record<string, number> = {};
  const parts = Array.from({ length: SESSIONS }, (_, part) =>
    questions.filter((_question, index) => index % SESSIONS === part),
  );
  await inTurns(parts, parts.length, async (part) => {
    let client: SmtpClient | undefined;
    let [errors, asked] = [0, 0];
    for (const question of part) {
      client ??= await open();
      const code = await answer(client, question);
      answers[question] = code;
      errors += code === 250 ? 0 : 1;
      // Every RSET counts for smtpd_junk_command_limit.
      if (errors < ERRORS_PER_SESSION && ++asked < 50) continue;
      await client.quit();
      client = undefined;
      [errors, asked] = [0, 0];
    }
    await client?.quit();
  });
  return answers;
}

/** What the table of aliases says is what is explained. */
async function compareTable(service: MailService, addresses: readonly string[]): Promise<void> {
  const { root } = sandbox();
  const plain = addresses.filter(
    (address) => /^[a-z0-9=_.-]+@[a-z0-9.-]+[a-z]$/.test(address) && domainOf(address) !== 'outside.test',
  );
  const keys = [...plain, ...new Set(plain.map((address) => `@${domainOf(address)}`))];
  const tables = await readdir(`${root}/etc/postfix/eboxmail`);
  const index = tables.find((name) => /^aliases\.(cdb|lmdb|db)$/.test(name)) ?? '';
  const type = index.endsWith('.db') ? 'hash' : index.replace('aliases.', '');
  const found = promisify(execFile)('postmap', [
    '-c',
    `${root}/etc/postfix`,
    '-q',
    '-',
    `${type}:${root}/etc/postfix/eboxmail/aliases`,
  ]);
  found.child.stdin?.end(`${keys.join('\n')}\n`);
  const { stdout } = await found.catch((error: { code: number; stdout: string }) => error);
  const rows = new Map(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t') as [string, string]),
  );
  for (const address of plain) {
    const { verdict, recipients, steps } = explained(address, service);
    if (steps.some(({ kind }) => kind === 'local' || kind === 'discarded' || kind === 'relay')) continue;
    if (domainOf(address).endsWith('eg.test')) continue;
    const row = rows.get(address) ?? rows.get(`@${domainOf(address)}`);
    const targets = row === undefined ? [address] : row.split(', ');
    const expected = verdict.code === 250 ? recipients.map((one) => service.copies.wayTo(one.address)) : [address];
    expect([...targets].sort(), address).toEqual([...expected].sort());
  }
}

/** 250 or 553 to MAIL and RCPT of somebody who has logged in, for some users and senders. */
async function compareSenders(service: MailService, addresses: readonly string[]): Promise<void> {
  const users = [...service.model.users.values()];
  const mute = users.filter(({ account, password }) => !account || password === undefined).slice(0, 2);
  const failures = mute.map(async (user) => {
    expect(explainedSender(user, user.address, service), user.address).toMatchObject({ allowed: false, code: null });
    expect((await tryLogin(sandbox(), user.address)).code, user.address).toBe(535);
  });
  const able = users.filter(({ account, password }) => account && password !== undefined).slice(0, 2);
  for (const [position, user] of able.entries()) {
    const senders = addresses.filter((_, index) => index % 5 === position);
    const asked = await inSessions(
      [...senders, '<>', user.address],
      () => loggedIn(sandbox(), user.address),
      (client, sender) => ask(client, 'somebody@elsewhere.test', sender === '<>' ? '' : sender),
    );
    for (const [sender, code] of Object.entries(asked)) {
      expect(code, `${user.address} as ${sender}`).toBe(explainedSender(user, sender, service).code);
    }
  }
  await Promise.all(failures);
}

interface Delivery {
  readonly token: string;
  readonly to: string;
  readonly from: string;
  /** Everywhere where it should arrive. */
  readonly ends: readonly string[];
}

/** Who really got a message, and how often. */
async function compareDeliveries(service: MailService, addresses: readonly string[]): Promise<void> {
  const deliverable = addresses.filter((address) => explained(address, service).verdict.deliverable);
  const some = deliverable.filter((_, index) => index % Math.ceil(deliverable.length / 16) === 0);
  const alice = service.model.users.get('alice@a.test');
  if (alice === undefined) throw new Error('alice is in every state');
  const outside = await stranger(sandbox());
  const inside = await loggedIn(sandbox(), alice.address);
  const deliveries: Delivery[] = [];
  for (const [index, to] of some.entries()) {
    const from = index % 2 === 0 ? 'somebody@elsewhere.test' : alice.address;
    const sent = from === alice.address ? explainedSender(alice, from, service).copies : [];
    const { recipients, copies } = explained(to, service);
    const ends = [...recipients, ...copies, ...sent].map(({ address }) => address);
    const { token } = await send(index % 2 === 0 ? outside : inside, from, to);
    deliveries.push({ token, to, from, ends: [...new Set(ends)] });
  }
  await Promise.all([outside.quit(), inside.quit()]);
  await drain(sandbox());
  const accounts = [...service.model.users.values()].filter(({ account }) => account).map(({ address }) => address);
  const inboxes = new Map<string, string[]>();
  for (const account of accounts) inboxes.set(account, await mailOf(sandbox(), account));
  for (const { token, to, from, ends } of deliveries) {
    const found: string[] = [];
    for (const [account, texts] of inboxes) {
      for (const text of texts) if (text.includes(`Subject: ${token}`)) found.push(account);
    }
    for (const message of await outbound(sandbox(), token)) found.push(message.to ?? '?');
    const local = (await localMail()).split(`Subject: ${token}`).length - 1;
    for (let count = 0; count < local; count++) found.push(`root@${MAILNAME}`);
    const expected = ends.map(mailboxOf);
    expect(found.sort(), `${token} from ${from} to ${to}`).toEqual(expected.sort());
  }
}

/** Where mail for a final recipient lies: a detail makes no other mailbox, and the machine has one root. */
function mailboxOf(end: string): string {
  if (domainOf(end) === 'outside.test') return end;
  return end.replace(/\+.*@/, '@').replace('@localhost.eg.test', `@${MAILNAME}`);
}

/** Mail for root. */
async function localMail(): Promise<string> {
  return readFile(`${sandbox().root}/var/mail/root`, 'utf8').catch(() => '');
}
