import { createHmac } from 'node:crypto';
import type { SmtpReply, SmtpSession } from './smtp-session.ts';

/** What can be done here, the best first. */
const MECHANISMS = ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const;

export type Mechanism = (typeof MECHANISMS)[number];

/** The mechanism to log in by; undefined when none of those that are offered (in capitals) can be. */
export function mechanismAmong(offered: readonly string[]): Mechanism | undefined {
  return MECHANISMS.find((name) => offered.includes(name));
}

/** Logs in (RFC 4954). @returns the server's last answer */
export async function logIn(
  session: SmtpSession,
  mechanism: Mechanism,
  user: string,
  password: string,
): Promise<SmtpReply> {
  if (mechanism === 'PLAIN') return session.command(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
  const challenge = await session.command(`AUTH ${mechanism}`);
  if (challenge.code !== 334) return challenge;
  if (mechanism === 'CRAM-MD5') {
    const text = Buffer.from(challenge.lines[0] ?? '', 'base64');
    return session.command(base64(`${user} ${createHmac('md5', password).update(text).digest('hex')}`));
  }
  const next = await session.command(base64(user));
  return next.code === 334 ? session.command(base64(password)) : next;
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
