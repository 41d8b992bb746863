import type { LogEvent, QueueChange, Verdict } from './event.ts';

/**
 * Postfix's lines: log_adhoc.c and opened.c for deliveries, smtpd_check.c and cleanup_message.c for verdicts, cleanup_milter.c
 * for those of milters, postsuper(1), bounce(8). Addresses stand in angle brackets in the form of RFC 5321, where what
 * is odd is quoted (postconf(5), info_log_addr_form), so nobody can forge the text behind theirs.
 */
const ADDRESS = '<((?:"(?:[^"\\\\]|\\\\.)*"|[^"<>])*)>';
const ID = '[0-9A-Za-z]{5,25}';

const LINE = new RegExp(`^(?:warning: )?(?!warning: )(${ID}|NOQUEUE): (.*)$`, 's');
const CLIENT = /^client=([^,\s]+)(.*)$/s;
const PICKUP = new RegExp(`^uid=(\\d+) from=${ADDRESS}(?: orig_id=(${ID}))?`);
const ACTIVE = new RegExp(`^from=${ADDRESS}, size=(\\d+), nrcpt=(\\d+)`);
const EXPIRED = new RegExp(`^from=${ADDRESS}, status=(force-)?expired, returned to sender`);
const DELIVERY = new RegExp(
  `^to=${ADDRESS}, (?:orig_to=${ADDRESS}, )?relay=([^,]*), .*?dsn=(\\d+\\.\\d+\\.\\d+), status=(\\S+) \\((.*)\\)$`,
  's',
);
const NOTICE = new RegExp(`^sender (non-delivery|delay|delivery status) notification: (${ID})$`);
const VERDICT =
  /^(?:(milter-|proxy-)?(reject|hold|discard|redirect)): (\S+) (?:.*? )?from ([^\s[\]]*\[[^\s\]]*\](?::\d+)?)/s;
const LAST_CLIENT = / from ([^\s[\]]*\[[^\s\]]*\])$/;
const NEXT_ID = new RegExp(`queued as (${ID})\\b`);
const SESSION = /^2\d\d \S+ <[^<>]*> (\S+) Saved$/;
const LOGIN_FAILED = /^warning: (\S+): SASL (\S+) authentication failed: (.*?)(?:, sasl_username=(.*))?$/s;
const ENVELOPE = new RegExp(`; from=${ADDRESS}(?:,? to=${ADDRESS})?,? proto=\\S+ helo=<`);

const ABOUT = { 'non-delivery': 'failure', delay: 'delay', 'delivery status': 'success' } as const;
const CHANGES: Readonly<Record<string, QueueChange>> = {
  removed: 'finished',
  'placed on hold': 'held',
  'released from hold': 'released',
  requeued: 'requeued',
};

/** `service` is the name behind "postfix/": `smtpd`, `submission/smtpd`, `copy-sender-in/cleanup` … */
export function postfixEvent(service: string, text: string): LogEvent | undefined {
  const line = LINE.exec(text);
  if (line === null) return loginEvent(service, text);
  const [, id = '', rest = ''] = line;
  if (id === 'NOQUEUE') return verdictEvent(service, rest, undefined);
  // The commonest first.
  if (rest.startsWith('to=')) return deliveryEvent(service, id, rest);
  if (rest.startsWith('from=')) return managerEvent(service, id, rest);
  if (rest.startsWith('client=')) return clientEvent(service, id, rest);
  if (rest.startsWith('message-id=') || rest.startsWith('resent-message-id=')) {
    return { kind: 'message-id', service, id, messageId: rest.slice(rest.indexOf('=') + 1).trim() };
  }
  const change = CHANGES[rest];
  if (change !== undefined) {
    const deleted = change === 'finished' && service.endsWith('postsuper');
    return { kind: 'queue', service, id, change: deleted ? 'deleted' : change };
  }
  if (rest.startsWith('queue file size limit exceeded')) return { kind: 'too-large', service, id };
  return pickupEvent(service, id, rest) ?? noticeEvent(service, id, rest) ?? verdictEvent(service, rest, id);
}

