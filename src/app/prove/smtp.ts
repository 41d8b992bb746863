import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { isConditionList } from '../../core/conditions.ts';
import { portsOf, type HostFacts } from '../../core/host-facts.ts';
import type { MailModel } from '../../core/model.ts';
import { EboxmailError, failed } from '../../core/errors.ts';
import { PROBE } from '../../core/probe.ts';
import { firstAccount } from '../../core/recipients.ts';
import { namesNetworkOf } from '../../core/raw-postfix.ts';
import { mayRelay } from '../../core/relay-policy.ts';
import { SmtpSession, type SmtpReply } from '../../system/smtp-session.ts';

/** What SMTP on port 25 has to answer when the configuration is what the state says. */
export interface Question {
  readonly recipient: string;
  /** Completes "mail for … is". */
  readonly expected: 'accepted' | 'refused';
  readonly because: string;
}

/**
 * One address that exists, one that does not, and one elsewhere. No message is handed over, so nobody gets anything.
 */
export function questionsFor(model: MailModel): readonly Question[] {
  const account = firstAccount(model);
  const strict = [...model.domains.values()].find(({ catchAll }) => catchAll?.unknownTo === undefined)?.name;
  return [
    ...(account === undefined
      ? []
      : [{ recipient: account, expected: 'accepted', because: 'it is an account' } as const]),
    ...(strict === undefined
      ? []
      : [{ recipient: nobodyAt(strict), expected: 'refused', because: 'nobody has it' } as const]),
    { recipient: nobodyAt(ELSEWHERE), expected: 'refused', because: 'strangers may not relay' },
  ];
}

/** Strangers can relay: nothing that may be waited for. */
export class OpenRelay extends EboxmailError {
  constructor({ exitCode, message, hint }: EboxmailError) {
    super(exitCode, message, hint);
  }
}

/**
 * Asks them as a stranger does: from an address that may not relay.
 * @param withData whether to go on to where the message would follow
 * @throws failed when an answer is not the expected one
 */
export async function proveRecipients(model: MailModel, facts: HostFacts, withData: boolean): Promise<void> {
  const { session, address } = await connectAsStranger(facts, 'smtp');
  let inMessage = false;
  try {
    requireNoPosing(await begin(session, model, nameOf(address, facts)), address, model, facts);
    await askAsOneOfOurs(session, address, model, facts);
    const sender = await session.command('MAIL FROM:<>');
    if (sender.code >= 400) throw wrong('mail is refused before it says for whom it is', sender);
    const accepted = await askQuestions(session, address, model, facts);
    if (!withData || !accepted) return;
    const data = await session.command('DATA');
    inMessage = data.code === 354;
    if (!fits(data, 'accepted')) throw wrong('every message is refused when it is about to follow', data);
  } finally {
    if (inMessage) session.breakOff();
    else session.end();
  }
}

/** @returns the answer to the last EHLO: what the server offers */
async function begin(session: SmtpSession, model: MailModel, name: string): Promise<SmtpReply> {
  await session.reply();
  const answer = await session.command(`EHLO ${name}`);
  if (model.smtp.tls !== 'required') return answer;
  await session.command('STARTTLS');
  await session.startTls();
  return session.command(`EHLO ${name}`);
}

/** An address literal (RFC 5321 section 4.1.3): names are often refused, be it that they are local, or not to be found. */
function nameOf(address: string | undefined, facts: HostFacts): string {
  const client = address ?? facts.listen[0] ?? '127.0.0.1';
  return client.includes(':') ? `[IPv6:${client}]` : `[${client}]`;
}

/** Raw conditions may let everybody relay who only says to be one of our users: a classical mistake with access tables. */
async function askAsOneOfOurs(
  session: SmtpSession,
  address: string | undefined,
  model: MailModel,
  facts: HostFacts,
): Promise<void> {
  const sender = firstAccount(model);
  const isRaw = [...model.overrides.postfix.keys()].some(isConditionList);
  if (!isRaw || sender === undefined || !isStranger(address, model, facts, 'mynetworks')) return;
  const taken = await session.command(`MAIL FROM:<${sender}>`);
  if (taken.code >= 400) return;
  const reply = await session.command(`RCPT TO:<${nobodyAt(ELSEWHERE)}>`);
  if (reply.code < 400)
    throw new OpenRelay(wrong(`strangers may relay when they say that they are ${sender}, without a password`, reply));
  await session.command('RSET');
}

