import type { ChalkInstance } from 'chalk';
import type { Reach, Trace } from '../core/log/trace.ts';
import { CAUSE_WORDS } from '../core/log/cause.ts';
import type { FilterResult } from '../core/log/event.ts';
import type { Message, TimedFiling } from '../core/log/messages.ts';
import { queueState, type Passage } from '../core/log/passages.ts';
import type { Refusal } from '../core/log/refusals.ts';
import { resultsOf, type Outcome, type RecipientResult } from '../core/log/results.ts';
import { visible } from './problems.ts';
import { localTime } from './times.ts';

export interface TraceWords {
  readonly color: ChalkInstance | undefined;
  /** Show what each server said for what went well, too. */
  readonly verbose: boolean;
}

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  delivered: 'delivered to the mailbox',
  discarded: 'discarded',
  forwarded: 'forwarded by the Sieve script, not kept',
  rejected: 'rejected by the Sieve script',
  captured: 'captured in the sandbox, it would have left the machine',
  sent: 'sent, the other server took it',
  'passed-on': 'passed on to the next hop, of which the logs do not tell',
  deferred: 'deferred, it is in the queue and will be tried again',
  bounced: 'bounced, given back to the sender',
  expired: 'given back to the sender after its time in the queue was over',
  refused: 'refused',
  deleted: 'removed from the queue by an administrator',
  held: 'held in the queue until an administrator releases it',
  'in-queue': 'in the queue, no delivery was tried yet',
};

const GOOD: ReadonlySet<Outcome> = new Set(['delivered', 'forwarded', 'captured', 'sent', 'passed-on', 'discarded']);
/** What ended it was not what kept it from being delivered. */
const ENDED: ReadonlySet<Outcome> = new Set(['deleted', 'held', 'expired']);
const WAITING: ReadonlySet<Outcome> = new Set(['deferred', 'held', 'in-queue']);

/** What became of messages, for people, in the order of time. */
export function traceText({ messages, refusals }: Trace, words: TraceWords): string {
  const parts = [
    ...messages.map((message) => ({ time: message.begun, lines: messageLines(message, words) })),
    ...refusals.map((refusal) => ({ time: refusal.time, lines: refusalLines(refusal, words) })),
  ].sort((a, b) => a.time - b.time);
  return parts.map(({ lines }) => `${lines.join('\n')}\n`).join('\n');
}

function messageLines(message: Message, words: TraceWords): readonly string[] {
  const { messageId, from, passages, filters } = message;
  const sender = from === undefined ? '' : ` from ${from === '' ? 'the mail system (<>)' : visible(from)}`;
  const title = `${localTime(message.begun)}  message${sender}${messageId === '' ? '' : `  <${visible(messageId)}>`}`;
  const notices = [...new Set(passages.flatMap((one) => one.notices))];
  const about = message.about.map((id) => `  tells the sender of message ${visible(id)} what became of it`);
  return [
    words.color?.bold(title) ?? title,
    ...about,
    ...passages.filter((one, at) => at === 0 || words.verbose || entered(one)).map((one) => `  ${passageText(one)}`),
    ...filters.map((filter) => `  ${filterText(filter)}`),
    ...resultsOf(message).flatMap((result) => resultLines(result, words, 1)),
    ...notices.map((id) => `  the sender was told in message ${visible(id)}`),
  ];
}

/** Hops inside the machine and what scripts send on are of interest only to those who ask. */
function entered({ originalId, service }: Passage): boolean {
  return (originalId === undefined || service === 'pickup') && !service.startsWith('local-submission/');
}

function passageText(passage: Passage): string {
  const { id, service, client, login, size, recipients, originalId } = passage;
  const by = login === undefined ? '' : `, logged in as ${visible(login)}`;
  const measures =
    size === undefined ? '' : `, ${size} bytes, ${recipients ?? 0} recipient${recipients === 1 ? '' : 's'}`;
  if (client === undefined) return `${id}: made by the mail system${measures}`;
  if (originalId !== undefined && service === 'pickup') return `${id}: requeued by an administrator${measures}`;
  const state = queueState(passage);
  const left = state === 'queued' ? '; still in the queue' : '';
  return `${id}: came from ${visible(client)} by ${visible(service)}${by}${measures}${left}`;
}

