import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatAddress,
  nameCharacter,
  parseAnyAddress,
  parseDomain,
  parseManagedAddress,
  whyNotManagedLocalPart,
} from '../../../src/core/address.ts';

/** The domain, or why it is none. */
function domain(text: string): string {
  const parsed = parseDomain(text);
  return parsed.ok ? parsed.value : `(it ${parsed.why})`;
}

function managed(text: string): string {
  const parsed = parseManagedAddress(text);
  return parsed.ok ? formatAddress(parsed.value) : `(it ${parsed.why})`;
}

function any(text: string): string {
  const parsed = parseAnyAddress(text);
  return parsed.ok ? formatAddress(parsed.value) : `(it ${parsed.why})`;
}

const LONG = 'a'.repeat(63);

describe('domains', () => {
  it.each([
    ['example.com', 'example.com'],
    ['EXAMPLE.Com', 'example.com'],
    ['a.b.c.d.example', 'a.b.c.d.example'],
    ['1and1.example', '1and1.example'],
    ['3com.1x', '3com.1x'],
    ['a--b.example', 'a--b.example'],
    ['München.example', 'xn--mnchen-3ya.example'],
    ['XN--MNCHEN-3YA.example', 'xn--mnchen-3ya.example'],
    ['mu\u0308nchen.example', 'xn--mnchen-3ya.example'],
    ['straße.example', 'xn--strae-oqa.example'],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
    [`${LONG}.example`, `${LONG}.example`],
    [`${LONG}.${LONG}.${LONG}.${'b'.repeat(61)}`, `${LONG}.${LONG}.${LONG}.${'b'.repeat(61)}`],
  ])('%s is %s', (text, expected) => expect(domain(text)).toBe(expected));

  it.each([
    ['', '(it is empty)'],
    ['localhost', '(it has no dot: write the full name)'],
    ['example', '(it has no dot: write the full name)'],
    ['1.2.3.4', '(it looks like an IP address)'],
    ['１.２.３.４', '(it looks like an IP address)'],
    ['example.123', '(it looks like an IP address)'],
    ['.example.com', '(it has an empty part (two dots in a row, or a dot at the beginning or end))'],
    ['example.com.', '(it has an empty part (two dots in a row, or a dot at the beginning or end))'],
    ['a..b', '(it has an empty part (two dots in a row, or a dot at the beginning or end))'],
    ['-a.example', '(it has a part that begins or ends with "-")'],
    ['a-.example', '(it has a part that begins or ends with "-")'],
    ['xn--a.example', '(it has a part that is no valid A-label)'],
    [`${LONG}a.example`, '(it has a part longer than 63 characters)'],
    [`${'ü'.repeat(60)}.example`, '(it has a part longer than 63 characters)'],
    [`${LONG}.${LONG}.${LONG}.${'b'.repeat(62)}`, '(it is longer than 253 characters)'],
    ['a b.example', '(it contains a space)'],
    ['a\tb.example', '(it contains a tab)'],
    ['a\nb.example', '(it contains a line break)'],
    ['a\0b.example', '(it contains a NUL character)'],
    ['a_b.example', '(it contains "_")'],
    ['a@b.example', '(it contains "@")'],
    ['a/b.example', '(it contains "/")'],
    ['a:b.example', '(it contains ":")'],
    ['"a".example', '(it contains a double quote)'],
    ['$a.example', '(it contains "$")'],
    ['%d.example', '(it contains "%")'],
    ['a\u202eb.example', '(it contains the character U+202E)'],
    ['a。b', '(it contains "。")'],
    ['🔑.example', '(it contains "🔑")'],
  ])('%j is none: %s', (text, expected) => expect(domain(text)).toBe(expected));

  it('stay as they are once they are A-labels in lower case', () => {
    const label = fc.stringMatching(/^[a-zA-Z0-9ßüéñжا日-]{1,12}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 4 }), (labels) => {
        const parsed = parseDomain(labels.join('.'));
        if (!parsed.ok) return;
        expect(parsed.value).toMatch(/^[a-z0-9.-]+$/);
        expect(parseDomain(parsed.value)).toEqual(parsed);
        expect(parseDomain(parsed.value.toUpperCase())).toEqual(parsed);
      }),
    );
  });
});

