import { logStats, traceLog } from '../../app/log.ts';
import { loadState, requireValid, stateOf } from '../../app/state/load-state.ts';
import { domainArgument, missing } from '../../core/edits/names.ts';
import { EXIT, usageError } from '../../core/errors.ts';
import { dayStart, parseSince, type Clock } from '../../core/log/clock.ts';
import { wantedOf } from '../../core/log/wanted.ts';
import { quoted } from '../../core/state/schema-words.ts';
import { machineClock } from '../../system/log-source.ts';
import { showStats } from '../../ui/stats-text.ts';
import { paint } from '../../ui/terminal.ts';
import { localDay } from '../../ui/times.ts';
import { traceData } from '../../ui/trace-data.ts';
import { reachText, traceText } from '../../ui/trace-text.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

const SINCE = 'only what happened since then: 2h, "7 d", yesterday, 2026-11-24, "2026-11-24 20:15"';
const FILES = "read these log files, packed with gzip or not, or of systemd's journal, instead of the root's own";

const TRACE_EXIT_CODES = `
Exit codes:
  0  something was found
  2  that is no id, address or Message-ID
  4  nothing was found, or there is no log`;

export const setup: Setup = (log, action) => {
  log.addHelpText('after', example('eboxmail log trace alice@example.com --since 2h', 'eboxmail log stats --days 7'));
  log
    .command('trace <what>')
    .description(
      'what became of messages: by the id in the queue, an address (sender, recipient, login) or a Message-ID',
    )
    .option('--since <time>', SINCE)
    .option('--limit <n>', 'at most so many messages, the latest (default: 20)')
    .option('--file <file...>', FILES)
    .addHelpText('after', TRACE_EXIT_CODES)
    .addHelpText(
      'after',
      example(
        'eboxmail log trace 4jYzXd45BwzK5sN',
        'eboxmail log trace alice@example.com --since yesterday',
        "eboxmail log trace '<a.b@example.org>' --file /var/log/mail.log.1",
      ),
    )
    .action(action(trace));
  log
    .command('stats')
    .description('how much mail the domains sent, received, refused and deferred, day by day')
    .option('--since <time>', SINCE)
    .option('--days <n>', 'the last so many days, today included (default: 7)')
    .option('--domain <domain>', 'only this domain and its aliases')
    .option('--file <file...>', FILES)
    .addHelpText('after', example('eboxmail log stats', 'eboxmail log stats --days 30 --domain example.com --json'))
    .action(action(stats));
};

interface TraceOptions {
  readonly since?: string;
  readonly limit?: string;
  readonly file?: readonly string[];
}

async function trace(context: Context, text: string, options: TraceOptions): Promise<number> {
  const clock = machineClock();
  const wanted = wantedOf(text);
  if (wanted === undefined) {
    throw usageError(
      `${quoted(text)} is no id, address or Message-ID`,
      'give e.g. 4jYzXd45BwzK5sN, alice@example.com or "<a.b@example.org>"',
    );
  }
  const since = options.since === undefined ? -Infinity : sinceOption(options.since, clock);
  const limit = count('--limit', options.limit ?? '20', 10_000);
  const found = await traceLog(context.place.root, wanted, limit, { files: options.file ?? [], since, clock });
  const nothing = found.messages.length === 0 && found.refusals.length === 0;
  if (context.json) printJson(context, traceData(found));
  else if (!nothing) {
    const color = await paint(context.terminal.colored.stdout);
    context.terminal.data(traceText(found, { color, verbose: context.verbose }));
  }
  if (nothing) context.terminal.say(`nothing about ${quoted(text)} was found; ${reachText(found.reach)}`);
  else if (found.more) context.terminal.say('there are older ones; show more with --limit, or others with --since');
  return nothing ? EXIT.notFound : EXIT.done;
}

interface StatsOptions {
  readonly since?: string;
  readonly days?: string;
  readonly domain?: string;
  readonly file?: readonly string[];
}

async function stats(context: Context, options: StatsOptions): Promise<number> {
  if (options.since !== undefined && options.days !== undefined) throw usageError('give --since or --days, not both');
  const clock = machineClock();
  const since =
    options.since === undefined
      ? dayStart(clock, 1 - count('--days', options.days ?? '7', 3660))
      : sinceOption(options.since, clock);
  const managed = await managedDomains(context, options.domain);
  const counts = await logStats(
    context.place.root,
    { managed: (domain) => managed.get(domain.toLowerCase()), day: localDay },
    { files: options.file ?? [], since, clock },
  );
  const rows = counts.rows();
  if (context.json) printJson(context, { since: new Date(since).toISOString(), rows });
  else if (rows.length === 0) context.terminal.say('no mail of these domains in this time');
  else await showStats(context.terminal, rows);
  return EXIT.done;
}

/** Each domain and domain alias, and the domain that it stands for; those of one domain when it is named. */
async function managedDomains(context: Context, wanted: string | undefined): Promise<ReadonlyMap<string, string>> {
  const loaded = await loadState(context.place, { mayRemember: true });
  const { model } = requireValid(context.place, loaded);
  const managed = new Map<string, string>();
  for (const { name, aliases } of model.domains.values()) {
    for (const one of [name, ...aliases.map((alias) => alias.name)]) managed.set(one, name);
  }
  if (wanted === undefined) return managed;
  const domain = domainArgument(wanted);
  const name = managed.get(domain);
  if (name === undefined) missing('domain', domain, stateOf(loaded.data), 'domains', `eboxmail domain add ${domain}`);
  return new Map([...managed].filter(([, owner]) => owner === name));
}

function sinceOption(text: string, clock: Clock): number {
  const since = parseSince(text, clock);
  if (since === undefined) {
    throw usageError(`--since: ${quoted(text)} is no time`, 'give e.g. 2h, "7 d", yesterday or "2026-11-24 20:15"');
  }
  return since;
}

function count(option: string, text: string, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number;
  throw usageError(`${option}: ${quoted(text)} is no number from 1 to ${most}`);
}
