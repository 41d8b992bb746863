import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';

/**
 * Values for every key of the state: a test renders both of each pair and finds a difference, and docs/options.md
 * shows what comes of them.
 */

/** What the keys are set in. */
export const BASE: JsonObject = {
  version: 1,
  server: {
    mailname: 'mx.example.com',
    tls: { certificate: '/etc/ssl/a.pem', key: '/etc/ssl/a.key' },
    fetch: { enabled: true },
  },
  domains: {
    'example.com': { aliases: ['example.net'], catch_all: { copy_to: 'alice@example.com' } },
    'example.org': null,
  },
  users: {
    'alice@example.com': {
      password: { file: 'secrets/alice' },
      fetch: [{ address: 'a@isp.example', server: 'isp.example', protocol: 'pop3', password: { file: 'secrets/isp' } }],
    },
    'bob@example.com': null,
  },
  groups: { staff: { members: ['alice@example.com'] } },
  networks: { office: { members: { lan: '192.0.2.0/24' } }, guests: { members: { one: '192.0.2.7' } } },
  relay: {
    smarthost: { host: 'smtp.isp.example', username: 'u', password: { file: 'secrets/smarthost' } },
    networks: { office: 'allow' },
    rules: [
      { sender: 'bob@example.com', host: 'smtp.other.example', username: 'u', password: { file: 'secrets/smarthost' } },
      { recipient: 'partner.example', direct: true },
    ],
  },
  aliases: { 'team@example.com': 'staff', 'both@example.com': ['alice@example.com', 'bob@example.com'] },
};

export const SECRETS = {
  'secrets/alice': '{SHA512-CRYPT}$6$a',
  'secrets/other': '{SHA512-CRYPT}$6$b',
  'secrets/smarthost': 'one',
  'secrets/relay': 'two',
  'secrets/isp': 'one',
  'secrets/isp2': 'two',
};

const FETCH = 'users alice@example.com fetch 0';

/** What is set at a place; absent where it says so. */
export const ABSENT = undefined;
type Value = Json | undefined;

export interface Pair {
  /** Where, when the pattern of the schema has `*` or `[]` in it. */
  readonly at: readonly (string | number)[];
  readonly values: readonly [Value, Value];
}

export const at = (path: string, one: Value, other: Value): Pair => ({ at: path.split(' '), values: [one, other] });

/** Two places for one password. */
const FILES = [{ file: 'secrets/smarthost' }, { file: 'secrets/relay' }] as const;
/** A key of the built-in filter, which is on. */
const builtin = (key: string, one: Json, other: Json): Pair => ({
  at: ['filter'],
  values: [
    { mode: 'builtin', builtin: { [key]: one } },
    { mode: 'builtin', builtin: { [key]: other } },
  ],
});

