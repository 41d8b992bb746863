import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { formatPath } from '../../../src/core/problem.ts';
import { checkStateSchema } from '../../../src/core/state/check-schema.ts';

/** Each problem as `path (at): message` with ` | hint` behind it. */
function findings(yaml: string): string[] {
  const problems = checkStateSchema(parse(yaml) as JsonObject);
  return problems.map(({ path, at, message, hint }) => {
    return `${formatPath(path)} (${at}): ${message}${hint === undefined ? '' : ` | ${hint}`}`;
  });
}

const SIZE = 'must be a size such as "500 MB", "2 GB" or "100 kB", or unlimited';
const HASH = 'must be a hash that starts with its scheme in braces, such as {SHA512-CRYPT}$6$…, or {file: PATH}';

/** What stands below `version: 1`, and what is said of it. */
const MISTAKES: Readonly<Record<string, readonly (readonly [string, ...string[]])[]>> = {
  'unknown keys': [
    ['sever: {}', 'sever (key): unknown key "sever" | did you mean server?'],
    ['server: {mail-name: a.b}', 'server.mail-name (key): unknown key "mail-name" | did you mean mailname?'],
    ['server: {quota: 2 GB}', 'server.quota (key): unknown key "quota" | that key belongs to users.NAME'],
    ['users: {a@b.c: {relay: 1}}', 'users.a@b.c.relay (key): unknown key "relay" | that key belongs to the top level'],
    [
      'users: {a@b.c: {tls: 1}}',
      'users.a@b.c.tls (key): unknown key "tls" | known here: name, password, account, quota, fetch',
    ],
    ['groups: {g: {owners: [], members: []}}', 'groups.g.owners (key): unknown key "owners" | known here: members'],
    [
      '"a\\u009b\\n": 1',
      expect.stringMatching(/^[^(]+\(key\): unknown key "a\\u\{009B\}\\n" \| known here: /s) as string,
    ],
  ],
  'missing keys': [
    ['server: {tls: {certificate: /a/b}}', 'server.tls (key): the key "key" is missing | add "key: …"'],
    ['groups: {staff: {}}', 'groups.staff (key): the key "members" is missing | add "members: …"'],
    ['groups: {staff: {member: []}}', 'groups.staff.member (key): unknown key "member" | did you mean members?'],
    ['users: {a@b.c: {password: {}}}', 'users.a@b.c.password (key): the key "file" is missing | add "file: …"'],
  ],
  'truth values': [
    [
      'server: {smtp: {authentication: on}}',
      'server.smtp.authentication (value): must be true or false, not the text "on" | write true, without quotes',
    ],
    [
      'server: {retrieval: {pop3: "No"}}',
      'server.retrieval.pop3 (value): must be true or false, not the text "No" | write false, without quotes',
    ],
    [
      'server: {retrieval: {pop3: maybe}}',
      'server.retrieval.pop3 (value): must be true or false, not the text "maybe" | write true or false, without quotes',
    ],
    ['server: {retrieval: {imap: 1}}', 'server.retrieval.imap (value): must be true or false, not the number 1'],
  ],
  choices: [
    [
      'server: {smtp: {tls: oportunistic}}',
      'server.smtp.tls (value): must be one of off, opportunistic, required, not the text "oportunistic" | did you mean opportunistic?',
    ],
    [
      'server: {smtp: {tls: false}}',
      'server.smtp.tls (value): must be one of off, opportunistic, required, not false | did you mean off?',
    ],
    [
      'server: {smtp: {tls: 3}}',
      'server.smtp.tls (value): must be one of off, opportunistic, required, not the number 3',
    ],
  ],
  sizes: [
    ['server: {limits: {mailbox: 500}}', `server.limits.mailbox (value): ${SIZE}, not the number 500`],
    ['server: {limits: {message: 25M}}', `server.limits.message (value): ${SIZE}, not the text "25M"`],
    ['server: {limits: {message: 0 MB}}', `server.limits.message (value): ${SIZE}, not the text "0 MB"`],
    ['server: {limits: {message: default}}', `server.limits.message (value): ${SIZE}, not the text "default"`],
    ['server: {limits: {message: ""}}', `server.limits.message (value): ${SIZE}, not an empty text`],
  ],
  'kinds of values': [
    [
      'server: {smtp: }',
      'server.smtp (value): must be a map of keys and values, not empty | write a value or remove the key',
    ],
    [
      'server: mx.example.com',
      'server (value): must be a map of keys and values, not this text | write its keys with their values, such as "mailname: …"',
    ],
    ['users: [a@b.c]', 'users (value): must be a map of keys and values, not a list'],
    ['users: {a@b.c: {name: 5}}', 'users.a@b.c.name (value): must be a text, not the number 5 | put it in quotes: "5"'],
    [
      'domains: {b.c: {aliases: d.e}}',
      'domains.b.c.aliases (value): must be a list, not this text | write a list, such as [ONE, TWO]',
    ],
    [
      'aliases: {a@b.c: {}}',
      'aliases.a@b.c (value): must be an address, the name of a group, or a list of those, not a map',
    ],
    [
      'server: {mailname: a b}',
      'server.mailname (value): must be a full host name such as mx.example.com, not the text "a b"',
    ],
    [
      'server: {tls: {certificate: a.pem, key: /b}}',
      'server.tls.certificate (value): must be an absolute path such as /etc/ssl/mail.pem, without white space, commas, quotes or $, not the text "a.pem"',
    ],
  ],
  lists: [
    ['aliases: {a@b.c: []}', 'aliases.a@b.c (value): is an empty list | remove the key or add an entry'],
    [
      'groups: {g: {members: [a@b.c, d@b.c, a@b.c, d@b.c]}}',
      'groups.g.members[2] (value): "a@b.c" is in the list twice | remove one',
      'groups.g.members[3] (value): "d@b.c" is in the list twice | remove one',
    ],
  ],
  'names and texts': [
    ['users: {"a b@c.d": }', 'users.a b@c.d (key): the name contains white space'],
    ['users: {"": }', 'users. (key): the name is empty'],
    [`domains: {${'a'.repeat(254)}: }`, `domains.${'a'.repeat(254)} (key): the name is too long`],
    [`users: {a@b.c: {name: ${'n'.repeat(256)}}}`, 'users.a@b.c.name (value): is longer than 255 characters'],
    [
      'server: {mailname: "mx.example.com\\n"}',
      'server.mailname (value): contains a line break | write it on one line; a text written with | or > ends with a line break',
    ],
    ['users: {a@b.c: {name: "a\\eb"}}', 'users.a@b.c.name (value): contains the control character U+001B | remove it'],
  ],
  passwords: [
    ['users: {a@b.c: {password: hunter2}}', `users.a@b.c.password (value): ${HASH}, not this text`],
    ['users: {a@b.c: {password: 4711}}', `users.a@b.c.password (value): ${HASH}, not a number`],
    [
      'users: {a@b.c: {password: {PLAIN: hunter2, x: 1}}}',
      'users.a@b.c.password (value): must be a text in quotes or {file: PATH}, not a map with other keys | a text that starts with { needs quotes in YAML',
    ],
    [
      'users: {a@b.c: {password: {file: ../hunter2}}}',
      'users.a@b.c.password.file (value): must be a path such as secrets/name, relative to /etc/eboxmail, without white space or .., not this text',
    ],
    [
      'users: {a@b.c: hunter2}',
      'users.a@b.c (value): must be a map of keys and values, not this text | write its keys with their values, such as "name: …"',
    ],
  ],
  'not supported yet': [
    ['{relay: , networks: {}, overrides: , filter: }'],
    [
      'relay: {smarthost: {host: "a:25", username: u}}',
      'relay.smarthost.host (value): must be a host name, a name in brackets, an IPv4 address, or an IPv6 address in brackets (the port has a key of its own), not the text "a:25"',
      'relay.smarthost (key): the key "password" is missing, which "username" needs | add "password: …"',
    ],
  ],
  'nothing wrong': [
    ['{server: , defaults: , domains: , users: , groups: , aliases: }'],
    ['{domains: {b.c: }, users: {a@b.c: }, groups: {g: {members: []}}}'],
    ['users: {a@b.c: {fetch: [{address: a, server: b, protocol: imap, password: {file: c}}]}}'],
    ['server: {limits: {mailbox: 1.5 GB, message: 25MB}}'],
    ['server: {expiry: {trash: 30 d, spam: never, basis: date}}'],
    ['users: {a@b.c: {quota: default, password: "{PLAIN}a b:c", name: ""}}'],
  ],
};

describe.each(Object.entries(MISTAKES))('%s', (_, rows) => {
  it.each(rows)('%s', (yaml, ...expected) => {
    const text = yaml.startsWith('{') ? `{version: 1, ${yaml.slice(1)}` : `version: 1\n${yaml}\n`;
    expect(findings(text)).toEqual(expected);
  });
});

describe('secrets', () => {
  const maps: Json[] = [{ hunter2: 1 }, { hunter2: 1, file: 'a' }, { file: 'hunter2 x' }, { file: { hunter2: 1 } }];
  const others: Json[] = ['hunter2', ['hunter2'], 'hunter2\n', `hunter2${'x'.repeat(2000)}`];
  const states = [...maps, ...others].flatMap((password): JsonObject[] => [
    { version: 1, users: { 'a@b.c': { password } } },
    { version: 1, users: { 'a@b.c': { fetch: [{ address: 'a', server: 'b', protocol: 'imap', password }] } } },
    { version: 1, relay: { smarthost: { host: 'a', username: 'b', password } } },
  ]);

  it.each(states)('are in no problem: %j', (state) => {
    const problems = checkStateSchema(state).filter(({ rule }) => rule === 'schema');
    expect(problems.length).toBe(1);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});

describe('version', () => {
  it.each([
    ['server: {}', ' (value): the key "version" is missing | add the line "version: 1"'],
    ['verison: 1', 'verison (key): unknown key "verison" | did you mean version?'],
    ['version: "1"', 'version (value): must be 1, not the text "1" | write 1'],
    ['version:', 'version (value): must be 1, not empty | write 1'],
    ['version: 0', 'version (value): must be 1, not the number 0 | write 1'],
    [
      'version: 2\nnew_section: {}',
      'version (value): this file is for a newer eboxmail: its version is 2, this eboxmail reads 1 | update eboxmail',
    ],
  ])('%s', (yaml, expected) => {
    expect(findings(yaml)).toEqual([expected]);
  });
});

it('takes a time that grows with the size of the file only', () => {
  const addresses = Array.from({ length: 20_000 }, (_, index) => `user${index}@example.com`);
  const user = { quota: 5, pasword: 'x' };
  const users = Object.fromEntries(addresses.map((address) => [address, user]));
  const started = performance.now();
  const problems = checkStateSchema({ version: 1, users, groups: { all: { members: addresses } } });
  expect(performance.now() - started).toBeLessThan(2000);
  expect(problems.length).toBe(40_000);
});
