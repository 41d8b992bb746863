import { parseAnyAddress } from '../address.ts';
import { MESSAGE_ID_COMPARED, plainMessageId, type LogEvent } from './event.ts';

/** What somebody looks for: the id of a message in the queue, an address or a Message-ID. */
export interface Wanted {
  readonly text: string;
  /** Bytes of which a line that matters holds one. */
  readonly needles: readonly string[];
  readonly matches: (event: LogEvent) => boolean;
}

const QUEUE_ID = /^[0-9A-Za-z]{5,25}$/;

/** Undefined for what can be none of the three. */
export function wantedOf(text: string): Wanted | undefined {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) || text.length > 998) return undefined;
  const bare = text.replace(/^<(.*)>$/s, '$1');
  if (bare.length < 5) return undefined;
  const messageId = plainMessageId(bare);
  const hasId = (event: LogEvent): boolean => 'messageId' in event && plainMessageId(event.messageId) === messageId;
  const begin = bare.slice(0, MESSAGE_ID_COMPARED / 2);
  if (bare !== text) return { text, needles: [begin], matches: hasId };
  if (QUEUE_ID.test(bare)) return { text, needles: [bare], matches: (event) => namesId(event, bare) };
  if (!bare.includes('@')) return { text, needles: [begin], matches: hasId };
  const spellings = addressSpellings(bare);
  const isAddress = (event: LogEvent): boolean =>
    addressesOf(event).some((address) => address !== undefined && spellings.has(address.toLowerCase()));
  return {
    text,
    needles: [...spellings, begin],
    matches: (event) => isAddress(event) || hasId(event),
  };
}

function namesId(event: LogEvent, id: string): boolean {
  if ('id' in event && event.id === id) return true;
  return event.kind === 'notice' && event.noticeId === id;
}

/** As it is written and with the domain in A-labels, in lower case. */
function addressSpellings(text: string): ReadonlySet<string> {
  const parsed = parseAnyAddress(text);
  const found = [text.toLowerCase()];
  if (parsed.ok) found.push(`${parsed.value.local}@${parsed.value.domain}`.toLowerCase());
  return new Set(found);
}

/** Every address that an event names: senders, recipients, logins. */
export function addressesOf(event: LogEvent): readonly (string | undefined)[] {
  switch (event.kind) {
    case 'delivery':
      return [event.to, event.originalTo];
    case 'active':
    case 'pickup':
      return [event.from];
    case 'verdict':
      return [event.from, event.to];
    case 'client':
    case 'login-failed':
      return [event.login];
    case 'mailbox':
      return [event.user, event.action === 'forwarded' ? event.detail : undefined];
    default:
      return [];
  }
}
