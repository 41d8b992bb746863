import type { LogEvent } from './event.ts';

/** rspamd_task_write_log with its own default format (rspamd's log_format), and amavis' summary ($log_templ). */
const RSPAMD =
  /rspamd_task_write_log: id: <(.*?)>, qid: <(\S*?)>,.*?\((?:[^():]+): [TFS] \(([^()]*)\): \[(-?[\d.]+)\/(-?[\d.]+|nan)\] \[(.*?)\]\), len: /is;
const AMAVIS =
  /\) (Passed|Blocked) ([A-Z-]+)(?: \(([^()]*)\))?.*?(?:Queue-ID: ([0-9A-Za-z]+), )?(?:Message-ID: <([^<>]*)>)/s;
const AMAVIS_SCORE = /Hits: (-?[\d.]+)/;

/** The rules that are named: more say nothing to people. */
const NAMED = 5;

export function filterEvent(program: string, text: string): LogEvent | undefined {
  return program.includes('amavis') ? amavis(text) : rspamd(text);
}

function rspamd(text: string): LogEvent | undefined {
  const match = RSPAMD.exec(text);
  if (match === null) return undefined;
  const [, messageId = '', id = '', action = '', score, limit, symbols = ''] = match;
  return {
    kind: 'filter',
    service: 'rspamd',
    messageId: messageId === 'undef' ? '' : messageId,
    action,
    score: Number(score),
    rules: weightiest(symbols),
    ...(id === '' || id === 'undef' ? {} : { id }),
    ...(Number.isFinite(Number(limit)) ? { limit: Number(limit) } : {}),
  };
}

/** `BAYES_SPAM(5.10){99.9%;},R_SPF_ALLOW(-0.20){+mx;}`: those that count against the message. */
function weightiest(symbols: string): readonly string[] {
  return [...symbols.matchAll(/([A-Z][A-Z0-9_]*)\((-?[\d.]+)\)/g)]
    .map(([, name = '', weight]) => ({ name, weight: Number(weight) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, NAMED)
    .map(({ name, weight }) => `${name} ${weight}`);
}

function amavis(text: string): LogEvent | undefined {
  const match = AMAVIS.exec(text);
  if (match === null) return undefined;
  const [, verdict = '', category = '', detail, id, messageId = ''] = match;
  const score = AMAVIS_SCORE.exec(text)?.[1];
  return {
    kind: 'filter',
    service: 'amavis',
    messageId,
    action: `${verdict} ${category}`.toLowerCase(),
    rules: detail === undefined ? [] : [detail],
    ...(id === undefined ? {} : { id }),
    ...(score === undefined ? {} : { score: Number(score) }),
  };
}
