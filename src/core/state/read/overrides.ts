import type { StateFile } from '../../generated/state-types.ts';
import type { Overrides } from '../../model.ts';
import type { Findings } from './findings.ts';

/** Reads `overrides`; the daemons themselves check names and values when it is applied. */
export function readOverrides(state: StateFile, findings: Findings): Overrides {
  const postfix = new Map<string, string>();
  for (const [name, value] of Object.entries(state.overrides?.postfix ?? {})) {
    const text = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value).trim();
    const reason = whyNot(name, text);
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

function whyNot(name: string, value: string): { message: string; hint: string } | undefined {
  const key = OWN_KEYS[name];
  if (key !== undefined) return { message: `${name} cannot be overridden`, hint: `it follows from ${key}` };
  if (name !== 'mynetworks' && name !== 'smtpd_relay_restrictions') return undefined;
  if (!/(^|[\s,])(0\.0\.0\.0\/0|\[?::\]?\/0|permit)([\s,]|$)/.test(value)) return undefined;
  return {
    message: `${name} = ${value} makes an open relay`,
    hint: 'name the networks that may send mail through this server',
  };
}
