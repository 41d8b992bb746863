import { describe, expect, it } from 'vitest';
import { handEditsOf } from '../../../src/core/plan/hand-edits.ts';
import type { FileChange } from '../../../src/core/plan/plan.ts';

const MAIN_CF = 'etc/postfix/main.cf';
const DOVECOT = 'etc/dovecot/dovecot.conf';

function edited(path: string, written: string | undefined, before: string): FileChange {
  return { path, reason: '', change: 'changed', present: 'edited', before, written, after: written, file: undefined };
}

function read(path: string, written: string | undefined, before: string): object {
  const { postfix, dovecot, inexpressible } = handEditsOf([edited(path, written, before)]);
  return { postfix: Object.fromEntries(postfix), dovecot, inexpressible: inexpressible.length };
}

const nothing = { postfix: {}, dovecot: [], inexpressible: 0 };

describe('edits of main.cf', () => {
  it.each([
    ['a changed value', 'a = 1\nb = 2\n', 'a = 1\nb = 3\n', { b: '3' }],
    ['a new parameter', 'a = 1\n', 'a = 1\nnew_one=x y\n', { new_one: 'x y' }],
    ['several lines', 'a = 1\n', 'a = 1,\n  2,\n\n# no\n  3\n', { a: '1, 2, 3' }],
    ['comments and blanks', 'a = 1\n', '# hello\n\na  =  1\n', {}],
    ['of two the later', 'a = 1\n', 'a = 1\na = 2\n', { a: '2' }],
  ])('%s', (_, written, before, postfix) => {
    expect(read(MAIN_CF, written, before)).toEqual({ ...nothing, postfix });
  });

  it('what is gone cannot be said', () => {
    expect(read(MAIN_CF, 'a = 1\nb = 2\n', 'a = 1\n')).toEqual({ ...nothing, inexpressible: 1 });
  });
});

describe('edits of dovecot.conf', () => {
  const conf = 'a = 1\nservice x {\n  port = 1\n}\nplugin {\n  quota = 1\n}\n';
  it.each([
    [
      'lines at the end',
      `${conf}\n# mine\nb = 2\nprotocol imap {\n  c = 3\n}\n`,
      ['b = 2', 'protocol imap {', 'c = 3', '}'],
    ],
    ['a changed value outside blocks', conf.replace('a = 1', 'a = 2'), ['a = 2']],
    ['a value of several lines', conf.replace('a = 1', 'a = 2 \\\n  3'), ['a = 2 \\\n3']],
    ['a new setting at the top', `b = 1\n${conf}`, ['b = 1']],
  ])('%s', (_, before, dovecot) => {
    expect(read(DOVECOT, conf, before)).toEqual({ ...nothing, dovecot });
  });

  it.each([
    ['inside a block', conf.replace('port = 1', 'port = 2')],
    ['a setting that is gone', conf.replace('a = 1\n', '')],
  ])('%s cannot be said', (_, before) => {
    expect(read(DOVECOT, conf, before)).toEqual({ ...nothing, inexpressible: 1 });
  });
});

it('what an apply that was cut off wrote is no edit', () => {
  const change = { ...edited(MAIN_CF, 'a = 1\nb = 2\nc = 3\n', 'a = 9\nd = 4\nc = 3\n'), after: 'a = 9\nc = 3\n' };
  const { postfix, inexpressible } = handEditsOf([change]);
  expect([Object.fromEntries(postfix), inexpressible]).toEqual([{ d: '4' }, []]);
});

describe('dovecot.conf after an apply that was cut off', () => {
  const last = 'a = 1\nz = 0\nservice x {\n  unix_listener in-force-1 {\n  }\n}\n';
  const due = 'a = 2\nservice x {\n  unix_listener in-force-2 {\n  }\n}\n';
  const readWith = (before: string): object => {
    const { dovecot, inexpressible, comments } = handEditsOf([{ ...edited(DOVECOT, last, before), after: due }]);
    return { dovecot, inexpressible: inexpressible.length, comments };
  };

  it.each([
    ['lines behind what it wrote', `${due}b = 2\n`, ['b = 2']],
    ['lines behind what it did not get to', `${last}b = 2\n`, ['b = 2']],
    ['a changed value in what it wrote', due.replace('a = 2', 'a = 3'), ['a = 3']],
    ['a changed value in what it did not get to', last.replace('a = 1', 'a = 3'), ['a = 3']],
    ['what will be so anyway is no edit', last.replace('a = 1\nz = 0', 'a = 2\nb = 2'), ['b = 2']],
  ])('%s', (_, before, dovecot) => {
    expect(readWith(before)).toEqual({ dovecot, inexpressible: 0, comments: [] });
  });

  it.each([
    ['within a block', due.replace('in-force-2', 'mine')],
    ['a setting that is gone', due.replace('a = 2\n', '')],
  ])('%s cannot be said', (_, before) => {
    expect(readWith(before)).toEqual({ dovecot: [], inexpressible: 1, comments: [] });
  });

  it('what it wrote as the first is known as well, and its comments are no loss', () => {
    const { dovecot, inexpressible, comments } = handEditsOf([
      { ...edited(DOVECOT, undefined, '# ours\na = 1\nb = 2\n'), after: '# ours\na = 1\n' },
    ]);
    expect([dovecot, inexpressible, comments]).toEqual([['b = 2'], [], []]);
  });
});

it('comments that nothing keeps are told of', () => {
  const about = (before: string): readonly string[] =>
    handEditsOf([edited(MAIN_CF, '# ours\na = 1\n', before)]).comments;
  expect(about('# ours\n# mine\na = 1\n')).toEqual([MAIN_CF]);
  expect(about('  # ours\na = 2\n')).toEqual([]);
});

it('other files, and files whose earlier content is lost, cannot be said', () => {
  expect(read('etc/postfix/master.cf', 'a', 'b')).toEqual({ ...nothing, inexpressible: 1 });
  expect(read(MAIN_CF, undefined, 'b = 1')).toEqual({ ...nothing, inexpressible: 1 });
});

it('files that are ours or never were are no edits', () => {
  const file = edited(MAIN_CF, 'a = 1\n', 'a = 2\n');
  const { postfix } = handEditsOf([
    { ...file, present: 'ours' },
    { ...file, present: 'foreign' },
  ]);
  expect([...postfix]).toEqual([]);
});
