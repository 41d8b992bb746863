import { areTooWide, covers, isTooWide, parseIp, parseNetwork, type Network } from './network.ts';

/** Why a raw setting of Postfix is refused. */
export interface Refusal {
  readonly message: string;
  readonly hint: string;
}

/**
 * Parameters that are made of keys of the state, or of tables of what it says, and those that other programs rely on: an
 * override would only break it, and nothing that looks at the state would know. Lists of conditions and of networks are not
 * among them: who may do what is often more than the state can say, and the proof looks at what comes of it.
 */
export const FOLLOWS_FROM: Readonly<Record<string, string>> = {
  myhostname: 'server.mailname',
  smtpd_tls_cert_file: 'server.tls',
  smtpd_tls_key_file: 'server.tls',
  smtpd_tls_security_level: 'server.smtp.tls',
  smtpd_sasl_auth_enable: 'server.smtp.authentication',
  message_size_limit: 'server.limits.message',
  virtual_mailbox_domains: 'domains',
  virtual_alias_domains: 'domains',
  sender_bcc_maps: 'catch_all of domains',
  recipient_bcc_maps: 'catch_all of domains',
  virtual_mailbox_maps: 'users',
  lmtp_reply_filter: 'users and aliases',
  smtpd_sasl_type: 'users, who log in at Dovecot',
  smtpd_sasl_path: 'users, who log in at Dovecot',
  smtpd_sender_login_maps: 'users and aliases',
  virtual_alias_maps: 'aliases',
  virtual_alias_expansion_limit: 'groups and aliases',
  relayhost: 'relay.smarthost',
  default_transport: 'relay.smarthost',
  sender_dependent_relayhost_maps: 'relay.rules',
  sender_dependent_default_transport_maps: 'relay.rules',
  transport_maps: 'relay.rules',
  receive_override_options: 'filter',
  filter_destination_recipient_limit: 'filter',
  inet_interfaces: 'host.yaml',
  queue_directory: 'host.yaml and --root',
  data_directory: 'host.yaml and --root',
  mail_owner: 'the installation',
  setgid_group: 'the installation',
};

/**
 * Why a parameter of main.cf cannot have this value as a raw setting; undefined when it can.
 * @param all raw settings, among them those that the value names with a dollar sign
 */
export function whyNoOverride(name: string, value: string, all: ReadonlyMap<string, string>): Refusal | undefined {
  const key = FOLLOWS_FROM[name];
  if (key !== undefined) return { message: `${name} cannot be overridden`, hint: `it follows from ${key}` };
  if (name === 'master_service_disable' && value !== '')
    return { message: `${name} cannot be overridden`, hint: 'every service that is in master.cf is needed' };
  const words = wordsOf(expanded(value, all));
  if (name === 'virtual_transport' && words.some((word) => /^(discard|local|virtual)(:|$)/.test(word)))
    return {
      message: `${name} = ${value} brings no mail to any mailbox`,
      hint: 'mailboxes are those of Dovecot: lmtp:',
    };
  const reason = letsStrangersIn(name, words);
  return reason === undefined ? undefined : { ...reason, message: `${name} = ${value} ${reason.message}` };
}

const NAME_NETWORKS = 'name the networks that may send mail through this server';
const OPEN_RELAY = 'makes an open relay';
const POSING = 'lets strangers pose as somebody else';

/**
 * What a value says by itself that lets everybody relay, be it by the word of the client that it is another one. What is in
 * tables and files of somebody's own is for the proof to find.
 */
function letsStrangersIn(name: string, words: readonly string[]): Refusal | undefined {
  const everything = words.some((word) => /^static:/i.test(word));
  const refusedIf = (holds: boolean, message: string, hint: string): Refusal | undefined =>
    holds ? { message, hint } : undefined;
  switch (name) {
    case 'relay_domains':
      return refusedIf(everything, OPEN_RELAY, 'name the domains that this server takes mail for');
    case 'mynetworks':
      return refusedIf(everything || areEverybody(words), OPEN_RELAY, NAME_NETWORKS);
    case 'smtpd_relay_restrictions':
      return refusedIf(
        words.includes('permit') || words.some((word) => /^static:\{?(ok|permit|\d+)/i.test(word)),
        OPEN_RELAY,
        NAME_NETWORKS,
      );
    case 'smtpd_authorized_xclient_hosts':
    case 'smtpd_authorized_xforward_hosts':
      return refusedIf(everything || areEverybody(words), POSING, 'name the machines that may speak for others');
    case 'smtpd_upstream_proxy_protocol':
    case 'postscreen_upstream_proxy_protocol':
      return refusedIf(words.length > 0, POSING, 'whoever connects would say from where: leave it empty');
    case 'smtpd_sasl_security_options':
    case 'smtpd_sasl_tls_security_options':
      return refusedIf(
        !words.some((word) => word.startsWith('$') || /^noanonymous$/i.test(word)),
        'lets in who has no account',
        'noanonymous has to be among them',
      );
    default:
      return undefined;
  }
}

/** Whether a raw setting that is a list of networks names one by itself in which an address is. */
export function namesNetworkOf(address: string, name: string, all: ReadonlyMap<string, string>): boolean {
  const ip = parseIp(address);
  const family = address.includes(':') ? 6 : 4;
  const networks = wordsOf(expanded(all.get(name) ?? '', all)).flatMap((word) => networkIn(word) ?? []);
  return ip !== undefined && networks.some((network) => network.family === family && covers(network, ip));
}

function areEverybody(words: readonly string[]): boolean {
  const networks = words.flatMap((word) => networkIn(word) ?? []);
  return networks.some(isTooWide) || areTooWide(networks);
}

/** As Postfix reads it: IPv6 in brackets, and whatever the bits behind the prefix are (mynetworks, postconf(5)). */
function networkIn(word: string): Network | undefined {
  const text = word.replace(/[[\]]/g, '');
  const parsed = parseNetwork(text);
  if (parsed.ok) return parsed.value;
  const meant = parsed.meant === undefined ? undefined : parseNetwork(parsed.meant);
  return meant?.ok === true ? meant.value : undefined;
}

/** More than any setting is worth; names can be made to grow without end. */
const LONGEST = 100_000;

/** The names of other raw settings as their values: $name, ${name} and $(name). Other names stay. */
function expanded(value: string, all: ReadonlyMap<string, string>): string {
  let text = value;
  for (let depth = 0; depth < 20 && text.length < LONGEST; depth += 1) {
    const next = text.replace(/\$(?:\{(\w+)\}|\((\w+)\)|(\w+))/g, (whole: string, ...names: (string | undefined)[]) => {
      const name = names.slice(0, 3).find((one) => one !== undefined);
      return all.get(name ?? '') ?? whole;
    });
    if (next === text) break;
    text = next;
  }
  return text;
}

/** Of a value that depends on another (${name?{value}:{value}}), those of all that it may be. */
function wordsOf(text: string): readonly string[] {
  return text
    .replace(/\$[{(]\w+[?:]|\}\s*:\s*\{/g, ' ')
    .split(/[\s,]+/)
    .map((word) => word.replace(/^\{+|\}+$/g, ''))
    .filter((word) => word !== '');
}
