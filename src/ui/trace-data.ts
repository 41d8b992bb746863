import type { Message, TimedFiling } from '../core/log/messages.ts';
import { queueState, type Passage } from '../core/log/passages.ts';
import type { Refusal } from '../core/log/refusals.ts';
import { resultsOf, type RecipientResult } from '../core/log/results.ts';
import type { Reach, Trace } from '../core/log/trace.ts';

/** A trace for programs; times are in UTC, what is unknown is null. */
export function traceData({ messages, refusals, more, reach }: Trace): object {
  return {
    messages: messages.map(messageData),
    refusals: refusals.map(refusalData),
    more,
    reach: reachData(reach),
  };
}

function reachData({ from, sources }: Reach): object {
  return { from: from === undefined ? null : iso(from), sources };
}

function messageData(message: Message): object {
  const { messageId, from, passages, filters, begun } = message;
  return {
    time: iso(begun),
    message_id: messageId === '' ? null : messageId,
    from: from ?? null,
    passages: passages.map(passageData),
    recipients: resultsOf(message).map(resultData),
    filters: filters.map(({ service, action, score, limit, rules }) => ({
      service,
      action,
      score: score ?? null,
      limit: limit ?? null,
      rules,
    })),
    about: message.about,
    notices: [...new Set(passages.flatMap(({ notices }) => notices))],
  };
}

function passageData(passage: Passage): object {
  const { id, begun, service, client, login, size, recipients, originalId } = passage;
  return {
    id,
    time: iso(begun),
    service,
    client: client ?? null,
    login: login ?? null,
    size: size ?? null,
    recipients: recipients ?? null,
    original_id: originalId ?? null,
    state: queueState(passage),
  };
}

function resultData(result: RecipientResult): object {
  const { address, original, outcome, cause, text, time, id, relay, dsn, attempts, filings, copyWay, onward } = result;
  return {
    address: address === '' ? null : address,
    original: original ?? null,
    outcome,
    cause: cause ?? null,
    text,
    time: iso(time),
    id: id === '' ? null : id,
    relay: relay ?? null,
    dsn: dsn ?? null,
    attempts,
    copy_way: copyWay,
    filed: filings.map(filingData),
    onward: onward.map(resultData),
  };
}

function filingData({ action, detail, user, time }: TimedFiling): object {
  return { action, detail, user, time: iso(time) };
}

function refusalData({
  time,
  kind,
  cause,
  temporary,
  rule,
  text,
  stage,
  service,
  client,
  login,
  from,
  to,
}: Refusal): object {
  return {
    time: iso(time),
    kind,
    cause,
    temporary,
    rule: rule ?? null,
    text,
    stage: stage ?? null,
    service,
    client: client ?? null,
    login: login ?? null,
    from: from ?? null,
    to: to ?? null,
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
