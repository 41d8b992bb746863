import { describe, expect, it } from 'vitest';
import { checkState, hasErrors, stateOf } from '../../../src/app/load-state.ts';
import { unsupportedKeys } from '../../../src/core/generated/state-keys.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { isObject } from '../../../src/core/json.ts';
import { render } from '../../../src/core/render/render.ts';
import { modelOf } from '../../../src/core/state/model-of.ts';
import { facts } from '../../support/facts.ts';
import { readSchema, schemaPlaces, type SchemaPlace } from '../schema/schema-walk.ts';

/** A key is a promise: each one that the schema supports changes what is rendered. */
const BASE: JsonObject = {
  version: 1,
  server: {
    mailname: 'mx.example.com',
    tls: { certificate: '/etc/ssl/a.pem', key: '/etc/ssl/a.key' },
  },
  domains: {
    'example.com': { aliases: ['example.net'], catch_all: { copy_to: 'alice@example.com' } },
    'example.org': null,
  },
  users: { 'alice@example.com': { password: { file: 'secrets/alice' } }, 'bob@example.com': null },
  groups: { staff: { members: ['alice@example.com'] } },
  aliases: { 'team@example.com': 'staff', 'both@example.com': ['alice@example.com', 'bob@example.com'] },
};

const SECRETS = { 'secrets/alice': '{SHA512-CRYPT}$6$a', 'secrets/other': '{SHA512-CRYPT}$6$b' };

/** What is set at a place; absent where it says so. */
const ABSENT = undefined;
type Value = Json | undefined;

interface Pair {
  /** Where, when the pattern of the schema has `*` or `[]` in it. */
  readonly at: readonly (string | number)[];
  readonly values: readonly [Value, Value];
}

const at = (path: string, one: Value, other: Value): Pair => ({ at: path.split(' '), values: [one, other] });

const PAIRS: Readonly<Record<string, Pair>> = {
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
  'server.retrieval.pop3': at('server retrieval', { pop3: true }, { pop3: false }),
  'server.retrieval.pop3s': at('server retrieval', { pop3s: true }, { pop3s: false }),
  'server.retrieval.managesieve': at('server retrieval', { managesieve: true }, { managesieve: false }),
  'server.retrieval.cleartext': at('server retrieval', { cleartext: 'refuse' }, { cleartext: 'allow' }),
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
  'groups.*.members.[]': at('groups staff members 0', 'alice@example.com', 'bob@example.com'),
  'aliases.*': at('aliases al@example.com', 'alice@example.com', 'bob@example.com'),
  'aliases.*.[]': at('aliases both@example.com 1', 'bob@example.com', 'carol@elsewhere.example'),
};

/** Supported keys that rightly change no file. */
const NOT_RENDERED: Readonly<Record<string, string>> = {
  version: 'only 1 is possible',
  'defaults.user.account': 'what `eboxmail user add` assumes',
  'defaults.user.domain': 'what completes names on the command line',
  'users.*.name': 'for people: `eboxmail user list` shows it',
  'groups.*': 'a group receives nothing by itself, only the aliases that point to it do',
};

const places = schemaPlaces(readSchema('state')).filter(({ pattern }) => !isUnsupported(pattern));
const supported = places.filter((place) => isValue(place) || place.pattern.endsWith('*')).map(({ pattern }) => pattern);

describe('every supported key of the state changes a rendered byte', () => {
  it('all keys are in the tables, and nothing but keys', () => {
    const known = [...Object.keys(PAIRS), ...Object.keys(NOT_RENDERED)];
    expect(supported.filter((pattern) => !known.includes(pattern))).toEqual([]);
    const all = schemaPlaces(readSchema('state')).map(({ pattern }) => pattern);
    expect(known.filter((pattern) => !all.includes(pattern))).toEqual([]);
  });

  it.each(Object.entries(PAIRS).filter(([pattern]) => !isUnsupported(pattern)))('%s', async (_, pair) => {
    const [one, other] = await Promise.all(pair.values.map((value) => rendered(put(BASE, pair.at, value))));
    expect(one).not.toEqual(other);
  });

  it.each([
    ['users.*.name', at('users bob@example.com', { name: 'A' }, { name: 'B' })],
    ['defaults.user.account', at('defaults', { user: { account: true } }, { user: { account: false } })],
    ['defaults.user.domain', at('defaults', { user: { domain: 'example.com' } }, { user: { domain: 'example.org' } })],
    ['groups.*', at('groups crew', ABSENT, { members: ['bob@example.com'] })],
  ] as const)('%s changes none', async (_, pair) => {
    const [one, other] = await Promise.all(pair.values.map((value) => rendered(put(BASE, pair.at, value))));
    expect(one).toEqual(other);
  });
});

function isUnsupported(pattern: string): boolean {
  return unsupportedKeys.some((key) => pattern === key || pattern.startsWith(`${key}.`));
}

/** Holds something by itself, and is not just a place for other keys. */
function isValue({ node }: SchemaPlace): boolean {
  const types = Array.isArray(node['type']) ? node['type'] : [node['type']];
  const holds = types.some((type) => typeof type === 'string' && !['object', 'array', 'null'].includes(type));
  return holds || node['$ref'] !== undefined || node['enum'] !== undefined || node['const'] !== undefined;
}

function put(value: Json | undefined, path: readonly (string | number)[], leaf: Value): JsonObject {
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

async function rendered(state: JsonObject): Promise<readonly (readonly [string, string])[]> {
  const problems = await checkState(state);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(hasErrors(problems)).toBe(false);
  const { model, directory } = modelOf(stateOf(state));
  return render(model, directory, facts({ secrets: SECRETS })).map(({ path, content }) => [path, content] as const);
}
