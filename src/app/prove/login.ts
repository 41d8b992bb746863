import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { failed, type EboxmailError } from '../../core/errors.ts';
import { portsOf, type HostFacts } from '../../core/host-facts.ts';
import type { MailModel } from '../../core/model.ts';
import { PROBE } from '../../core/probe.ts';
import { firstAccount } from '../../core/recipients.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { listDirectory, lstat } from '../../system/files.ts';
import { isLetIn, isPasswordOf } from '../../system/dovecot-auth.ts';
import type { SmtpReply } from '../../system/smtp-session.ts';
import { DOVECOT_LOOKS, writePasswdFile } from '../../system/passwd-file.ts';
import { connectAsStranger, ELSEWHERE, nobodyAt, OpenRelay } from './smtp.ts';

/**
 * An account that exists only while an apply proves that the service works: a random name and password, a mailbox that goes
 * with it, and no address that Postfix knows.
 */
export interface ProbeAccount {
  readonly name: string;
  readonly password: string;
  /** When it was made, by `performance.now()`: in milliseconds that no change of the clock touches. */
  readonly since: number;
}

/** Begins the name of the directory of its mailbox; no domain begins with a dot. */
const PROBE_HOME = '.eboxmail-probe-';

/** Milliseconds that Dovecot may be behind: its clock ticks when it wakes up. */
const MARGIN = 100;

/** Makes the account; `withdrawProbe` must follow in any case. */
export function makeProbe(model: MailModel, facts: HostFacts): ProbeAccount {
  const name = `${PROBE}${randomBytes(8).toString('hex')}@${model.mailname}`;
  const password = randomBytes(24).toString('base64url');
  const hash = createHash('sha256').update(password).digest('base64');
  const home = `${below(facts, PATHS.mail)}/${PROBE_HOME}${randomBytes(8).toString('hex')}`;
  writeProbeFile(facts, `${name}:{SHA256}${hash}::::${home}::\n`);
  return { name, password, since: performance.now() };
}

/** Takes it away with its mailbox, also that of an apply that was killed. */
export function withdrawProbe(facts: Pick<HostFacts, 'root'>): void {
  if ((lstat(below(facts, PATHS.probe))?.size ?? 0) > 0) writeProbeFile(facts, '');
  const mail = below(facts, PATHS.mail);
  const homes = listDirectory(mail).filter((name) => name.startsWith(PROBE_HOME));
  // Its last process may still write.
  for (const home of homes) rmSync(`${mail}/${home}`, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

/** Dovecot wants the file to be there; it is empty but for the moment of the probe. */
export function writeProbeFile(facts: Pick<HostFacts, 'root'>, content: string): void {
  writePasswdFile(below(facts, PATHS.probe), content);
}

/**
 * Asks Dovecot itself: processes of Postfix that began before a reload of Dovecot go on asking the Dovecot of then.
 * @throws failed when it does not let the account in
 */
export async function proveAuthentication({ name, password }: ProbeAccount, facts: HostFacts): Promise<void> {
  if (await isPasswordOf(name, password, below(facts, PATHS.dovecotRun))) return;
  throw failed('logging in does not work: Dovecot refuses the right password', 'the log of Dovecot says why');
}

/**
 * Asks Dovecot with wrong passwords, where raw settings may have it take them. They may do so for some names only, so it is
 * asked about somebody's account as well. It takes its time to refuse, and writes that down.
 * @throws OpenRelay when it lets anybody in
 */
export async function proveRefusal({ name }: ProbeAccount, model: MailModel, facts: HostFacts): Promise<void> {
  if (model.overrides.dovecot === '') return;
  const account = firstAccount(model);
  const password = randomBytes(24).toString('base64url');
  const questions = [name, account ?? name].flatMap((one) =>
    servicesOf(model.overrides.dovecot).map((service) => ({ one, service })),
  );
  const letIn = await Promise.all(
    questions.map(({ one, service }) => isLetIn(one, password, service, below(facts, PATHS.dovecotRun))),
  );
  if (!letIn.includes(true)) return;
  throw new OpenRelay(
    failed(
      'everybody can log in: Dovecot takes a wrong password',
      'overrides.dovecot says so: look for a passdb there',
    ),
  );
}

/** Postfix, and those that raw settings have something of their own for. */
function servicesOf(overrides: string): readonly string[] {
  return [...new Set(['smtp', ...[...overrides.matchAll(/^\s*protocol\s+(\w+)/gm)].map(([, name = '']) => name)])];
}

/**
 * Logs in on 465: from Postfix by way of Dovecot to the passwords, as every user's mail program does. Where raw settings may
 * have it otherwise, it goes on to a recipient elsewhere; no message follows.
 * @param fresh whether Postfix asks a Dovecot that has read its passwords since the account was made
 * @throws failed when that does not work
 */
export async function proveLogin(
  probe: ProbeAccount,
  { overrides }: MailModel,
  facts: HostFacts,
  fresh: boolean,
): Promise<void> {
  if (!fresh) await sleep(Math.max(0, probe.since + DOVECOT_LOOKS + MARGIN - performance.now()));
  const port = portsOf(facts.portOffset).smtps;
  const { session, address } = await connectAsStranger(facts, 'smtps');
  const no = (what: string, { code, lines }: SmtpReply): EboxmailError =>
    failed(`${what} on port ${port}`, `the server says: ${code} ${lines.join(' ')}`);
  try {
    await session.reply();
    const offered = await session.command('EHLO localhost.localdomain');
    const response = Buffer.from(`\0${probe.name}\0${probe.password}`).toString('base64');
    const answer = await session.command(`AUTH PLAIN ${response}`);
    if (answer.code !== 235) throw no('logging in does not work', answer);
    if (overrides.postfix.size === 0) return;
    // Postfix takes it all the same, but no mail program would try.
    const isOffered = offered.lines.some((line) => /^AUTH[ =]/i.test(line));
    if (!isOffered && (address !== undefined || facts.sandbox !== undefined))
      throw no('logging in is not offered', offered);
    await session.command('MAIL FROM:<>');
    const relayed = await session.command(`RCPT TO:<${nobodyAt(ELSEWHERE)}>`);
    if (/relay access denied/i.test(relayed.lines.join(' ')))
      throw no('who has logged in cannot send to addresses elsewhere', relayed);
  } finally {
    session.end();
  }
}
