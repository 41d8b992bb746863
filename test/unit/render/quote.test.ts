import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  quoteAccountField,
  quoteCron,
  quoteDovecot,
  quoteDovecotFile,
  quoteFetchmail,
  quoteMainCf,
  quoteMasterCf,
  quoteRedis,
  quoteShell,
  quoteTableItem,
  quoteTableKey,
  quoteUnitWord,
} from '../../../src/core/render/quote.ts';
import { exec } from '../../../src/system/exec.ts';

const QUOTES = {
  quoteMainCf,
  quoteMasterCf,
  quoteTableKey,
  quoteTableItem,
  quoteAccountField,
  quoteDovecot,
  quoteDovecotFile,
  quoteShell,
  quoteCron,
  quoteUnitWord,
  quoteFetchmail,
  quoteRedis,
};

/** What would end a line or a word, or be acted on, in no format. */
const CONTROLS = ['\n', '\r', '\t', '\0', '\x0b', '\x1b', '\x7f', '\u0085', '\u2028', '\u2029'];

describe.each(Object.entries(QUOTES))('%s', (_, quote) => {
  it.each(CONTROLS)('refuses %j anywhere', (character) => {
    for (const text of [character, `/a${character}b`, `${character}/a`, `/a${character}`])
      expect(() => quote(text)).toThrow();
  });

  it('lets no control character through, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
        let quoted = '';
        try {
          quoted = quote(text);
        } catch {
          return;
        }
        expect(quoted).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      }),
      { numRuns: 500 },
    );
  });

  it('does not tell what it refused: it may be a secret', () => {
    expect(() => quote('secret\n')).toThrow(expect.not.stringContaining('secret') as unknown);
  });
});

describe('main.cf', () => {
  it.each([
    ['a b, c', 'a b, c'],
    ['$myhostname ${x}', '$$myhostname $${x}'],
    ['#x', '#x'],
    ['', ''],
    [26_214_400, '26214400'],
  ])('%j is %j', (value, text) => expect(quoteMainCf(value)).toBe(text));
  it.each([' a', 'a ', '\u00a0a'])('refuses %j', (value) => expect(() => quoteMainCf(value)).toThrow());
});

describe('master.cf', () => {
  it.each(['127.0.0.1:25', '[::1]:25', '/srv/x_y', 25])('%j stays', (value) =>
    expect(quoteMasterCf(value)).toBe(String(value)),
  );
  it.each(['a b', '{a', 'a}', '$x', '#a'])('refuses %j', (value) => expect(() => quoteMasterCf(value)).toThrow());
});

describe('keys of tables', () => {
  it.each(['alice@example.com', 'example.com', '@example.com', 'a#b'])('%j stays', (key) =>
    expect(quoteTableKey(key)).toBe(key),
  );
  it.each(['', 'a b', '#a', '"a"', '\u3000a'])('refuses %j', (key) => expect(() => quoteTableKey(key)).toThrow());
});

describe('items of tables', () => {
  it.each(['alice@example.com', 'OK', 'root', "O'Brien+x=1&y~^?@example.com"])('%j stays', (item) =>
    expect(quoteTableItem(item)).toBe(item),
  );
  it.each([
    '',
    'a b',
    'a,b',
    '"|x"',
    '|/bin/sh',
    '/etc/passwd',
    ':include:/x',
    '#a',
    '-oQ@a.b',
    'a\\b',
    '(x)',
    '<a>',
    'a;b',
  ])('refuses %j', (item) => expect(() => quoteTableItem(item)).toThrow());
});

describe('fields of the account file', () => {
  it.each(['alice@example.com', '{SHA512-CRYPT}$6$a/b.c', '{PLAIN.HEX}00ff', ''])('%j stays', (field) =>
    expect(quoteAccountField(field)).toBe(field),
  );
  it.each(['a:b', 'a b', '#a', 'a\u00a0b'])('refuses %j', (field) => expect(() => quoteAccountField(field)).toThrow());
});

describe('dovecot.conf', () => {
  it.each([
    ['/var/vmail', '/var/vmail'],
    ['192.0.2.1 ::1', '"192.0.2.1 ::1"'],
    [5000, '5000'],
    ['', '""'],
    ['a#b', '"a#b"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['<x', '"<x"'],
  ])('%j is %j', (value, text) => expect(quoteDovecot(value)).toBe(text));
  it.each(['%u', '$x', '100%'])('refuses %j', (value) => expect(() => quoteDovecot(value)).toThrow());

  it.each(['/etc/ssl/mail.pem', '/srv/100%/müll+(1)=;.pem', '/a$b'])('the file %j stays', (path) =>
    expect(quoteDovecotFile(path)).toBe(path),
  );
  it.each(['', 'a.pem', '/a b', '/a#b', '/"a"', "/'a'", '/a\\b'])('refuses the file %j', (path) =>
    expect(() => quoteDovecotFile(path)).toThrow(),
  );
});

describe('commands', () => {
  const odd = `it's 100% "$HOME" \\ \`id\` #`;

  it('a shell reads back what was quoted', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !/[\p{Cc}\u2028\u2029]/u.test(value));
    const values = [odd, ...fc.sample(text, 100)];
    const { stdout } = await exec('sh', ['-c', `printf '%s\\n' ${values.map(quoteShell).join(' ')}`]);
    expect(stdout.split('\n')).toEqual([...values, '']);
  });

  it('cron gets no bare %, and systemd neither % nor $ that it would expand', () => {
    expect(quoteCron(odd)).toBe(`'it'\\''s 100\\% "$HOME" \\ \`id\` #'`);
    expect(quoteUnitWord(odd)).toBe(`"it's 100%% \\"$$HOME\\" \\\\ \`id\` #"`);
  });
});

describe("fetchmail's file", () => {
  it.each([
    ['', '""'],
    ['alice@isp.example', '"alice@isp.example"'],
    ['/var/lib/x_y-z', '"/var/lib/x_y-z"'],
    ['a"b', '"a\\x22b"'],
    ['p\\w $x%#', '"p\\x5cw\\x20\\x24x\\x25\\x23"'],
    ['ñ', '"\\xc3\\xb1"'],
  ])('%j is %s', (value, text) => expect(quoteFetchmail(value)).toBe(text));
});