/** For each key of the schema that changes what is rendered, two values that render differently. */
export const PAIRS: Readonly<Record<string, Pair>> = {
  'server.mailname': at('server mailname', 'mx.example.com', 'mx2.example.com'),
  'server.postmaster': at('server postmaster', ABSENT, 'alice@example.com'),
  'server.tls': at('server tls', ABSENT, { certificate: '/etc/ssl/a.pem', key: '/etc/ssl/a.key' }),
  'server.tls.certificate': at('server tls certificate', '/etc/ssl/a.pem', '/etc/ssl/b.pem'),
  'server.tls.key': at('server tls key', '/etc/ssl/a.key', '/etc/ssl/b.key'),
  'server.smtp.tls': at('server smtp', { tls: 'opportunistic' }, { tls: 'required' }),
  'server.smtp.authentication': at('server smtp', { authentication: true }, { authentication: false }),
  'server.limits.mailbox': at('server limits', { mailbox: '1 GB' }, { mailbox: '2 GB' }),
  'server.limits.message': at('server limits', { message: '1 MB' }, { message: '2 MB' }),
  'server.expiry.trash': at('server expiry', { trash: '10 d' }, { trash: '20 d' }),
  'server.expiry.spam': at('server expiry', { spam: '10 d' }, { spam: '20 d' }),
  'server.expiry.basis': at('server expiry', { spam: '1 d', basis: 'saved' }, { spam: '1 d', basis: 'date' }),
  'server.retrieval.imap': at('server retrieval', { imap: true }, { imap: false }),
  'server.retrieval.imaps': at('server retrieval', { imaps: true }, { imaps: false }),
  'server.retrieval.pop3': at('server retrieval', { pop3: false }, { pop3: true }),
  'server.retrieval.pop3s': at('server retrieval', { pop3s: false }, { pop3s: true }),
  'server.retrieval.managesieve': at('server retrieval', { managesieve: true }, { managesieve: false }),
  'server.retrieval.cleartext': at('server retrieval', { cleartext: 'refuse' }, { cleartext: 'allow' }),
  'server.fetch.enabled': at('server fetch', { enabled: true }, { enabled: false }),
  'server.fetch.interval': at('server fetch interval', '3 min', '5 min'),
  'overrides.postfix.*': at('overrides postfix default_process_limit', 50, 60),
  'overrides.dovecot': at('overrides', ABSENT, { dovecot: 'mail_max_userip_connections = 20' }),
  'domains.*': at('domains example.info', ABSENT, null),
  'domains.*.aliases.[]': at('domains example.com aliases 0', 'example.net', 'example.eu'),
  'domains.*.catch_all.copy_to': at('domains example.com catch_all copy_to', 'alice@example.com', 'bob@example.com'),
  'domains.*.catch_all.on_bounce': at('domains example.com catch_all on_bounce', 'sender', 'none'),
  'domains.*.catch_all.unknown_to': at('domains example.com catch_all unknown_to', ABSENT, 'bob@example.com'),
  'users.*': at('users carol@example.com', ABSENT, null),
  'users.*.password': at('users bob@example.com', { password: '{SHA}a' }, { password: '{SHA}b' }),
  'users.*.password.file': at('users alice@example.com password file', 'secrets/alice', 'secrets/other'),
  'users.*.account': at('users carol@example.com', { account: true }, { account: false }),
  'users.*.quota': at('users bob@example.com', { quota: '1 GB' }, { quota: 'unlimited' }),
  'users.*.fetch.[].address': at(`${FETCH} address`, 'a@isp.example', 'b@isp.example'),
  'users.*.fetch.[].server': at(`${FETCH} server`, 'isp.example', 'pop.isp.example'),
  'users.*.fetch.[].protocol': at(`${FETCH} protocol`, 'pop3', 'pop3s'),
  'users.*.fetch.[].port': at(`${FETCH} port`, ABSENT, 1110),
  'users.*.fetch.[].username': at(`${FETCH} username`, ABSENT, 'a'),
  'users.*.fetch.[].password': at(`${FETCH} password`, { file: 'secrets/isp' }, { file: 'secrets/isp2' }),
  'users.*.fetch.[].keep': at(`${FETCH} keep`, false, true),
  'users.*.fetch.[].insecure': at(`${FETCH} insecure`, false, true),
  'groups.*.members.[]': at('groups staff members 0', 'alice@example.com', 'bob@example.com'),
  'filter.mode': at('filter', { mode: 'none' }, { mode: 'custom' }),
  'filter.address': at('filter', { mode: 'custom' }, { mode: 'custom', address: '192.0.2.9' }),
  'filter.port': at('filter', { mode: 'custom' }, { mode: 'custom', port: 10050 }),
  'filter.return_port': at('filter', { mode: 'custom' }, { mode: 'custom', return_port: 10051 }),
  'filter.builtin.threshold': builtin('threshold', 5, 6),
  'filter.builtin.reject': builtin('reject', 20, 'never'),
  'filter.builtin.senders.*': builtin('senders', { 'a@b.example': 'allow' }, { 'a@b.example': 'block' }),
  'filter.builtin.subject_tag': builtin('subject_tag', '[A]', '[B]'),
  'filter.builtin.on_failure': builtin('on_failure', 'tempfail', 'accept'),
  'filter.builtin.antivirus': builtin('antivirus', '/run/a.sock', '/run/b.sock'),
  'filter.builtin.greylisting.enabled': builtin('greylisting', { enabled: false }, { enabled: true }),
  'filter.builtin.greylisting.delay': builtin(
    'greylisting',
    { enabled: true, delay: '5 min' },
    { enabled: true, delay: '90 s' },
  ),
  'filter.builtin.greylisting.score': builtin('greylisting', { enabled: true, score: 3 }, { enabled: true, score: 4 }),
  'filter.builtin.learning.enabled': builtin('learning', { enabled: false }, { enabled: true }),
  'filter.builtin.learning.messages': builtin(
    'learning',
    { enabled: true, messages: 100 },
    { enabled: true, messages: 200 },
  ),
  'filter.builtin.banned.extensions.[]': builtin('banned', { extensions: ['exe'] }, { extensions: ['scr'] }),
  'filter.builtin.banned.types.[]': builtin('banned', { types: ['a/b'] }, { types: ['a/c'] }),
  'filter.builtin.domains.*': builtin('domains', {}, { 'example.com': { threshold: 7 } }),
  'filter.builtin.domains.*.threshold': builtin(
    'domains',
    { 'example.com': { threshold: 5 } },
    { 'example.com': { threshold: 7 } },
  ),
  'filter.builtin.domains.*.reject': builtin(
    'domains',
    { 'example.com': { reject: 20 } },
    { 'example.com': { reject: 'never' } },
  ),
  'filter.builtin.domains.*.senders.*': builtin(
    'domains',
    { 'example.com': { senders: { '@b.example': 'allow' } } },
    { 'example.com': { senders: { '@b.example': 'block' } } },
  ),
  'aliases.*': at('aliases al@example.com', 'alice@example.com', 'bob@example.com'),
  'networks.*.members.*': at('networks office members lan', '192.0.2.0/24', '198.51.100.0/24'),
  'relay.smarthost.host': at('relay smarthost host', 'smtp.isp.example', '[smtp.isp.example]'),
  'relay.smarthost.port': at('relay smarthost port', 25, 465),
  'relay.smarthost.username': at('relay smarthost username', 'u', 'v'),
  'relay.smarthost.password': at('relay smarthost password', ...FILES),
  'relay.smarthost.tls': at('relay smarthost tls', ABSENT, 'verify'),
  'relay.networks.*': at('relay networks office', 'allow', 'deny'),
  'relay.rules.[].sender': at('relay rules 0 sender', 'bob@example.com', 'example.com'),
  'relay.rules.[].recipient': at('relay rules 1 recipient', 'partner.example', 'other.example'),
  'relay.rules.[].host': at('relay rules 0 host', 'smtp.other.example', '192.0.2.25'),
  'relay.rules.[].port': at('relay rules 0 port', ABSENT, 587),
  'relay.rules.[].username': at('relay rules 0 username', 'u', 'v'),
  'relay.rules.[].password': at('relay rules 0 password', ...FILES),
  'relay.rules.[].tls': at('relay rules 0 tls', ABSENT, 'opportunistic'),
  'relay.rules.[].direct': at(
    'relay rules 1',
    { recipient: 'partner.example', direct: true },
    { recipient: 'partner.example', host: 'a.example' },
  ),
  'aliases.*.[]': at('aliases both@example.com 1', 'bob@example.com', 'carol@elsewhere.example'),
};