describe('managed addresses', () => {
  it.each([
    ['alice@example.com', 'alice@example.com'],
    ['Alice@EXAMPLE.com', 'alice@example.com'],
    ['a@example.com', 'a@example.com'],
    ['0@example.com', '0@example.com'],
    ['_a-b_.c@example.com', '_a-b_.c@example.com'],
    ['a-@example.com', 'a-@example.com'],
    [`${LONG}x@example.com`, `${LONG}x@example.com`],
    ['alice@Bücher.example', 'alice@xn--bcher-kva.example'],
    ['postmaster@example.com', 'postmaster@example.com'],
  ])('%s is %s', (text, expected) => expect(managed(text)).toBe(expected));

  const only = (character: string) =>
    `(it contains ${character} before the "@" (letters, digits and . _ - are allowed))`;
  it.each([
    ['', '(it has no "@")'],
    ['alice', '(it has no "@")'],
    ['@example.com', '(it has nothing before the "@")'],
    ['alice@', '(it has a domain that is empty)'],
    ['a@b@example.com', '(it has more than one "@")'],
    ['"a@b"@example.com', '(it has more than one "@")'],
    ['alice+tag@example.com', '(it contains "+" before the "@", which separates the detail of a plus-address)'],
    ['-alice@example.com', '(it begins with "-")'],
    ['.alice@example.com', '(it has a misplaced dot before the "@")'],
    ['alice.@example.com', '(it has a misplaced dot before the "@")'],
    ['al..ice@example.com', '(it has a misplaced dot before the "@")'],
    ['mailer-daemon@example.com', '(it has a local part that is reserved for the mail system itself)'],
    ['Double-Bounce@example.com', '(it has a local part that is reserved for the mail system itself)'],
    [`${LONG}xy@example.com`, '(it has more than 64 characters before the "@")'],
    [`a@${LONG}.${LONG}.${LONG}.${'b'.repeat(61)}`, '(it is longer than 254 characters)'],
    [
      `a@${'ü'.repeat(30)}.${'ü'.repeat(50)}.${'ü'.repeat(50)}.${'ü'.repeat(50)}.${'ü'.repeat(50)}`,
      '(it has a domain that is longer than 253 characters)',
    ],
    ['al ice@example.com', only('a space')],
    ['a:b@example.com', only('":"')],
    ['a/b@example.com', only('"/"')],
    ['../b@example.com', only('"/"')],
    ['#a@example.com', only('"#"')],
    ['a,b@example.com', only('","')],
    ["o'brien@example.com", only('"\'"')],
    ['a\\b@example.com', only('"\\"')],
    ['a\nb@example.com', only('a line break')],
    ['a\r@example.com', only('a carriage return')],
    ['ü@example.com', only('"ü"')],
    ['ſ@example.com', only('"ſ"')],
    ['\u212a@example.com', only('"\u212a"')],
    ['alice@example.com\n', '(it has a domain that contains a line break)'],
    ['alice@[192.0.2.1]', '(it has a domain that contains "[")'],
  ])('%j is none: %s', (text, expected) => expect(managed(text)).toBe(expected));

  it('are the same in whatever case they are written', () => {
    const text = fc.stringMatching(/^[a-z0-9._+-]{0,6}@[a-z0-9.-]{0,9}$/);
    fc.assert(
      fc.property(text, (address) => {
        expect(parseManagedAddress(address.toUpperCase())).toEqual(parseManagedAddress(address));
      }),
      { numRuns: 500 },
    );
  });

  it('are addresses elsewhere too', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9._-]{1,8}@[a-z0-9]{1,3}\.[a-z]{2,3}$/), (address) => {
        const parsed = parseManagedAddress(address);
        if (parsed.ok) expect(parseAnyAddress(address)).toEqual(parsed);
      }),
    );
  });
});

describe('addresses elsewhere', () => {
  it.each([
    ['Alice@Example.COM', 'Alice@example.com'],
    ["O'Brien+tag=x&y~z^?@example.com", "O'Brien+tag=x&y~z^?@example.com"],
    ['a@Bücher.example', 'a@xn--bcher-kva.example'],
    ['root@mx.example.com', 'root@mx.example.com'],
  ])('%s is %s', (text, expected) => expect(any(text)).toBe(expected));

  it.each([
    ['|/bin/sh@example.com', '(it contains "|" before the "@")'],
    ['/etc/passwd@example.com', '(it contains "/" before the "@")'],
    [':include:/x@example.com', '(it contains ":" before the "@")'],
    ['a,b@example.com', '(it contains "," before the "@")'],
    ['a;b@example.com', '(it contains ";" before the "@")'],
    ['<a@example.com', '(it contains "<" before the "@")'],
    ['(a)@example.com', '(it contains "(" before the "@")'],
    ['"a b"@example.com', '(it contains a double quote before the "@")'],
    ['a\\b@example.com', '(it contains "\\" before the "@")'],
    ['a!b@example.com', '(it contains "!" before the "@")'],
    ['a%b@example.com', '(it contains "%" before the "@")'],
    ['$a@example.com', '(it contains "$" before the "@")'],
    ['#a@example.com', '(it contains "#" before the "@")'],
    ['-oQ@example.com', '(it begins with "-")'],
    ['a..b@example.com', '(it has a misplaced dot before the "@")'],
    ['ü@example.com', '(it contains "ü" before the "@")'],
    ['a\u2028b@example.com', '(it contains the character U+2028 before the "@")'],
    ['a@localhost', '(it has a domain that has no dot: write the full name)'],
  ])('%j is none: %s', (text, expected) => expect(any(text)).toBe(expected));
});

describe('local parts', () => {
  it.each(['a', 'a.b', '_', '0-'])('%j can be managed', (local) =>
    expect(whyNotManagedLocalPart(local)).toBeUndefined(),
  );
  it.each(['', 'A', 'a+b', '-', '.', 'a..b', 'mailer-daemon', 'a'.repeat(65)])('%j cannot', (local) =>
    expect(whyNotManagedLocalPart(local)).toBeTypeOf('string'),
  );
});

describe('characters in messages', () => {
  it.each([
    ['\n', 'a line break'],
    ['"', 'a double quote'],
    ['\x1b', 'the character U+001B'],
    ['\u00a0', 'the character U+00A0'],
    ['\u{e0001}', 'the character U+E0001'],
    ['ü', '"ü"'],
  ])('%j is %s', (character, words) => expect(nameCharacter(character)).toBe(words));
});
