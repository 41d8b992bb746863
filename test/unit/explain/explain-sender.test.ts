import { describe, expect, it } from 'vitest';
import { explainSender } from '../../../src/core/explain/explain-sender.ts';
import type { MailService, SenderExplanation } from '../../../src/core/explain/explanation.ts';
import { serviceOf, STATE } from './service.ts';

const service = serviceOf(STATE);

function explain(login: string, sender: string, of: MailService = service): SenderExplanation {
  const user = of.model.users.get(login);
  if (user === undefined) throw new Error(`no user ${login}`);
  const explanation = explainSender(user, sender, of);
  if (!explanation.ok) throw new Error(explanation.why);
  return explanation.value;
}

describe('who may send as', () => {
  it.each([
    ['the own address', 'alice@a.test', 'alice@a.test'],
    ['it in upper case', 'alice@a.test', 'ALICE@A.TEST'],
    ['with a detail', 'alice@a.test', 'alice+x@a.test'],
    ['in a domain alias', 'alice@a.test', 'alice@a2.test'],
    ['in an internationalised one, with a detail', 'alice@a.test', 'alice+x@bücher.test'],
    ['an alias', 'alice@a.test', 'al@a.test'],
    ['an alias in a domain alias', 'alice@a.test', 'al@a2.test'],
    ['a chain', 'alice@a.test', 'chain@b.test'],
    ['a list', 'archive@a.test', 'both2@c.test'],
    ['the empty sender', 'alice@a.test', '<>'],
  ])('%s: %s as %s', (_, user, sender) => {
    expect(explain(user, sender)).toMatchObject({ allowed: true, code: 250, hint: undefined });
  });

  it.each([
    ["somebody else's account", 'alice@a.test', 'bob@b.test', 'belongs to somebody else', /an alias that goes to both/],
    ["somebody else's alias", 'bob@b.test', 'al@a.test', 'does not end', /alias add al@a.test bob@b.test/],
    ['a group that one is not in', 'bob@b.test', 'info@a.test', 'does not end', /group member add staff bob@b.test/],
    ['an alias to the outside', 'alice@a.test', 'out@c.test', 'does not end', /alias add out@c.test alice@a.test/],
    ['a group without accounts', 'alice@a.test', 'ghosts@a.test', 'does not end', /member add ghosts/],
    ['an unknown address', 'alice@a.test', 'no@a2.test', 'there is no no@a.test', /alias add no@a.test alice@a.test/],
    ['what unknown_to takes', 'alice@a.test', 'no@b.test', 'there is no no@b.test', /alias add/],
    ['a user without account', 'alice@a.test', 'carol@b.test', 'no mail account', /user set carol@b.test --account/],
    ['postmaster by default', 'alice@a.test', 'postmaster@a.test', 'not written in the state', /alias add/],
    ['a domain elsewhere', 'alice@a.test', 'alice@elsewhere.test', 'not managed here', /domain add elsewhere.test/],
    ["the machine's name", 'alice@a.test', 'root@mx.eg.test', 'name of this machine', undefined],
    ['the internal domain', 'alice@a.test', 'x@sender.copy.eboxmail.invalid', "eboxmail's own", undefined],
  ])('not %s: %s as %s', (_, user, sender, reason, hint) => {
    const found = explain(user, sender);
    expect(found).toMatchObject({ allowed: false, code: 553, reason: expect.stringContaining(reason) as unknown });
    if (hint === undefined) expect(found.hint).toBeUndefined();
    else expect(found.hint).toMatch(hint);
  });

  it.each([
    ['carol@b.test', 'no mail account', /user set carol@b.test --account/],
    ['mute@b.test', 'no password', /user passwd mute@b.test/],
  ])('not %s, who cannot log in', (user, reason, hint) => {
    const found = explain(user, user);
    expect(found).toMatchObject({ allowed: false, code: null, reason: expect.stringContaining(reason) as unknown });
    expect(found.hint).toMatch(hint);
    expect(explain(user, '<>').allowed).toBe(false);
  });

  it('nobody, when authentication is off', () => {
    const closed = serviceOf(STATE.replace('{mailname:', '{smtp: {authentication: false}, mailname:'));
    expect(explain('alice@a.test', 'alice@a.test', closed)).toMatchObject({ allowed: false, code: null });
  });

  it('shows the way to the mailbox, the owners and the copies', () => {
    const found = explain('alice@a.test', 'info@a2.test');
    expect(found.steps.map(({ kind, depth, path }) => [depth, kind, path?.join('/')])).toEqual([
      [0, 'domain-alias', 'domains/a.test/aliases/0'],
      [0, 'alias', 'aliases/info@a.test'],
      [1, 'alias', 'aliases/al@a.test'],
      [2, 'account', 'users/alice@a.test'],
      [0, 'copy', 'domains/a.test/catch_all/copy_to'],
    ]);
    expect(found.owners).toEqual(['alice@a.test']);
    expect(found.copies).toEqual([{ address: 'archive@a.test', bounces: 'postmaster' }]);
    const group = serviceOf(STATE.replace('ghosts@a.test: Ghosts', 'ghosts@a.test: Staff'));
    const [, member] = explain('alice@a.test', 'ghosts@a.test', group).steps;
    expect(member).toMatchObject({ kind: 'group', path: ['groups', 'staff', 'members', 0] });
  });

  it('says what is no address', () => {
    const user = service.model.users.get('alice@a.test');
    if (user === undefined) throw new Error('no alice');
    expect(explainSender(user, 'a b@a.test', service)).toMatchObject({ ok: false });
  });
});
