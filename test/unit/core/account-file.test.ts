import { describe, expect, it } from 'vitest';
import { NO_LOGIN, standIn, telltaleOf, withThoseWhoGo, withWayBack } from '../../../src/core/account-file.ts';

const file = (...names: string[]): string => names.map((name) => `${name}:{X}hash::::::\n`).join('');

describe('telltaleOf', () => {
  it.each([
    ['one more', file('a@a.test'), file('a@a.test', 'b@a.test'), { name: 'b@a.test', added: true }],
    ['one less', file('a@a.test', 'b@a.test'), file('a@a.test'), { name: 'b@a.test', added: false }],
    ['the first', '', file('a@a.test'), { name: 'a@a.test', added: true }],
    ['the last', file('a@a.test'), '', { name: 'a@a.test', added: false }],
    ['a rename', file('a@a.test'), file('b@a.test'), { name: 'b@a.test', added: true }],
    ['other hashes', file('a@a.test'), file('a@a.test').replace('hash', 'other'), undefined],
    ['the same', file('a@a.test'), file('a@a.test'), undefined],
  ])('%s', (_, before, after, expected) => {
    expect(telltaleOf(before, after)).toEqual(expected);
  });
});

describe('withWayBack', () => {
  const line = (address: string, user: string): string => `${standIn(address, user)}\n`;

  it.each([
    ['nothing was renamed', file('a@a.test'), file('a@a.test', 'b@a.test'), file('a@a.test')],
    [
      'a rename',
      file('a@a.test'),
      line('a@a.test', 'b@a.test') + file('b@a.test'),
      file('a@a.test') + line('b@a.test', 'a@a.test'),
    ],
    [
      'two that change places',
      file('a@a.test', 'b@a.test'),
      file('a@a.test', 'b@a.test'),
      file('a@a.test', 'b@a.test'),
    ],
    [
      'the second rename of one',
      file('b@a.test') + line('x@a.test', 'b@a.test'),
      file('c@a.test') + line('b@a.test', 'c@a.test') + line('x@a.test', 'c@a.test'),
      file('b@a.test') + line('c@a.test', 'b@a.test') + line('x@a.test', 'b@a.test'),
    ],
  ])('%s', (_, before, now, expected) => {
    expect(withWayBack(before, now)).toBe(expected);
  });
});

describe('withThoseWhoGo', () => {
  it.each([
    ['nobody goes', file('a@a.test'), file('a@a.test', 'b@a.test'), undefined],
    [
      'one goes, and can log in no more',
      'a@a.test:{X}hash::::::userdb_quota_rule=*:bytes=1\n',
      file('b@a.test'),
      `a@a.test:${NO_LOGIN}::::::userdb_quota_rule=*:bytes=1\n${file('b@a.test')}`,
    ],
    ['a rename', file('a@a.test'), `${standIn('a@a.test', 'b@a.test')}\n${file('b@a.test')}`, undefined],
  ])('%s', (_, before, after, expected) => {
    expect(withThoseWhoGo(before, after)).toBe(expected);
  });
});
