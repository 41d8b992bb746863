import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { appendToMailboxLog, readMailboxLog } from '../../../src/system/mailbox-log.ts';

let lib = '';
beforeEach(() => {
  lib = mkdtempSync(join(tmpdir(), 'eboxmail-log-'));
});
afterEach(() => rmSync(lib, { recursive: true }));

const add = (address: string): number => appendToMailboxLog(lib, 0, '', { kind: 'new', address });
const addresses = (): unknown[] => readMailboxLog(lib).map((event) => (event.kind === 'new' ? event.address : event));

it('what a writer that was killed has begun is no event, and no damage to the next one', () => {
  add('a@a.test');
  appendFileSync(`${lib}/mailbox-log.jsonl`, '{"seq":2,"kind":"ne');
  expect(addresses()).toEqual(['a@a.test']);
  expect(add('b@a.test')).toBe(2);
  expect(addresses()).toEqual(['a@a.test', 'b@a.test']);
  expect(readFileSync(`${lib}/mailbox-log.jsonl`, 'utf8').split('\n')).toHaveLength(3);
});

it('a line that is damaged is no event that may be passed over', () => {
  add('a@a.test');
  appendFileSync(`${lib}/mailbox-log.jsonl`, '{"seq":2,"kind":"ne\n');
  expect(() => add('b@a.test')).toThrow(`${lib}/mailbox-log.jsonl:2 is damaged: it is cut short`);
});
