import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { JsonObject } from '../../../src/core/json.ts';
import { describeChanges } from '../../../src/core/plan/state-words.ts';

const SIGNS = { added: '+', removed: '-', changed: '~' };

function words(before: string, after: string): string[] {
  const changes = describeChanges(parse(before) as JsonObject, parse(after) as JsonObject);
  return changes.map(({ kind, text }) => `${SIGNS[kind]} ${text}`);
}

describe('what changes, in words', () => {
  it.each([
    ['nothing', '{version: 1, users: {a@b.c: {quota: 1 GB}}}', '{version: 1, users: {a@b.c: {quota: 1 GB}}}', []],
    ['another order of keys', '{users: {a@b.c: , d@b.c: }}', '{users: {d@b.c: , a@b.c: }}', []],
    ['a domain', '{}', '{domains: {b.c: }}', ['+ domain b.c']],
    ['a domain that goes', '{domains: {b.c: , d.e: }}', '{domains: {d.e: }}', ['- domain b.c']],
    ['a domain alias', '{domains: {b.c: }}', '{domains: {b.c: {aliases: [d.e]}}}', ['~ domain b.c: aliases gains d.e']],
    ['a user', '{users: }', '{users: {a@b.c: {quota: 1 GB}}}', ['+ user a@b.c']],
    ['a user that goes', '{users: {a@b.c: }}', '{users: {}}', ['- user a@b.c']],
    ['a section that goes', '{users: {a@b.c: }}', '{}', ['- user a@b.c']],
    ['an empty user', '{users: {a@b.c: }}', '{users: {a@b.c: {}}}', []],
    ['a quota', '{users: {a@b.c: }}', '{users: {a@b.c: {quota: 1 GB}}}', ['+ user a@b.c: quota (default) → 1 GB']],
    [
      'what is fetched for a user',
      '{users: {a@b.c: {fetch: [{address: x@i.e, server: i.e, protocol: imap}, {address: y@i.e, server: i.e, protocol: pop3}]}}}',
      '{users: {a@b.c: {fetch: [{address: y@i.e, server: i.e, protocol: pop3, insecure: true}, {address: z@i.e, server: j.e, protocol: imaps}]}}}',
      [
        '- user a@b.c: fetch x@i.e from i.e by imap',
        '~ user a@b.c: fetch y@i.e from i.e by pop3, without verifying its certificate (changed)',
        '+ user a@b.c: fetch z@i.e from j.e by imaps',
      ],
    ],
    [
      'a quota that changes',
      '{users: {a@b.c: {quota: 1 GB}}}',
      '{users: {a@b.c: {quota: 2 GB}}}',
      ['~ user a@b.c: quota 1 GB → 2 GB'],
    ],
    [
      'a quota that goes',
      '{users: {a@b.c: {quota: 1 GB}}}',
      '{users: {a@b.c: {}}}',
      ['- user a@b.c: quota 1 GB → (default)'],
    ],
    [
      'an account that goes, and one that comes',
      '{users: {a@b.c: , d@b.c: {account: false}}}',
      '{users: {a@b.c: {account: false}, d@b.c: }}',
      ['~ user a@b.c: account true → false', '~ user d@b.c: account false → true'],
    ],
    [
      'an account that was there all the time',
      '{users: {a@b.c: }}',
      '{users: {a@b.c: {account: true}}}',
      ['+ user a@b.c: account (default) → true'],
    ],
    [
      'names in another spelling',
      '{domains: {bücher.test: , b.c: }, users: {a@b.c: {quota: 1 GB}, x@bücher.test: , d@b.c: }, aliases: {i@b.c: a@b.c}}',
      '{domains: {xn--bcher-kva.test: , B.c: }, users: {A@b.c: {quota: 2 GB}, x@xn--bcher-kva.test: , e@b.c: }, aliases: {I@b.c: a@b.c}}',
      [
        '~ domain xn--bcher-kva.test was written bücher.test',
        '~ domain B.c was written b.c',
        '- user d@b.c',
        '~ user A@b.c was written a@b.c',
        '~ user A@b.c: quota 1 GB → 2 GB',
        '~ user x@xn--bcher-kva.test was written x@bücher.test',
        '+ user e@b.c',
        '~ alias I@b.c was written i@b.c',
      ],
    ],
    [
      'an account that goes',
      '{users: {a@b.c: {account: true}}}',
      '{users: {a@b.c: {account: false}}}',
      ['~ user a@b.c: account true → false'],
    ],
    [
      'a password',
      '{users: {a@b.c: {password: "{X}y"}}}',
      '{users: {a@b.c: {password: "{X}z"}}}',
      ['~ user a@b.c: password changed'],
    ],
    [
      'a first password',
      '{users: {a@b.c: }}',
      '{users: {a@b.c: {password: "{X}z"}}}',
      ['~ user a@b.c: password changed'],
    ],
    [
      'a password into a file',
      '{users: {a@b.c: {password: "{X}z"}}}',
      '{users: {a@b.c: {password: {file: secrets/a}}}}',
      ['~ user a@b.c: password changed'],
    ],
    ['an alias', '{}', '{aliases: {a@b.c: d@b.c}}', ['+ alias a@b.c → d@b.c']],
    ['an alias to several', '{}', '{aliases: {a@b.c: [d@b.c, staff]}}', ['+ alias a@b.c → d@b.c, staff']],
    ['an alias that goes', '{aliases: {a@b.c: d@b.c}}', '{}', ['- alias a@b.c → d@b.c']],
    ['another target', '{aliases: {a@b.c: d@b.c}}', '{aliases: {a@b.c: e@b.c}}', ['~ alias a@b.c d@b.c → e@b.c']],
    [
      'one more target',
      '{aliases: {a@b.c: d@b.c}}',
      '{aliases: {a@b.c: [d@b.c, e@b.c]}}',
      ['~ alias a@b.c gains e@b.c'],
    ],
    [
      'one target less',
      '{aliases: {a@b.c: [d@b.c, e@b.c]}}',
      '{aliases: {a@b.c: d@b.c}}',
      ['~ alias a@b.c loses e@b.c'],
    ],
    [
      'both',
      '{aliases: {a@b.c: [d@b.c, e@b.c]}}',
      '{aliases: {a@b.c: [d@b.c, f@b.c]}}',
      ['~ alias a@b.c gains f@b.c and loses e@b.c'],
    ],
    [
      'another order',
      '{groups: {g: {members: [a@b.c, d@b.c]}}}',
      '{groups: {g: {members: [d@b.c, a@b.c]}}}',
      ['~ group g: members has another order'],
    ],
    [
      'a member',
      '{groups: {g: {members: []}}}',
      '{groups: {g: {members: [a@b.c]}}}',
      ['~ group g: members gains a@b.c'],
    ],
    ['a setting', '{}', '{server: {smtp: {tls: required}}}', ['+ server.smtp.tls (default) → required']],
    [
      'settings',
      '{server: {limits: {mailbox: 1 GB}, mailname: a.b}}',
      '{server: {limits: {message: 1 MB}, mailname: c.d}}',
      [
        '- server.limits.mailbox 1 GB → (default)',
        '+ server.limits.message (default) → 1 MB',
        '~ server.mailname a.b → c.d',
      ],
    ],
    [
      'several sections',
      '{domains: {b.c: }}',
      '{domains: {d.e: }, users: {a@d.e: }}',
      ['- domain b.c', '+ domain d.e', '+ user a@d.e'],
    ],
    [
      'rules for relays',
      '{relay: {rules: [{sender: a.b, host: c, password: {file: x}}, {sender: d.e, direct: true}]}}',
      '{relay: {rules: [{sender: a.b, host: c, password: {file: y}}]}}',
      ['~ relay.rules gains sender a.b host c and loses sender a.b host c, sender d.e direct true'],
    ],
    ['a network', '{}', '{networks: {lan: {members: {a: 192.0.2.1}}}}', ['+ network lan']],
    [
      'a name of JavaScript',
      '{users: {}}',
      '{users: {constructor@b.c: , toString: }}',
      ['+ user constructor@b.c', '+ user toString'],
    ],
  ])('%s', (_, before, after, expected) => expect(words(before, after)).toEqual(expected));

  it('never tell a password', () => {
    const before =
      '{users: {a@b.c: {password: "{PLAIN}hunter2"}, d@b.c: {password: {file: x}}}, relay: {smarthost: {password: hunter2}, rules: [{password: hunter2}]}}';
    const after =
      '{users: {e@b.c: {password: "{PLAIN}hunter2"}, d@b.c: {password: "{PLAIN}hunter2"}}, relay: {smarthost: {password: hunter3}}}';
    for (const [one, other] of [
      [before, after],
      [after, before],
      ['{}', before],
      [before, '{}'],
    ] as const) {
      expect(words(one, other).join('\n')).not.toContain('hunter');
    }
  });
});
