import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { portsOf, type HostFacts } from '../../core/host-facts.ts';
import type { MailModel } from '../../core/model.ts';
import { EboxmailError, failed } from '../../core/errors.ts';
import { PROBE } from '../../core/probe.ts';
import { mayRelay } from '../../core/relay-policy.ts';
import { SmtpSession } from '../../system/smtp-session.ts';

/** What SMTP on port 25 has to answer when the configuration is what the state says. */
export interface Question {
  readonly recipient: string;
  /** Completes "mail for … is". */
  readonly expected: 'accepted' | 'refused';
  readonly because: string;
}

/**
 * One address that exists, one that does not, and one elsewhere. Recipients only: no message is handed over, so nobody
 * gets anything.
 */
export function questionsFor(model: MailModel): readonly Question[] {
  const nobody = `${PROBE}${randomBytes(8).toString('hex')}`;
  const account = [...model.users.values()].find((user) => user.account)?.address;
  const strict = [...model.domains.values()].find(({ catchAll }) => catchAll?.unknownTo === undefined)?.name;
  return [
    ...(account === undefined
      ? []
      : [{ recipient: account, expected: 'accepted', because: 'it is an account' } as const]),
    ...(strict === undefined
      ? []
      : [{ recipient: `${nobody}@${strict}`, expected: 'refused', because: 'nobody has it' } as const]),
    { recipient: `${nobody}@relay-probe.invalid`, expected: 'refused', because: 'strangers may not relay' },
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
 * @throws failed when an answer is not the expected one
 */
export async function proveRecipients(model: MailModel, facts: HostFacts): Promise<void> {
  const address = strangersAddress(facts);
  const session = await SmtpSession.connect({
    address: address ?? facts.listen[0] ?? '127.0.0.1',
    port: portsOf(facts.portOffset).smtp,
    implicitTls: false,
    serverName: undefined,
    authorities: [],
    ...(address === undefined ? {} : { localAddress: address }),
  });
  try {
    await session.reply();
    await session.command('EHLO localhost.localdomain');
    if (model.smtp.tls === 'required') {
      await session.command('STARTTLS');
      await session.startTls();
      await session.command('EHLO localhost.localdomain');
    }
    const sender = await session.command('MAIL FROM:<>');
    if (sender.code >= 400)
      throw failed(
        'the new configuration does not do what it should: mail is refused before it says for whom it is',
        `the server says: ${sender.code} ${sender.lines.join(' ')}`,
      );
    for (const question of questionsFor(model)) {
      const isRelay = question.recipient.endsWith('.invalid');
      // Who is no stranger may relay, and that proves nothing.
      if (isRelay && !isStranger(address, model, facts)) continue;
      const { code, lines } = await session.command(`RCPT TO:<${question.recipient}>`);
      if (fits(code, lines[0] ?? '', question.expected)) continue;
      const problem = failed(
        `the new configuration does not do what it should: mail for ${question.recipient} should be ${question.expected}, because ${question.because}`,
        `the server says: ${code} ${lines.join(' ')}`,
      );
      throw isRelay ? new OpenRelay(problem) : problem;
    }
  } finally {
    session.end();
  }
}

/**
 * A full mailbox, or a policy that has the sender come again, is no fault of the configuration; 4.3.x is: a table that
 * cannot be read, a setting that means nothing (RFC 3463 section 3.4).
 */
function fits(code: number, text: string, expected: Question['expected']): boolean {
  if (expected === 'refused') return code >= 500;
  return code < 400 || code === 552 || (code < 500 && code !== 421 && !text.startsWith('4.3.'));
}

/** Whether the server takes this client for one who may not relay; undefined is its own loopback, strange to a sandbox only. */
function isStranger(address: string | undefined, model: MailModel, facts: HostFacts): boolean {
  if (address === undefined && facts.sandbox === undefined) return false;
  return !mayRelay(model, address ?? '127.0.0.1');
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
