import type { HostFacts } from '../../host-facts.ts';
import type { BuiltinFilter, MailModel } from '../../model.ts';
import { firstAddressOf } from '../../network.ts';
import { below, PATHS } from '../paths.ts';
import { relayPolicies } from '../postfix/relay-clients.ts';
import { quoteUcl, quoteUclNumber } from '../quote.ts';
import { REDIS_SOCKET } from '../redis/redis.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { rspamdFile } from './rspamd-file.ts';

/** Days after which rspamd forgets who has come again, as the mail server that eboxmail brings back had it. */
const GREYLIST_DAYS = 35;
/** Days after which words are forgotten that have come up in no message. */
const LEARNED_DAYS = 100;

/** What rspamd keeps in Redis. Each part names the server itself: with one for all, other modules would begin to use it. */
export function memoryFiles({ greylisting, learning }: BuiltinFilter, facts: HostFacts): readonly RenderedFile[] {
  const servers = `servers = ${quoteUcl(below(facts, REDIS_SOCKET))};`;
  const file = (name: string, reason: string, lines: readonly string[]): RenderedFile =>
    rspamdFile(`${PATHS.rspamd}/local.d/${name}`, reason, [HEADER, servers, ...lines, ''].join('\n'));
  return [
    ...(greylisting === undefined
      ? []
      : [
          file('greylist.conf', 'how long mail has to wait', [
            `timeout = ${quoteUclNumber(greylisting.delay)};`,
            `expire = ${GREYLIST_DAYS}d;`,
            'message = "greylisted, try again later";',
            '# Who is not asked to come again, EBOXMAIL_POLICY says.',
            'check_local = true;',
            'check_authed = true;',
          ]),
        ]),
    ...(learning === undefined
      ? []
      : [
          file('classifier-bayes.conf', 'when what was learned counts', [
            `min_learns = ${quoteUclNumber(learning.messages)};`,
            `expire = ${LEARNED_DAYS}d;`,
          ]),
        ]),
  ];
}

/** Whether clients of a network are trusted; for a client the first in the list that it is in counts. */
export interface TrustedClients {
  readonly network: string;
  readonly bits: number;
  readonly trusted: boolean;
}

/** Clients that may send to the outside without a login: what they bring has no need to come again. */
export function trustedClients(model: MailModel, facts: HostFacts): readonly TrustedClients[] {
  const loopback = [
    { network: '127.0.0.0', bits: 8, trusted: true },
    { network: '::1', bits: 128, trusted: true },
  ];
  return [
    ...relayPolicies(model).map(({ network, policy }) => ({
      network: firstAddressOf(network),
      bits: network.prefix,
      trusted: policy === 'allow',
    })),
    // As in mynetworks: a sandbox takes programs on the same machine for strangers.
    ...(facts.sandbox === undefined ? loopback : []),
  ];
}
