import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unifiedDiff } from '../../../src/core/plan/diff.ts';
import { maskAccountFiles, maskFetchFiles, maskRelayLogins } from '../../../src/core/plan/mask.ts';
import type { FileChange } from '../../../src/core/plan/plan.ts';
import { HEADER } from '../../../src/core/render/rendered-file.ts';

const HASH = '{SHA512-CRYPT}$6$secret';
const line = (name: string, hash = HASH, rest = '::::::'): string => `${name}@example.com:${hash}${rest}\n`;
const FORMER = '::::::userdb_user=b@example.com';
const QUOTA = '::::::userdb_quota_rule=*:bytes=5';

describe('the account file as it is shown', () => {
  it.each([
    ['nothing before', undefined, line('a'), undefined, 'a@example.com:<hidden>::::::\n'],
    ['nothing after', line('a'), undefined, 'a@example.com:<hidden>::::::\n', undefined],
    ['the same', line('a'), line('a'), 'a@example.com:<hidden>::::::\n', 'a@example.com:<hidden>::::::\n'],
    [
      'a password that changes',
      line('a'),
      line('a', '{X}y'),
      'a@example.com:<hidden>::::::\n',
      'a@example.com:<hidden, changed>::::::\n',
    ],
    [
      'a quota that changes',
      line('a'),
      line('a', HASH, QUOTA),
      'a@example.com:<hidden>::::::\n',
      `a@example.com:<hidden>${QUOTA}\n`,
    ],
    [
      'a user who comes',
      line('a'),
      line('a') + line('b'),
      'a@example.com:<hidden>::::::\n',
      'a@example.com:<hidden>::::::\nb@example.com:<hidden>::::::\n',
    ],
    [
      'a former address',
      line('a', HASH, `${FORMER} userdb_quota_rule=*:bytes=5`),
      line('a', HASH, FORMER),
      `a@example.com:<hidden>${FORMER} userdb_quota_rule=*:bytes=5\n`,
      `a@example.com:<hidden>${FORMER}\n`,
    ],
    ['a hash as a former address', `a@example.com:x::::::userdb_user=${HASH}\n`, '', '<hidden line>\n', ''],
    ['a hash on a line of its own', `${HASH}\n`, '', '<hidden line>\n', ''],
    ['a hash in another field', `a@example.com::${HASH}:::::\n`, '', '<hidden line>\n', ''],
    ['a hash behind the quota', `a@example.com:x${QUOTA} password=${HASH}\n`, '', '<hidden line>\n', ''],
    ['a hash as the name', `${HASH}:x::::::\n`, '', '<hidden line>\n', ''],
    ['a comment', `# a@example.com:${HASH}\n`, '', '<hidden line>\n', ''],
    ['a carriage return', `a@example.com:${HASH}::::::\r\n`, '', '<hidden line>\n', ''],
    ['no line break at the end', `a@example.com:${HASH}::::::`, '', 'a@example.com:<hidden>::::::', ''],
  ])('%s', (_, before, after, shownBefore, shownAfter) => {
    expect(maskAccountFiles(before, after)).toEqual({ before: shownBefore, after: shownAfter });
  });

  it('never shows a hash, wherever in a file it is', () => {
    const text = fc.stringMatching(/^[a#@.:{}$ \n\r\t=*]{0,30}$/);
    fc.assert(
      fc.property(text, text, (head, tail) => {
        const { before, after } = maskAccountFiles(`${head}${HASH}${tail}`, `${tail}${HASH}${head}`);
        expect(`${before}${after}`).not.toContain('secret');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('diffs', () => {
  const change = (path: string, before: string | undefined, after: string | undefined, secret = true): FileChange => ({
    path,
    reason: 'a test',
    change: 'changed',
    present: 'ours',
    before,
    after,
    file:
      after === undefined
        ? undefined
        : {
            path,
            reason: '',
            content: after,
            mode: 0o640,
            owner: 'root',
            group: 'root',
            onChange: 'nothing',
            ...(secret ? { secret: 'account-file' } : {}),
          },
  });
  const ACCOUNTS = 'etc/dovecot/eboxmail/users';

  it('show that a password changes, and not to what', () => {
    expect(unifiedDiff(change(ACCOUNTS, line('a'), line('a', '{X}other')))).toBe(
      `--- a/${ACCOUNTS}\n+++ b/${ACCOUNTS}\n@@ -1,1 +1,1 @@\n-a@example.com:<hidden>::::::\n+a@example.com:<hidden, changed>::::::\n`,
    );
  });

  it.each([
    ['a new file', undefined, line('a')],
    ['a removed file, which is rendered no more', line('a'), undefined],
    ['a file of somebody else', `root:${HASH}:0:0\n${HASH}\n`, line('a')],
  ])('hide hashes in %s', (_, before, after) => {
    const diff = unifiedDiff(change(ACCOUNTS, before, after));
    expect(diff).not.toBe('');
    expect(diff).not.toContain('secret');
  });

  it.each([
    ['new', undefined, 'x\n', '--- /dev/null\n+++ b/etc/x\n@@ -0,0 +1,1 @@\n+x\n'],
    ['gone', 'x\n', undefined, '--- a/etc/x\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n'],
    ['changed', 'x\ny\n', 'x\nz\n', '--- a/etc/x\n+++ b/etc/x\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n'],
    ['the same', 'x\n', 'x\n', ''],
  ])('of other files: %s', (_, before, after, diff) => {
    expect(unifiedDiff(change('etc/x', before, after, false))).toBe(diff);
  });
});

describe('a table of logins at relays as it is shown', () => {
  const PATH = 'etc/postfix/eboxmail/relay_login.smarthost';
  const login = (password: string, key = '[a.example]:587'): string => `${HEADER}\n${key} us er:${password}\n`;
  const masked = (before: string | undefined, after: string | undefined): unknown => maskRelayLogins(before, after);

  it('says that a password changes, and not to what', () => {
    const shown = (text: string): string => `${HEADER}\n[a.example]:587 ${text}\n`;
    expect(masked(undefined, login('secret'))).toEqual({ before: undefined, after: shown('<hidden>') });
    expect(masked(login('secret'), login('secret 2'))).toEqual({
      before: shown('<hidden>'),
      after: shown('<hidden, changed>'),
    });
    expect(masked(login('secret'), login('secret'))).toEqual({ before: shown('<hidden>'), after: shown('<hidden>') });
    expect(masked(login('secret', '[::1]:25'), undefined)).toEqual({
      before: `${HEADER}\n[::1]:25 <hidden>\n`,
      after: undefined,
    });
  });

  it('hides what is not ours whole', () => {
    expect(masked('secret\n#secret\n a.example:25 secret\nsecret a.example:25\n', '')).toEqual({
      before: '<hidden line>\n'.repeat(4),
      after: '',
    });
  });

  it('is masked by its path when it goes', () => {
    const gone: FileChange = {
      path: PATH,
      reason: '',
      change: 'removed',
      present: 'ours',
      before: login('secret'),
      after: undefined,
      file: undefined,
    };
    expect(unifiedDiff(gone)).toContain('-[a.example]:587 <hidden>');
    expect(unifiedDiff(gone)).not.toContain('secret');
  });
});

describe("fetchmail's file as it is shown", () => {
  const file = (password: string): string =>
    `# ours\nset no syslog\n  user "password" is "a@b.c" here\n  password ${password}\n  keep\n`;
  const plain = (password: string): string => file(password).replace('"password"', '"a"');

  it('has no password, and tells that it changed', () => {
    const { before, after } = maskFetchFiles(plain('"geheim\\x22"'), plain('"neu"'));
    expect(before).toBe(plain('<hidden>'));
    expect(after).toBe(plain('<hidden, changed>'));
    expect(maskFetchFiles(undefined, plain('"neu"'))).toEqual({ before: undefined, after: plain('<hidden>') });
    expect(maskFetchFiles(plain('"neu"'), undefined)).toEqual({ before: plain('<hidden>'), after: undefined });
  });

  it.each([
    ['two', `${plain('"geheim"')}  password "geheim"\n`],
    ['other quotes', plain("'geheim'")],
    ['other words', plain('"x"').replace('password', 'pass geheim')],
    ['the word in a name', file('"geheim"')],
    ['something behind it', plain('"x" geheim')],
  ])('is hidden whole when it is not as we write it: %s', (_, text) => {
    expect(maskFetchFiles(text, plain('"x"')).before).toBe('<hidden>\n');
  });

  it('is masked in the diff of a file that is removed too', () => {
    const change: FileChange = {
      path: 'etc/fetchmail/eboxmail/pop3_x_y.rc',
      reason: '',
      change: 'removed',
      present: 'ours',
      before: plain('"geheim"'),
      after: undefined,
      file: undefined,
    };
    expect(unifiedDiff(change)).toContain('password <hidden>');
    expect(unifiedDiff(change)).not.toContain('geheim');
  });
});