/** Supported keys that rightly change no file. */
export const NOT_RENDERED: Readonly<Record<string, string>> = {
  version: 'only 1 is possible',
  'defaults.user.account': 'what `eboxmail user add` assumes',
  'defaults.user.domain': 'what completes names on the command line',
  'users.*.name': 'for people: `eboxmail user list` shows it',
  'networks.*': 'a network object does nothing by itself, only the relay policies that name it do',
  'networks.*.open': 'whether a network object may be so wide that it makes an open relay',
  'groups.*': 'a group receives nothing by itself, only the aliases that point to it do',
};

/** A state with a value at a place, or without what is there. */
export function put(value: Json | undefined, path: readonly (string | number)[], leaf: Value): JsonObject {
  return replaced(value, path, leaf) as JsonObject;
}

function replaced(value: Json | undefined, path: readonly (string | number)[], leaf: Value): Value {
  const [step, ...rest] = path;
  if (step === undefined) return leaf;
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((item, index) =>
      index === Number(step) ? (replaced(item, rest, leaf) ?? null) : item,
    );
  }
  const map: Record<string, Json> = { ...(isObject(value) ? value : {}) };
  const child = replaced(map[step], rest, leaf);
  if (child === undefined) delete map[step];
  else map[step] = child;
  return map;
}
