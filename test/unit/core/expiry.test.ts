import { describe, expect, it } from 'vitest';
import { dueQuery, expiringFolders, expiryWords } from '../../../src/core/expiry.ts';

const NOW = Date.parse('2026-03-01T12:00:00.500Z');

describe('expiry', () => {
  it('has only folders that expire', () => {
    expect(expiringFolders({ trash: null, spam: null, basis: 'saved' })).toEqual([]);
    expect(expiringFolders({ trash: 3, spam: 5, basis: 'saved' })).toEqual([
      { folder: 'Trash', days: 3 },
      { folder: 'Spam', days: 5 },
    ]);
  });

  it('asks for whole days before this second', () => {
    const before = String(Date.parse('2026-02-27T12:00:00Z') / 1000);
    expect(dueQuery({ folder: 'Spam', days: 2 }, 'saved', NOW)).toEqual(['mailbox', 'Spam', 'savedbefore', before]);
    expect(dueQuery({ folder: 'Trash', days: 2 }, 'date', NOW)).toEqual(['mailbox', 'Trash', 'sentbefore', before]);
  });

  it.each([
    [{ trash: null, spam: null, basis: 'date' } as const, 'nothing'],
    [{ trash: 1, spam: null, basis: 'saved' } as const, 'mail in Trash after 1 d (since it came there)'],
    [{ trash: 1, spam: 2, basis: 'date' } as const, 'mail in Trash after 1 d and in Spam after 2 d (by its own date)'],
  ])('%j: %s', (expiry, words) => expect(expiryWords(expiry)).toBe(words));
});