function filterText({ service, action, score, limit, rules }: FilterResult): string {
  const points = score === undefined ? '' : ` (${score}${limit === undefined ? '' : ` of ${limit}`} points)`;
  return visible(`${service} says: ${action}${points}${rules.length === 0 ? '' : `: ${rules.join(', ')}`}`);
}

function resultLines(result: RecipientResult, words: TraceWords, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  const { address, original, outcome, cause, copyWay, attempts, filings, onward } = result;
  const via = original === undefined ? '' : ` (written to ${visible(original)})`;
  const copy = copyWay ? ', by the way that copies of mail take' : '';
  const tries = attempts > 1 ? `, after ${attempts} attempts` : '';
  const who = address === '' ? 'all recipients' : visible(address);
  const told = `${OUTCOME_WORDS[outcome]}${outcome === 'discarded' && filings.length > 0 ? ' by the Sieve script' : ''}`;
  const before = attempts > 0 && ENDED.has(outcome) ? '; it could not be delivered' : '';
  const why = cause === undefined || cause === 'other' ? '' : `${before}: ${CAUSE_WORDS[cause]}`;
  const said = cause !== undefined || words.verbose || outcome === 'sent';
  return [
    `${indent}${who}${via}: ${painted(`${told}${why}`, outcome, words.color)}${copy}${tries}`,
    ...filings.flatMap((filing) => filingText(filing, filings)).map((text) => `${indent}  ${text}`),
    ...(said && result.text !== '' ? [`${indent}  ${dim(visible(serverWords(result)), words.color)}`] : []),
    ...onward.flatMap((one) => resultLines(one, words, depth + 1)),
  ];
}

function serverWords({ text, relay }: RecipientResult): string {
  return relay === undefined || text.includes(relay) ? text : `${relay}: ${text}`;
}

/** What is as usual (kept in INBOX) is not worth a line. */
function filingText({ action, detail }: TimedFiling, all: readonly TimedFiling[]): readonly string[] {
  const what = visible(detail);
  switch (action) {
    case 'saved':
      return all.length > 1 ? [`kept in ${what}`] : [];
    case 'filed':
      return [what === 'INBOX' ? 'kept in INBOX' : `filed by Sieve into the folder "${what}"`];
    case 'forwarded':
      return [`forwarded by Sieve to ${what}`];
    case 'answered':
      return [`answered by Sieve (vacation) to ${what}`];
    case 'script-failed':
      return [`the Sieve script failed: ${what}`];
    default:
      return [];
  }
}

function refusalLines(refusal: Refusal, { color }: TraceWords): readonly string[] {
  const { time, kind, cause, rule, text, client, login, from, to, stage, temporary } = refusal;
  const where = client === undefined || client === '' ? '' : ` from ${visible(client)}`;
  const by = rule === undefined ? '' : ` (${rule})`;
  if (kind === 'login') {
    const who = login === undefined ? '' : ` as ${visible(login)}`;
    const said = text === '' || /reason unavailable/.test(text) ? '' : `: ${visible(text)}`;
    return [`${localTime(time)}  login${who} over ${refusal.service}${where} failed${said}`];
  }
  const ends = [from === undefined ? '' : ` from ${from === '' ? '<>' : visible(from)}`];
  if (to !== undefined) ends.push(` to ${visible(to)}`);
  const word = temporary ? 'put off' : 'refused';
  const title = `${localTime(time)}  message${ends.join('')}: ${word} at ${stage ?? ''}`;
  const why = cause === 'other' ? '' : `: ${CAUSE_WORDS[cause]}${by}`;
  const line = `${title}${why}`;
  const full = color === undefined ? line : temporary ? color.yellow(line) : color.red(line);
  return [full, `  ${dim(visible(text), color)}`, `  the client was ${visible(client ?? 'unknown')}`];
}

/** What to say when nothing was found: how far back the logs go. */
export function reachText({ from, sources }: Reach): string {
  const names = sources.length === 1 ? (sources[0] ?? '') : `${sources.length} files, the last ${sources.at(-1) ?? ''}`;
  return from === undefined ? `the log is empty (${names})` : `the log reaches back to ${localTime(from)} (${names})`;
}

function painted(text: string, outcome: Outcome, color: ChalkInstance | undefined): string {
  if (color === undefined) return text;
  if (GOOD.has(outcome)) return color.green(text);
  return WAITING.has(outcome) ? color.yellow(text) : color.red(text);
}

function dim(text: string, color: ChalkInstance | undefined): string {
  return color === undefined ? text : color.dim(text);
}
