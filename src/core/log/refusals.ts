import { causeOf, ruleOf, type Cause } from './cause.ts';
import type { LogEvent, TimedEvent } from './event.ts';
import type { TimedVerdict } from './passages.ts';

/** Something that was refused before it became a message: at RCPT, at MAIL, at a login. */
export interface Refusal {
  readonly time: number;
  readonly kind: 'message' | 'login';
  readonly cause: Cause;
  readonly temporary: boolean;
  /** Postfix's restriction, where its words name one. */
  readonly rule?: string;
  /** The words of the log. */
  readonly text: string;
  readonly stage?: string;
  readonly service: string;
  readonly client?: string;
  readonly login?: string;
  readonly from?: string;
  readonly to?: string;
}

export function refusalsOf(events: readonly TimedEvent[]): readonly Refusal[] {
  const found: Refusal[] = [];
  for (const { time, event } of events) {
    if (event.kind === 'verdict' && event.id === undefined && event.action === 'reject') {
      found.push(refusalOf({ ...event, time }));
    } else if (event.kind === 'login-failed') {
      addLogin(found, time, event);
    }
  }
  return found.sort((a, b) => a.time - b.time);
}

/** Seconds that Dovecot makes whoever had a wrong password wait (auth_failure_delay), and some more. */
const ANSWER_DELAY = 10_000;

/** Dovecot says why a login failed, and then whoever asked it says who tried: two lines about one login. */
function addLogin(found: Refusal[], time: number, event: Extract<LogEvent, { kind: 'login-failed' }>): void {
  const { service, reason, client, login } = event;
  const same = (one: Refusal): boolean =>
    one.service === 'auth' && one.login?.toLowerCase() === login?.toLowerCase() && time - one.time <= ANSWER_DELAY;
  const answered = service === 'auth' ? -1 : found.findIndex(same);
  const before = answered < 0 ? undefined : found.splice(answered, 1)[0];
  found.push({
    time: before?.time ?? time,
    kind: 'login',
    cause: 'authentication-failed',
    temporary: false,
    text: before?.text ?? reason,
    service,
    ...(client === undefined ? {} : { client }),
    ...(login === undefined ? {} : { login }),
  });
}

function refusalOf({ time, service, stage, client, text, from, to, milter }: TimedVerdict): Refusal {
  const rule = ruleOf(text);
  return {
    time,
    kind: 'message',
    cause: verdictCause(text, stage, milter),
    temporary: /^4\d\d |^4\.\d+\.\d+ /.test(text),
    ...(rule === undefined ? {} : { rule }),
    text,
    stage,
    service,
    client,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** Postfix's words for a filter that does not answer (milter_default_action), and what rspamd says by itself of greylisting. */
export function verdictCause(text: string, stage: string, milter: boolean): Cause {
  if (stage === 'header' || stage === 'body' || stage === 'mime-header') return 'header-rule';
  if (milter && /^(?:451 )?4\.7\.1 Service unavailable - try again later$/i.test(text)) return 'filter-down';
  if (milter && /^(?:451 )?4\.7\.1 Try again later$/i.test(text)) return 'greylisted';
  const cause = causeOf(text);
  return milter && (cause === 'other' || cause === 'rejected-there') ? 'filtered' : cause;
}
