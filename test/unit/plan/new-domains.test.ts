import { expect, it } from 'vitest';
import { leadsToNewDomains } from '../../../src/app/switch/domains-first.ts';
import type { FileChange } from '../../../src/core/plan/plan.ts';

function table(name: string, before: string | undefined, after: string): FileChange {
  const path = `etc/postfix/eboxmail/${name}`;
  return { path, reason: '', change: 'changed', present: 'ours', before, after, file: undefined };
}

const DOMAINS = table('mailbox_domains', '# header\nold.test OK\n', '# header\nfresh.test OK\nold.test fresh.test\n');

it.each([
  ['an address of before', [DOMAINS, table('aliases', '', 'bob@old.test bob@fresh.test\n')], true],
  ['one of several', [DOMAINS, table('aliases', '', 'bob@old.test a@x.test, bob@fresh.test\n')], true],
  [
    'by the hop of copies',
    [DOMAINS, table('aliases', '', 'bob@old.test bob=fresh.test@sender.copy.eboxmail.invalid\n')],
    true,
  ],
  ['only addresses of the new domain', [DOMAINS, table('aliases', '', 'bob@fresh.test ann@fresh.test\n')], false],
  ['nothing', [DOMAINS], false],
  ['to a domain of before', [table('aliases', '', 'bob@old.test bob@fresh.test\n')], false],
  [
    'the first apply',
    [
      table('mailbox_domains', undefined, 'fresh.test OK\n'),
      table('aliases', undefined, 'a@fresh.test b@fresh.test\n'),
    ],
    false,
  ],
] as const)('whether mail goes to a domain that Postfix does not know yet: %s', (_, files, expected) =>
  expect(leadsToNewDomains({ files })).toBe(expected),
);
