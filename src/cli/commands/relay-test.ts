import { loadState, requireValid } from '../../app/state/load-state.ts';
import { readHost } from '../../app/state/read-host.ts';
import type { TestStep } from '../../app/relay-steps.ts';
import { readRelayPassword } from '../../app/state/secrets.ts';
import { formatAddress, parseAnyAddress, parseDomain } from '../../core/address.ts';
import { EXIT, failed, notFound, usageError } from '../../core/errors.ts';
import type { MailModel, Relay, RelayRule } from '../../core/model.ts';
import { isLoopback, nextHop } from '../../core/relay-host.ts';
import { matchText } from '../../core/state/read/relay.ts';
import { quoted } from '../../core/state/schema-words.ts';
import { nearest } from '../../core/state/unknown-key.ts';
import { relayData } from '../../ui/relay-text.ts';
import type { Command } from 'commander';
import { printJson, type Context } from '../context.ts';
import { example, type ActionMaker } from '../program.ts';

const STEPS = `
Steps:
  resolve      the name, by its MX records where there are no brackets
  connect      to the first address that answers
  greeting     what the server says, and EHLO
  tls          from the start on port 465, elsewhere by STARTTLS
  certificate  its name, chain and dates
  login        where there is one
  sender       MAIL FROM, and RSET: nothing is sent

Exit codes: 0 all went well, 1 a step failed, 4 there is no such relay.`;

export function setupTest(relay: Command, action: ActionMaker): void {
  relay
    .command('test')
    .description('do all that comes before sending: resolve, connect, TLS, certificate, login, sender')
    .option('--rule <rule>', 'the relay of a rule instead of the smarthost: sender ADDRESS|DOMAIN or recipient DOMAIN')
    .option('--sender <address>', 'which sender to offer (default: one that the relay is for)')
    .option('--insecure', 'go on when the certificate cannot be verified')
    .addHelpText('after', STEPS)
    .addHelpText(
      'after',
      example('eboxmail relay test', 'eboxmail relay test --rule "sender sales@example.com" --json'),
    )
    .action(action(test));
}

interface TestOptions {
  readonly rule?: string;
  readonly sender?: string;
  readonly insecure?: boolean;
}

async function test(context: Context, options: TestOptions): Promise<number> {
  const { place, terminal } = context;
  const { model } = requireValid(place, await loadState(place));
  const rule = options.rule === undefined ? undefined : findRule(model, options.rule);
  const relay = rule === undefined ? smarthostOf(model) : relayOf(rule);
  const sandbox = (await readHost(place.root)).sandbox !== undefined;
  const hop = nextHop(relay.host, relay.port);
  if (sandbox && !isLoopback(relay.host)) {
    throw failed(
      `${hop} is not on this machine, and this is a sandbox`,
      'what would go there is kept in its outbound directory',
    );
  }
  const [{ testRelay }, { Resolver }] = await Promise.all([
    import('../../app/relay-test.ts'),
    import('node:dns/promises'),
  ]);
  const steps: TestStep[] = [];
  const ok = await testRelay(relay, {
    password: relay.login === undefined ? undefined : readRelayPassword(place, relay.login.file),
    helo: model.mailname,
    sender: senderFor(options.sender, rule, model),
    insecure: options.insecure === true,
    dns: sandbox ? undefined : new Resolver(),
    report: (step) => {
      steps.push(step);
      if (!context.json) terminal.data(context.commands.complete(stepText(step)));
    },
  });
  if (context.json) printJson(context, { relay: relayData(relay), ok, steps });
  terminal.say(ok ? `${hop} takes mail` : `${hop} fails at the step: ${steps.at(-1)?.step ?? ''}`);
  return ok ? EXIT.done : EXIT.failed;
}

function stepText({ step, outcome, detail, hint }: TestStep): string {
  const words = { ok: '', warning: 'warning: ', failed: 'failed: ' } as const;
  const next = hint === undefined ? '' : `    ${hint}\n`;
  return `${`${step}:`.padEnd(13)}${words[outcome]}${detail}\n${next}`;
}

function smarthostOf({ relay }: MailModel): Relay {
  if (relay.smarthost !== undefined) return relay.smarthost;
  const rules = relay.rules
    .filter(({ relay: to }) => to !== undefined)
    .map(({ match }) => `--rule "${matchText(match)}"`);
  const hint = 'set one with: eboxmail relay smarthost set HOST';
  throw notFound(
    'there is no smarthost, so there is nothing to test',
    rules.length === 0 ? hint : `name a rule: ${rules.join(', ')}`,
  );
}

/** A rule by its words; the side may be left out where that is clear. */
function findRule({ relay }: MailModel, text: string): RelayRule {
  const [, side = '', what = ''] = /^(?:(sender|recipient)[ :]+)?(.*)$/i.exec(text.trim()) ?? [];
  const at = what.lastIndexOf('@') + 1;
  const domain = parseDomain(what.slice(at));
  const wanted = `${side} ${what.slice(0, at)}${domain.ok ? domain.value : ''}`.trim().toLowerCase();
  const found = relay.rules.filter(({ match }) => [matchText(match), matchText(match).split(' ')[1]].includes(wanted));
  const [only, other] = found;
  if (only === undefined) {
    const near = nearest(
      text.trim(),
      relay.rules.map(({ match }) => matchText(match)),
    );
    const hint = near === undefined ? 'see them with: eboxmail relay rule list' : `did you mean ${near}?`;
    throw notFound(`there is no rule for ${quoted(text)}`, hint);
  }
  if (other === undefined) return only;
  throw usageError(
    `${quoted(text)} is the sender of a rule and the recipient of another`,
    'write sender or recipient in front',
  );
}

function relayOf({ match, relay }: RelayRule): Relay {
  if (relay !== undefined) return relay;
  throw notFound(`the rule for ${matchText(match)} has no relay: that mail goes directly`);
}

function senderFor(given: string | undefined, rule: RelayRule | undefined, model: MailModel): string {
  if (given !== undefined) {
    const parsed = parseAnyAddress(given);
    if (!parsed.ok) throw usageError(`${quoted(given)} is no address: it ${parsed.why}`);
    return formatAddress(parsed.value);
  }
  if (rule?.match.kind === 'sender-address') return rule.match.address;
  if (rule?.match.kind === 'sender-domain') return `postmaster@${rule.match.domain}`;
  return `postmaster@${model.domains.keys().next().value ?? model.mailname}`;
}
