import { describe, expect, it } from 'vitest';
import { mailboxesMeanwhile } from '../../../src/core/plan/table-moves.ts';

const tables = (mailboxes: string, aliases: string): { mailboxes: string; aliases: string } => ({
  mailboxes: `# ours\n${mailboxes}`,
  aliases: `# ours\n${aliases}`,
});
const [A, B] = ['a@x.test OK\n', 'b@x.test OK\n'];

describe('the table of mailboxes while that of aliases is still the old one', () => {
  it.each([
    ['a mailbox becomes an alias', tables(A + B, ''), tables(B, 'a@x.test b@x.test\n'), `# ours\n${B}${A}`],
    [
      'one does, and an alias becomes a mailbox',
      tables(A, 'b@x.test a@x.test\n'),
      tables(B, 'a@x.test b@x.test\n'),
      `# ours\n${B}${A}`,
    ],
    ['a mailbox goes where a catch-all comes', tables(A + B, ''), tables(B, '@x.test b@x.test\n'), `# ours\n${B}${A}`],
  ])('holds both where %s', (_, now, then, expected) => {
    expect(mailboxesMeanwhile(now, then)).toBe(expected);
  });

  it.each([
    ['an alias becomes a mailbox', tables(A, 'b@x.test a@x.test\n'), tables(A + B, '')],
    ['a mailbox goes', tables(A + B, ''), tables(B, 'c@x.test b@x.test\n')],
    [
      'a mailbox goes where a catch-all is',
      tables(A + B, '@x.test b@x.test\n'),
      tables(B, '@x.test b@x.test, d@y.test\n'),
    ],
    ['one table stays as it is', tables(A + B, ''), tables(B, '')],
  ])('is the new one where %s', (_, now, then) => {
    expect(mailboxesMeanwhile(now, then)).toBeUndefined();
  });

  it('is the new one where there was none, and nothing where there is none', () => {
    expect(mailboxesMeanwhile({ mailboxes: undefined, aliases: undefined }, tables(A, ''))).toBeUndefined();
    expect(mailboxesMeanwhile(tables(A, ''), { mailboxes: undefined, aliases: undefined })).toBeUndefined();
  });
});
