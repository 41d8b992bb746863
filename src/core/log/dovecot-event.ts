import type { Filing, LogEvent } from './event.ts';

/**
 * Dovecot's lines about deliveries (deliver_log_format, lmtp-local.c), Sieve actions (Pigeonhole's ext- and act- files) and
 * logins (auth_verbose, login-common). Dovecot replaces what is not printable.
 */
const DELIVERY = /^(?:lmtp|lda|deliver)\(([^()]*)\)(?:<\d+>)?(?:<([^<>]*)>)?: (.*)$/s;
const MESSAGE =
  /^(sieve: )?msgid=(<[^<>]*>|.*?): ((?:fileinto|redirect|discard|reject|vacation|stored|saved|save|keep|ereject|notify|forwarded|store|marked|sent|discarded).*)$/is;
const AUTH = /^auth(?:-worker)?(?:\(\d+\))?: (?:conn [^:]*: )?[a-z-]+\(([^(),]*),([^(),]*)[^()]*\): (.*)$/is;
const LOGIN = /^([a-z0-9]+)-login: .*?auth failed, \d+ attempts[^)]*\): user=<([^<>]*)>.*? rip=([^,]+)/is;
const REFUSED = /^(password mismatch|unknown user|user is disabled|invalid password|expired)/i;

const ACTIONS: readonly (readonly [RegExp, Filing['action'], number])[] = [
  [/stored mail into mailbox '(.*)'/is, 'filed', 1],
  [/^saved mail to (.*)$/is, 'saved', 1],
  [/forwarded to <(.*)>/is, 'forwarded', 1],
  [/rejected message from/i, 'rejected', 0],
  [/sent vacation response to <(.*)>/is, 'answered', 1],
  [/^discard action: |^discarded/i, 'discarded', 0],
  [/^save failed to (.*)$/is, 'failed', 1],
  [/failed to store into mailbox '(.*)$/is, 'failed', 1],
];

/** `text` begins with the process: `lmtp(alice@a.test)<17542><session>: …`. */
export function dovecotEvent(text: string): LogEvent | undefined {
  const delivery = DELIVERY.exec(text);
  if (delivery !== null) return filing(delivery[1] ?? '', delivery[2] ?? '', delivery[3] ?? '');
  return login(text);
}

function filing(user: string, session: string, text: string): LogEvent | undefined {
  const base = { kind: 'mailbox', service: 'lmtp', user, session } as const;
  const message = MESSAGE.exec(text);
  if (message === null) {
    return /^sieve: (Execution of script .* failed|Failed to compile script)/s.test(text)
      ? { ...base, messageId: '', action: 'script-failed', detail: text.slice('sieve: '.length) }
      : undefined;
  }
  const [, , id = '', told = ''] = message;
  const messageId = id === 'unspecified' ? '' : id;
  for (const [pattern, action, group] of ACTIONS) {
    const match = pattern.exec(told);
    if (match !== null) return { ...base, messageId, action, detail: group === 0 ? '' : (match[group] ?? '') };
  }
  return undefined;
}

function login(text: string): LogEvent | undefined {
  const auth = AUTH.exec(text);
  if (auth !== null) {
    const [, user = '', client = '', reason = ''] = auth;
    if (!REFUSED.test(reason)) return undefined;
    return { kind: 'login-failed', service: 'auth', login: user, client, reason: reason.toLowerCase() };
  }
  const attempt = LOGIN.exec(text);
  if (attempt === null) return undefined;
  const [, protocol = '', user = '', client = ''] = attempt;
  return { kind: 'login-failed', service: protocol, login: user, client, reason: '' };
}
