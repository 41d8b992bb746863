import { describe, expect, it } from 'vitest';
import { passwordForAccountFile, whyNotPassword } from '../../../src/core/state/read/password.ts';

describe('passwords in the state', () => {
  it.each([
    '{SHA512-CRYPT}$6$rounds=100000$salt$hash./',
    '{sha512-crypt}$6$x',
    '{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA',
    '{SSHA256}ab+/==',
    '{SSHA512.HEX}00ff',
    '{PLAIN}a b:c#d%e',
    '{PLAIN} ',
    '{CLEARTEXT}{X}',
  ])('%s can stand', (text) => expect(whyNotPassword(text)).toBeUndefined());

  it.each([
    ['', 'has no {SCHEME} in front, so it may be clear text'],
    ['hunter2', 'has no {SCHEME} in front, so it may be clear text'],
    ['hunter2{PLAIN}x', 'has no {SCHEME} in front, so it may be clear text'],
    ['{}hunter2', 'has no {SCHEME} in front, so it may be clear text'],
    ['{SHA512_CRYPT}hunter2', 'has no {SCHEME} in front, so it may be clear text'],
    ['{ROT13}hunter2', 'has a scheme that Dovecot does not know: {ROT13}'],
    ['{SHA512-CRYPT}', 'is empty after its scheme'],
    ['{PLAIN}', 'is empty after its scheme'],
    ['{SHA512-CRYPT}hunter2:x', 'has a blank, a colon or a control character in its hash'],
    ['{SHA512-CRYPT}hunter2\n', 'has a blank, a colon or a control character in its hash'],
    ['{SHA512-CRYPT}hunter2\u200b', 'has a blank, a colon or a control character in its hash'],
  ])('%j cannot', (text, why) => {
    expect(whyNotPassword(text)).toBe(why);
    expect(why).not.toContain('hunter2');
  });
});

describe('passwords in the account file', () => {
  it.each([
    ['{SHA512-CRYPT}$6$x', '{SHA512-CRYPT}$6$x'],
    ['{PLAIN}a:b', '{PLAIN.HEX}613a62'],
    ['{clear}ü', '{PLAIN.HEX}c3bc'],
    ['{CLEARTEXT}{PLAIN}', '{PLAIN.HEX}7b504c41494e7d'],
    ['{PLAIN.B64}c2VjcmV0', '{PLAIN.B64}c2VjcmV0'],
  ])('%s is %s', (text, field) => expect(passwordForAccountFile(text)).toBe(field));
});
