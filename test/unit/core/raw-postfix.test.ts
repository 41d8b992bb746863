import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FOLLOWS_FROM, whyNoOverride } from '../../../src/core/raw-postfix.ts';

const GOLDEN = fileURLToPath(new URL('../../golden/', import.meta.url));

/** Parameters that the state or the machine have a part in, and that raw settings may give another value all the same. */
const OPEN: Readonly<Record<string, readonly string[]>> = {
  'conditions and networks, which the state cannot say all of': [
    'mynetworks',
    'local_header_rewrite_clients',
    'smtpd_helo_restrictions',
    'smtpd_sender_restrictions',
    'smtpd_relay_restrictions',
    'smtpd_recipient_restrictions',
  ],
  'filters of others, beside or instead of those of the state': [
    'content_filter',
    'smtpd_milters',
    'milter_default_action',
  ],
  'where things are on the machine': [
    'alias_maps',
    'command_directory',
    'daemon_directory',
    'inet_protocols',
    'maillog_file',
    'maillog_file_prefixes',
    'meta_directory',
  ],
  'what is only in a sandbox': [
    'capture_destination_recipient_limit',
    'forward_path',
    'local_recipient_maps',
    'mail_spool_directory',
    'relay_transport',
    'smtp_bind_address',
    'smtp_bind_address6',
    'smtp_dns_support_level',
  ],
};

/** Those that are not the same in every case, and those that name a table of the state. */
function derivedParameters(): readonly string[] {
  const values = new Map<string, Set<string>>();
  const files = readdirSync(GOLDEN, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readFileSync(`${GOLDEN}${name}/expected/etc/postfix/main.cf`, 'utf8'));
  const all = files.map(
    (text) => new Map([...text.matchAll(/^(\w+) =(.*)$/gm)].map(([, name = '', value = '']) => [name, value])),
  );
  for (const name of new Set(all.flatMap((file) => [...file.keys()])))
    values.set(name, new Set(all.map((file) => file.get(name) ?? 'absent')));
  return [...values].flatMap(([name, of]) =>
    of.size > 1 || [...of].some((value) => value.includes('/eboxmail/')) ? [name] : [],
  );
}

describe('raw settings of Postfix', () => {
  it('either leave alone what is made of the state, or are known to be of use', () => {
    const open = Object.values(OPEN).flat();
    const derived = derivedParameters();
    expect(derived.filter((name) => FOLLOWS_FROM[name] === undefined).sort()).toEqual([...open].sort());
    expect(derived.length).toBeGreaterThan(40);
  });

  const refused = (name: string, value: string, more: Readonly<Record<string, string>> = {}): boolean =>
    whyNoOverride(name, value, new Map([...Object.entries(more), [name, value]])) !== undefined;

  it.each([
    ['smtpd_authorized_xclient_hosts', '0.0.0.0/0', {}],
    ['smtpd_authorized_xclient_hosts', '[::]/0', {}],
    ['smtpd_authorized_xclient_hosts', '!192.0.2.1, static:all', {}],
    ['smtpd_authorized_xforward_hosts', '$(a)', { a: '${b}', b: '$c', c: '10.0.0.0/8 0.0.0.0/1' }],
    ['mynetworks', '${a?{$b}:{127.0.0.1}}', { a: '1', b: '0.0.0.0/0' }],
    ['mynetworks', '${a:0.0.0.0/0}', {}],
    ['smtpd_upstream_proxy_protocol', 'haproxy', {}],
    ['smtpd_sasl_security_options', '', {}],
    ['smtpd_relay_restrictions', '$a', { a: 'permit_mynetworks, permit' }],
    ['relay_domains', '$mydestination, $a', { a: 'static:all' }],
    ['master_service_disable', '!lmtp/unix, unix', {}],
    ['virtual_transport', 'discard:', {}],
    ['virtual_transport', '$a', { a: 'virtual' }],
  ])('%s = %s lets strangers in, or stops mail', (name, value, more) => {
    expect(refused(name, value, more)).toBe(true);
  });

  it.each([
    ['smtpd_authorized_xclient_hosts', '127.0.0.0/8, 192.0.2.0/28, .proxy.example', {}],
    ['smtpd_authorized_xclient_hosts', '', {}],
    ['mynetworks', '127.0.0.0/8 [::1]/128 $a', { a: '192.0.2.0/24 $a' }],
    ['smtpd_upstream_proxy_protocol', '', {}],
    ['smtpd_sasl_tls_security_options', '$smtpd_sasl_security_options', {}],
    ['smtpd_sasl_security_options', 'noplaintext, noanonymous', {}],
    ['smtpd_relay_restrictions', 'permit_mynetworks, reject_unauth_destination', {}],
    ['smtpd_recipient_restrictions', 'permit', {}],
    ['smtpd_client_connection_count_limit', '20', {}],
    ['virtual_transport', 'lmtp:unix:private/own', {}],
    ['master_service_disable', '', {}],
  ])('%s = %s is taken', (name, value, more) => {
    expect(refused(name, value, more)).toBe(false);
  });
});
