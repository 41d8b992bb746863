import type { Relay, RelayRule } from '../model.ts';
import { isLoopback, nextHop } from '../relay-host.ts';
import { decidingRule } from '../routes.ts';
import type { MailService, Step } from './explanation.ts';

/**
 * By which way mail leaves, where the state says anything about that.
 * @param sender undefined when any may be meant
 * @param recipientDomain undefined when any may be meant
 */
export function routeSteps(
  sender: string | undefined,
  recipientDomain: string | undefined,
  depth: number,
  service: MailService,
): readonly Step[] {
  const { smarthost, rules } = service.model.relay;
  if (smarthost === undefined && rules.length === 0) return [];
  const rule = decidingRule(service.model, sender, recipientDomain);
  const others = rules.filter(
    ({ match }) => (match.kind === 'recipient-domain' ? recipientDomain : sender) === undefined,
  );
  const open = rule === undefined ? others : others.filter(({ match }) => match.kind === 'recipient-domain');
  const exception =
    open.length === 0 ? '' : `, unless a rule for its ${sender === undefined ? 'sender' : 'recipient'} says otherwise`;
  const relay = rule === undefined ? smarthost : rule.relay;
  const text = `it leaves ${wayWords(relay)}${reason(rule, smarthost)}${exception}${capturedWords(relay, service)}`;
  const path = rule?.path ?? smarthost?.path;
  return [{ kind: 'route', depth, text, ...(path === undefined ? {} : { path }) }];
}

/** The rules for senders, for mail whose sender is not known. */
export function senderRuleSteps(recipientDomain: string, depth: number, service: MailService): readonly Step[] {
  if (decidingRule(service.model, undefined, recipientDomain) !== undefined) return [];
  return service.model.relay.rules.flatMap(({ match, relay, path }): readonly Step[] => {
    if (match.kind === 'recipient-domain') return [];
    const who = match.kind === 'sender-address' ? match.address : match.domain;
    return [
      { kind: 'route', depth, text: `from ${who} it leaves ${wayWords(relay)}${capturedWords(relay, service)}`, path },
    ];
  });
}

/** Network objects with a relay policy. */
export function networkSteps({ model }: MailService): readonly Step[] {
  return [...model.relay.networks].map(([name, { policy, path }]) => {
    const text = policy === 'allow' ? 'may write there without a login' : 'may not, even where a wider network may';
    return { kind: 'relay', depth: 0, text: `clients in the network ${name} ${text}`, path };
  });
}

function wayWords(relay: Relay | undefined): string {
  if (relay === undefined) return 'directly for the servers of its recipients';
  const { host, port, login } = relay;
  return `by way of ${nextHop(host, port)}${login === undefined ? '' : ` as ${login.username}`}`;
}

/** Only what leaves by way of the machine itself leaves a sandbox. */
function capturedWords(relay: Relay | undefined, { machine }: MailService): string {
  if (!machine.sandbox || (relay !== undefined && isLoopback(relay.host))) return '';
  return '; this sandbox keeps it in its outbound directory';
}

function reason(rule: RelayRule | undefined, smarthost: Relay | undefined): string {
  if (rule === undefined) return smarthost === undefined ? '' : ', the smarthost';
  return `, as a rule for the ${rule.match.kind === 'recipient-domain' ? 'recipient' : 'sender'} says`;
}
