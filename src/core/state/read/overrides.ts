import type { StateFile } from '../../generated/state-types.ts';
import type { Overrides } from '../../model.ts';
import { areTooWide, isTooWide, parseNetwork, type Network } from '../../network.ts';
import type { Findings } from './findings.ts';

/** Reads `overrides`; the daemons themselves check names and values when it is applied. */
export function readOverrides(state: StateFile, findings: Findings): Overrides {
  const postfix = new Map<string, string>();
  for (const [name, value] of Object.entries(state.overrides?.postfix ?? {})) {
    const text = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value).trim();
    const reason = whyNoOverride(name, text);
    if (reason === undefined) postfix.set(name, text);
    else findings.error('override', ['overrides', 'postfix', name], 'value', reason.message, reason.hint);
  }
  return { postfix, dovecot: state.overrides?.dovecot ?? '' };
}

/** What other keys of the state say, and what other programs rely on: an override would only break it. */
const OWN_KEYS: Readonly<Record<string, string>> = {
  myhostname: 'server.mailname',
  message_size_limit: 'server.limits.message',
  relayhost: 'relay.smarthost',
  queue_directory: 'host.yaml and --root',
  data_directory: 'host.yaml and --root',
  mail_owner: 'the installation',
  setgid_group: 'the installation',
};

/** Why a parameter of main.cf cannot have this value as a raw setting; undefined when it can. */
export function whyNoOverride(name: string, value: string): { message: string; hint: string } | undefined {
  const key = OWN_KEYS[name];
  if (key !== undefined) return { message: `${name} cannot be overridden`, hint: `it follows from ${key}` };
  if (!opensRelay(name, value)) return undefined;
  return {
    message: `${name} = ${value} makes an open relay`,
    hint: 'name the networks that may send mail through this server',
  };
}

/** Settings that say by themselves that everybody may relay. What is in tables of somebody's own is for the proof to find. */
function opensRelay(name: string, value: string): boolean {
  const words = value.split(/[\s,]+/).filter((word) => word !== '');
  const all = words.some((word) => /^static:/i.test(word));
  if (name === 'relay_domains') return all;
  if (name === 'smtpd_relay_restrictions')
    return words.includes('permit') || words.some((word) => /^static:\{?(ok|permit|\d+)/i.test(word));
  if (name !== 'mynetworks') return false;
  const networks = words.flatMap((word) => networkIn(word) ?? []);
  return all || networks.some(isTooWide) || areTooWide(networks);
}

/** As Postfix reads it: IPv6 in brackets, and whatever the bits behind the prefix are (mynetworks, postconf(5)). */
function networkIn(word: string): Network | undefined {
  const text = word.replace(/[[\]]/g, '');
  const parsed = parseNetwork(text);
  if (parsed.ok) return parsed.value;
  const meant = parsed.meant === undefined ? undefined : parseNetwork(parsed.meant);
  return meant?.ok === true ? meant.value : undefined;
}
