import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approximateSize, formatDays, formatSize, parseDays, parseSize } from '../../../src/core/units.ts';

describe('sizes', () => {
  it.each([
    ['1 B', 1],
    ['100 kB', 102_400],
    ['1 MB', 1_048_576],
    ['25 MB', 26_214_400],
    ['1.5 GB', 1_610_612_736],
    ['2TB', 2_199_023_255_552],
    ['1 gb', 1_073_741_824],
    ['0.001 kB', 1],
    ['unlimited', null],
    ['Unlimited', null],
  ])('%s is %s bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each([
    '',
    '5',
    'MB',
    '-1 MB',
    '+1 MB',
    '1e3 MB',
    '0 B',
    '0.0 GB',
    '0.4 B',
    '1 MiB',
    '1 M',
    '1,5 MB',
    '1 MB x',
    '1. MB',
    '.5 MB',
    'NaN MB',
    'Infinity',
    '99999999999999 TB',
    '1 MB\nx',
    'default',
  ])('%j is none', (text) => expect(parseSize(text)).toBeUndefined());

  it.each([
    [null, 'unlimited'],
    [1, '1 B'],
    [1000, '1000 B'],
    [1024, '1 kB'],
    [1_048_576, '1 MB'],
    [1_610_612_736, '1536 MB'],
    [2 ** 40, '1 TB'],
    [2 ** 40 + 1, '1099511627777 B'],
  ])('%s bytes are %s', (bytes, text) => expect(formatSize(bytes)).toBe(text));

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 kB'],
    [1_600_000, '1.5 MB'],
    [30 * 1024 ** 3, '30 GB'],
    [2 ** 41, '2.0 TB'],
  ])('%s counted bytes are about %s', (bytes, text) => expect(approximateSize(bytes)).toBe(text));

  it('read back what they are written as', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });
});

describe('days', () => {
  it.each([
    ['30 d', 30],
    ['30d', 30],
    ['30', 30],
    ['99999 d', 99_999],
    ['never', null],
  ])('%s is %s', (text, days) => expect(parseDays(text)).toBe(days));

  it.each(['', '0', '0 d', '-1 d', '1.5 d', '30 days', '1 w', '100000 d', 'Never', '30 d\n', 'default', '٣ d'])(
    '%j is none',
    (text) => expect(parseDays(text)).toBeUndefined(),
  );

  it('are written as the state has them', () => {
    expect([formatDays(1), formatDays(30), formatDays(null)]).toEqual(['1 d', '30 d', 'never']);
  });
});