function deliveryEvent(service: string, id: string, rest: string): LogEvent | undefined {
  const match = DELIVERY.exec(rest);
  if (match === null) return undefined;
  const [, to = '', originalTo, relay = '', dsn = '', status = '', reason = ''] = match;
  const nextId = staysHere(relay) ? NEXT_ID.exec(reason)?.[1] : undefined;
  const session = SESSION.exec(reason)?.[1];
  return {
    kind: 'delivery',
    service,
    id,
    to,
    relay,
    dsn,
    status,
    reason,
    ...(originalTo === undefined ? {} : { originalTo }),
    ...(nextId === undefined ? {} : { nextId }),
    ...(session === undefined ? {} : { session }),
  };
}

/** Other servers may say any id; only what answers on this machine is believed. */
function staysHere(relay: string): boolean {
  return /\[(127\.[\d.]+|::1)\]:\d+$/.test(relay);
}

function managerEvent(service: string, id: string, rest: string): LogEvent | undefined {
  const active = ACTIVE.exec(rest);
  if (active !== null) {
    const [, from = '', size, recipients] = active;
    return { kind: 'active', service, id, from, size: Number(size), recipients: Number(recipients) };
  }
  const expired = EXPIRED.exec(rest);
  return expired === null ? undefined : { kind: 'expired', service, id, forced: expired[2] !== undefined };
}

function clientEvent(service: string, id: string, rest: string): LogEvent | undefined {
  const match = CLIENT.exec(rest);
  if (match === null) return undefined;
  const client = match[1] ?? '';
  const login = /, sasl_username=(.*?)(?:, [a-z_]+=|$)/.exec(match[2] ?? '')?.[1];
  const originalId = new RegExp(`, orig_queue_id=(${ID})`).exec(match[2] ?? '')?.[1];
  return {
    kind: 'client',
    service,
    id,
    client,
    ...(login === undefined ? {} : { login }),
    ...(originalId === undefined ? {} : { originalId }),
  };
}

function pickupEvent(service: string, id: string, rest: string): LogEvent | undefined {
  const match = PICKUP.exec(rest);
  if (match === null) return undefined;
  const [, uid, from = '', originalId] = match;
  return {
    kind: 'pickup',
    service,
    id,
    uid: Number(uid),
    from,
    ...(originalId === undefined ? {} : { originalId }),
  };
}

function noticeEvent(service: string, id: string, rest: string): LogEvent | undefined {
  const match = NOTICE.exec(rest);
  if (match === null) return undefined;
  return { kind: 'notice', service, id, about: ABOUT[match[1] as keyof typeof ABOUT], noticeId: match[2] ?? '' };
}

function verdictEvent(service: string, rest: string, id: string | undefined): LogEvent | undefined {
  const match = VERDICT.exec(rest);
  if (match === null) return undefined;
  const [, by, action, stage = '', client = ''] = match;
  // What a sender wrote stands before the envelope in verdicts on headers and bodies, and behind it is Postfix's own text.
  const written = stage === 'header' || stage === 'body' || stage === 'mime-header';
  const at = written ? lastEnvelope(rest) : rest.search(ENVELOPE);
  const envelope = at < 0 ? null : ENVELOPE.exec(rest.slice(at));
  const [, from, to] = envelope ?? [];
  return {
    kind: 'verdict',
    service,
    action: action as Verdict['action'],
    milter: by !== undefined,
    stage,
    client: (written ? LAST_CLIENT.exec(rest.slice(0, Math.max(at, 0)))?.[1] : undefined) ?? client,
    text: written ? writtenText(rest, at) : plainText(rest, match[0].length, at),
    ...(id === undefined ? {} : { id }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

function lastEnvelope(rest: string): number {
  return rest.lastIndexOf('; from=<');
}

/** `… helo=<x>: 5.7.1 no such subjects here`. */
function writtenText(rest: string, envelope: number): string {
  return /helo=<[^>]*>: (.*)$/s.exec(rest.slice(Math.max(envelope, 0)))?.[1] ?? '';
}

/** Between the client and the envelope. */
function plainText(rest: string, begin: number, envelope: number): string {
  return rest.slice(begin, envelope < 0 ? undefined : envelope).replace(/^: /, '');
}

function loginEvent(service: string, text: string): LogEvent | undefined {
  const match = LOGIN_FAILED.exec(text);
  if (match === null) return undefined;
  const [, client = '', , reason = '', login] = match;
  return { kind: 'login-failed', service, client, reason, ...(login === undefined ? {} : { login }) };
}