/** @returns whether a message could follow */
async function askQuestions(
  session: SmtpSession,
  address: string | undefined,
  model: MailModel,
  facts: HostFacts,
): Promise<boolean> {
  let accepted = false;
  for (const { recipient, expected, because } of questionsFor(model)) {
    const isRelay = recipient.endsWith('.invalid');
    // Who is no stranger may relay, and that proves nothing.
    if (isRelay && !isStranger(address, model, facts, 'mynetworks')) continue;
    const reply = await session.command(`RCPT TO:<${recipient}>`);
    if (reply.code < 300) accepted = true;
    const isOurs = isRelay && reply.lines[0]?.startsWith('5.1.1 ') === true;
    if (isOurs) throw wrong(`domains elsewhere, as that of ${recipient}, are taken for domains of this server`, reply);
    // By default Postfix has a stranger come again (smtpd_relay_restrictions, postconf(5)).
    if (fits(reply, expected) || (isRelay && reply.code >= 400)) continue;
    const problem = wrong(`mail for ${recipient} should be ${expected}, because ${because}`, reply);
    throw isRelay ? new OpenRelay(problem) : problem;
  }
  return accepted;
}

/** A client that may use XCLIENT says itself from where it comes (XCLIENT_README). */
function requireNoPosing(offered: SmtpReply, address: string | undefined, model: MailModel, facts: HostFacts): void {
  const isOffered = offered.lines.some((line) => /^XCLIENT( |$)/.test(line));
  if (!isOffered || !isStranger(address, model, facts, 'smtpd_authorized_xclient_hosts')) return;
  throw new OpenRelay(wrong('strangers may pose as somebody else, because they are offered XCLIENT', offered));
}

function wrong(what: string, { code, lines }: SmtpReply): EboxmailError {
  return failed(
    `the new configuration does not do what it should: ${what}`,
    `the server says: ${code} ${lines.join(' ')}`,
  );
}

/**
 * A full mailbox, or a policy that has the sender come again, is no fault of the configuration; 4.3.x is: a table that
 * cannot be read, a setting that means nothing (RFC 3463 section 3.4).
 */
function fits({ code, lines: [text = ''] }: SmtpReply, expected: Question['expected']): boolean {
  if (expected === 'refused') return code >= 500;
  return code < 400 || code === 552 || (code < 500 && code !== 421 && !text.startsWith('4.3.'));
}

/**
 * Whether the server takes this client for one who may not relay; undefined is its own loopback, strange to a sandbox only.
 * @param raw the raw setting that may name the client
 */
function isStranger(address: string | undefined, model: MailModel, facts: HostFacts, raw: string): boolean {
  if (address === undefined && facts.sandbox === undefined) return false;
  const client = address ?? '127.0.0.1';
  return !mayRelay(model, client) && !namesNetworkOf(client, raw, model.overrides.postfix);
}

/** A domain that is nobody's (RFC 2606 section 2). */
export const ELSEWHERE = 'relay-probe.invalid';

/** An address that nobody has. */
export function nobodyAt(domain: string): string {
  return `${PROBE}${randomBytes(8).toString('hex')}@${domain}`;
}

/** @returns also the address that the session comes from; undefined where only the loopback answers */
export async function connectAsStranger(
  facts: HostFacts,
  service: 'smtp' | 'smtps',
): Promise<{ readonly session: SmtpSession; readonly address: string | undefined }> {
  const address = strangersAddress(facts);
  const session = await SmtpSession.connect({
    address: address ?? facts.listen[0] ?? '127.0.0.1',
    port: portsOf(facts.portOffset)[service],
    implicitTls: service === 'smtps',
    serverName: undefined,
    authorities: [],
    ...(address === undefined ? {} : { localAddress: address }),
  });
  return { session, address };
}

/** An address of this machine that is not its loopback: mail from there comes from outside, for all that Postfix knows. */
function strangersAddress(facts: HostFacts): string | undefined {
  if (facts.listen.length > 0) return facts.listen.find((address) => !isLoopback(address));
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
