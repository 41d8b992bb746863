/** What one line of a log tells. Addresses and texts are as they were logged: other people wrote them. */
export type LogEvent =
  /** smtpd(8) takes a message; `originalId` is the id that it had before a hop over loopback (XFORWARD IDENT). */
  | Told<'client', Queued & { client: string; login?: string; originalId?: string }>
  /** pickup(8) takes one from sendmail(1), or one that was requeued, which was `originalId`. */
  | Told<'pickup', Queued & { from: string; uid: number; originalId?: string }>
  | Told<'message-id', Queued & { messageId: string }>
  /** qmgr(8) begins to deliver; `from` is empty for bounces. */
  | Told<'active', Queued & { from: string; size: number; recipients: number }>
  | Told<'delivery', Queued & Delivery>
  /** It was in the queue for too long (or postsuper -e said so) and goes back. */
  | Told<'expired', Queued & { forced: boolean }>
  | Told<'notice', Queued & { about: 'failure' | 'delay' | 'success'; noticeId: string }>
  | Told<'queue', Queued & { change: QueueChange }>
  /** Postfix or a filter beside it decides on a message; without an id when none was made yet. */
  | Told<'verdict', Verdict>
  | Told<'too-large', Queued>
  | Told<'login-failed', { login?: string; client?: string; reason: string }>
  /** Dovecot puts a message into a mailbox, or a Sieve script does something else with it. */
  | Told<'mailbox', Filing>
  /** rspamd's summary of a message, or amavis'. */
  | Told<'filter', FilterResult>;

type Told<Kind extends string, Data> = { readonly kind: Kind; readonly service: string } & Readonly<Data>;

interface Queued {
  readonly id: string;
}

/** `finished`: delivered or given back; the others are what postsuper(1) does for an administrator. */
export type QueueChange = 'finished' | 'deleted' | 'held' | 'released' | 'requeued';

export interface Delivery {
  readonly to: string;
  /** What was written to, when that was an alias. */
  readonly originalTo?: string;
  readonly relay: string;
  /** RFC 3463. */
  readonly dsn: string;
  readonly status: string;
  readonly reason: string;
  /** The id that a next hop on this machine gave it. */
  readonly nextId?: string;
  /** Of Dovecot's LMTP. */
  readonly session?: string;
}

export interface Verdict {
  readonly id?: string;
  readonly action: 'reject' | 'hold' | 'discard' | 'redirect';
  readonly milter: boolean;
  /** `RCPT`, `END-OF-MESSAGE`, `header` …: when it was decided. */
  readonly stage: string;
  readonly client: string;
  readonly text: string;
  readonly from?: string;
  readonly to?: string;
}

export interface Filing {
  readonly user: string;
  readonly session: string;
  /** Empty when the message has none. */
  readonly messageId: string;
  readonly action: 'saved' | 'filed' | 'forwarded' | 'discarded' | 'rejected' | 'answered' | 'failed' | 'script-failed';
  /** The folder, or where it was forwarded to, or the reason of a failure. */
  readonly detail: string;
}

export interface FilterResult {
  /** `rspamd` or `amavis`. */
  readonly service: string;
  readonly id?: string;
  readonly messageId: string;
  readonly action: string;
  readonly score?: number;
  readonly limit?: number;
  /** The rules that counted, the weightiest first. */
  readonly rules: readonly string[];
}

/** An event with its place in time and in the logs. */
export interface TimedEvent {
  readonly time: number;
  readonly event: LogEvent;
}

/** The id of a message in the queue that an event is about. */
export function idOf(event: LogEvent): string | undefined {
  return 'id' in event ? event.id : undefined;
}

/** Message-IDs are compared without brackets, and no longer than Dovecot writes them (200 characters). */
export function plainMessageId(text: string): string {
  const bare = text.replace(/^<(.*)>$/s, '$1');
  return bare.length > MESSAGE_ID_COMPARED ? bare.slice(0, MESSAGE_ID_COMPARED) : bare;
}

/** Characters. */
export const MESSAGE_ID_COMPARED = 150;
