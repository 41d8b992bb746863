import { statfsSync } from 'node:fs';
import { failed } from '../../core/errors.ts';
import { portsOf, type HostFacts } from '../../core/host-facts.ts';
import type { MailModel } from '../../core/model.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { LineSocket } from '../../system/line-socket.ts';
import { tryLogin, type LoginTarget } from '../../system/mail-login.ts';
import { answers } from '../../system/ports.ts';
import type { ProbeAccount } from './login.ts';

/** Bytes that must be free for this: a full disk is no fault of the configuration. */
const ROOM = 4 * 1024 * 1024;

/**
 * Puts a message into the mailbox of the probe account as Postfix does, and has every protocol that is on find it.
 * @throws failed when that does not work
 */
export async function proveMailbox(probe: ProbeAccount, model: MailModel, facts: HostFacts): Promise<void> {
  const { bavail, bsize } = statfsSync(below(facts, PATHS.mail));
  if (bavail * bsize < ROOM) return;
  const answer = await deliver(probe.name, `${below(facts, PATHS.queue)}/private/dovecot-lmtp`);
  // The limit of a mailbox may be smaller than any message.
  if (/^[45]52 /.test(answer)) return;
  if (!answer.startsWith('250 '))
    throw failed('Dovecot does not put mail into mailboxes', `it says over LMTP: ${answer}`);
  for (const protocol of protocolsOf(model)) {
    const outcome = await tryLogin(targetOf(protocol, probe, facts), { password: probe.password, caFile: undefined });
    if (outcome.ok && outcome.messages > 0) continue;
    const why = outcome.ok ? 'the message that was put there is not found' : outcome.why;
    throw failed(`mail cannot be read by ${protocol}: ${why}`, 'the log of Dovecot says why');
  }
}

/**
 * Where a raw setting has Postfix give mail for mailboxes to another place of this machine than Dovecot's socket, somebody has to
 * answer there. Another machine may well be away for a while.
 */
export async function proveStore({ overrides }: MailModel, facts: HostFacts): Promise<void> {
  const transport = overrides.postfix.get('virtual_transport');
  if (transport === undefined) return;
  const [, path] = /^[^:]+:unix:(.+)$/.exec(transport) ?? [];
  const [, host, port] = /^[^:]+:(?:inet:)?\[?(127\.[\d.]+|::1|localhost)\]?:(\d+)$/.exec(transport) ?? [];
  if (host !== undefined && !(await answers(host, Number(port))))
    throw failed(`virtual_transport = ${transport}: nobody takes mail there`);
  if (path === undefined) return;
  try {
    const socket = await LineSocket.openUnix(path.startsWith('/') ? path : `${below(facts, PATHS.queue)}/${path}`);
    socket.close();
  } catch (error) {
    throw failed(`virtual_transport = ${transport}: nobody takes mail there (${(error as Error).message})`);
  }
}

/** One for each of Dovecot's programs. */
function protocolsOf({ retrieval }: MailModel): readonly LoginTarget['protocol'][] {
  const on = (names: readonly LoginTarget['protocol'][]): readonly LoginTarget['protocol'][] =>
    names.filter((name) => retrieval[name]).slice(0, 1);
  return [...on(['imaps', 'imap']), ...on(['pop3s', 'pop3'])];
}

function targetOf(protocol: LoginTarget['protocol'], { name }: ProbeAccount, facts: HostFacts): LoginTarget {
  const server = facts.listen[0] ?? '127.0.0.1';
  // Whose certificate it shows is asked elsewhere.
  return { username: name, server, port: portsOf(facts.portOffset)[protocol], protocol, insecure: true };
}

/** @returns the answer to the message, or to what was refused before it (RFC 2033) */
async function deliver(recipient: string, socketPath: string): Promise<string> {
  const socket = await LineSocket.openUnix(socketPath);
  const reply = async (): Promise<string> => {
    for (;;) {
      const line = await socket.line();
      if (line[3] !== '-') return line;
    }
  };
  try {
    let answer = await reply();
    const steps = ['LHLO localhost', 'MAIL FROM:<>', `RCPT TO:<${recipient}>`, 'DATA'];
    for (const step of steps) {
      if (!/^[23]/.test(answer)) return answer;
      socket.send(`${step}\r\n`);
      answer = await reply();
    }
    if (!answer.startsWith('354')) return answer;
    socket.send('Subject: proof of eboxmail\r\n\r\nThis goes at once.\r\n.\r\n');
    return await reply();
  } finally {
    socket.close();
  }
}
