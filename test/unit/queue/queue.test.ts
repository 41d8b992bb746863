import { describe, expect, it } from 'vitest';
import { copiesOf } from '../../../src/core/copies.ts';
import { formatAge, parseDuration } from '../../../src/core/duration.ts';
import { makeCopiedAgain } from '../../../src/core/queue/copied-again.ts';
import type { QueueMessage } from '../../../src/core/queue/message.ts';
import { deliveredTo } from '../../../src/core/queue/read-message.ts';
import { SortedLines, type SortKey } from '../../../src/core/queue/sort.ts';
import { SummaryCount } from '../../../src/core/queue/summary.ts';
import { queueFields, queueLines, shortSize } from '../../../src/ui/queue-rows.ts';
import { visibleField, visibleText } from '../../../src/core/visible.ts';
import { HASH } from '../../support/scene.ts';
import { validState } from '../../support/read-state.ts';

const NOW = 1_800_000_000;

function message(id: string, fields: Partial<QueueMessage> = {}): QueueMessage {
  const base = { queue_name: 'deferred', arrival_time: NOW, message_size: 100, sender: 'x@elsewhere.test' };
  return { ...base, queue_id: id, recipients: [{ address: 'alice@example.com' }], ...fields };
}

describe('times', () => {
  it.each([
    ['90 s', 90],
    ['30 min', 1800],
    ['30min', 1800],
    ['2h', 7200],
    ['3 D', 259_200],
    ['1 w', 604_800],
  ])('%s', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '5', 'h', '-1 h', '1.5 h', '1 m', '1 month', '9999999999 s'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('are shown in their largest unit', () => {
    expect([-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 9e6].map(formatAge)).toEqual([
      '0 s',
      '0 s',
      '59 s',
      '1 min',
      '59 min',
      '1 h',
      '23 h',
      '1 d',
      '104 d',
    ]);
  });
});

describe('the order', () => {
  const all = [
    message('B', { arrival_time: 30, message_size: 5, sender: 'b@x', queue_name: 'hold' }),
    message('A', { arrival_time: 10, message_size: 5, sender: 'C@x', recipients: [{ address: 'Zoe@x' }] }),
    message('C', { arrival_time: 20, message_size: 9, sender: 'a@x', recipients: [] }),
  ];
  const rows: readonly (readonly [SortKey, boolean, string])[] = [
    ['age', false, 'ACB'],
    ['age', true, 'BCA'],
    ['size', false, 'CAB'],
    ['size', true, 'ABC'],
    ['sender', false, 'CBA'],
    ['recipient', false, 'CBA'],
    ['queue', false, 'ACB'],
    ['id', true, 'CBA'],
  ];
  it.each(rows)('by %s, reversed: %s', (key, reverse, expected) => {
    const sorted = new SortedLines(key, reverse, Infinity);
    for (const one of all) sorted.add(one, `line of ${one.queue_id}`);
    expect([...sorted.lines()]).toEqual([...expected].map((id) => `line of ${id}`));
  });

  it('is that of all, when only the first are kept', () => {
    const sorted = new SortedLines('size', true, 3);
    for (let n = 0; n < 5000; n += 1)
      sorted.add(message(`A${n}`, { message_size: (n * 7919) % 5000 }), `${(n * 7919) % 5000}`);
    expect([...sorted.lines()]).toEqual(['0', '1', '2']);
  });

  it('is by id where all else is equal, and lines stay as they are, whatever their length', () => {
    const sorted = new SortedLines('size', false, Infinity);
    const lines = ['ü€😀\ufeff', '', 'x'.repeat(1_000_000), '\ufeffx  '];
    for (const [n, line] of lines.entries()) sorted.add(message(`ID${9 - n}`), line);
    expect([...sorted.lines()]).toEqual([...lines].reverse());
  });
});

describe('the summary', () => {
  it('counts messages by domain and age', () => {
    const count = new SummaryCount(NOW);
    const two = [{ address: 'a@Example.com' }, { address: 'b@example.com' }, { address: 'c@other.example' }];
    count.add(message('A', { recipients: two, arrival_time: NOW - 4 * 60 }));
    count.add(message('B', { arrival_time: NOW - 5 * 60, queue_name: 'hold' }));
    count.add(message('C', { arrival_time: NOW - 5000 * 60, message_size: 1 }));
    count.add(message('D', { arrival_time: NOW + 60, recipients: [] }));
    expect(count.result()).toEqual({
      messages: 4,
      size: 301,
      queues: { deferred: 3, hold: 1 },
      ages: [2, 1, 0, 0, 0, 0, 0, 0, 0, 1],
      domains: [
        { domain: 'example.com', messages: 3, ages: [1, 1, 0, 0, 0, 0, 0, 0, 0, 1] },
        { domain: 'other.example', messages: 1, ages: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
      ],
    });
  });
});

describe('a requeue', async () => {
  const { model, directory } = await validState(`version: 1
server: {mailname: mx.test.example}
domains:
  example.com: {aliases: [example.net], catch_all: {copy_to: archive@example.com}}
  quiet.example: {catch_all: {copy_to: archive@quiet.example, on_bounce: none}}
  other.example: {}
users:
  alice@example.com: {password: "${HASH}"}
  archive@example.com: {password: "${HASH}"}
  archive@quiet.example: {password: "${HASH}"}
  carol@other.example: {password: "${HASH}"}
`);
  const copiedAgain = makeCopiedAgain(copiesOf(model, directory), directory);
  const to = (...addresses: string[]): Partial<QueueMessage> => ({
    recipients: addresses.map((address) => ({ address })),
  });
  const rows: readonly (readonly [string, Partial<QueueMessage>, boolean])[] = [
    ['a message to the domain', to('alice@example.com'), true],
    ['one to an alias of the domain', to('bob@EXAMPLE.net'), true],
    ['one from the domain', { sender: 'alice@example.com', ...to('x@elsewhere.test') }, true],
    ['one that has nothing to do with it', to('carol@other.example'), false],
    ['a bounce to elsewhere', { sender: 'MAILER-DAEMON', ...to('x@elsewhere.test') }, false],
    ['the copy itself', to('archive@example.com'), false],
    ['one whose copy still waits', to('alice@example.com', 'archive=example.com@sender.copy.eboxmail.invalid'), false],
    ['a copy on its way', to('archive=example.com@sender.copy.eboxmail.invalid'), false],
    ['a copy behind its way', to('copied.archive=quiet.example@none.copy.eboxmail.invalid'), false],
    ['one to a domain that tells nobody of bounces', to('dan@quiet.example'), true],
  ];
  it.each(rows)('of %s', (_, fields, expected) => {
    expect(copiedAgain(message('A', fields))).toBe(expected);
  });

  it('copies nothing where nothing is copied', async () => {
    const plain = await validState('version: 1\nserver: {mailname: mx.test.example}\ndomains: {example.com: }\n');
    const never = makeCopiedAgain(copiesOf(plain.model, plain.directory), plain.directory);
    expect(never(message('A'))).toBe(false);
  });
});

describe('what is shown', () => {
  const odd = message('4jYzSz4NwlzJff7', {
    sender: 'MAILER-DAEMON',
    recipients: [
      { address: 'a\u001b[31m@x', delay_reason: 'said: 4\t50\nno\u202e' },
      { address: 'jörg@müller.example' },
    ],
  });

  it('holds nothing that a terminal acts on, and a field is one line', () => {
    const fields = queueFields(odd);
    expect(fields.split('\t')).toHaveLength(6);
    for (const text of [fields, queueLines(odd, NOW, undefined).join('')]) {
      expect(text).not.toMatch(/(?!\t)[\p{Cc}\u202e]/u);
      expect(text).toContain('\\u{001B}[31m');
      expect(text).toContain('jörg@müller.example');
      expect(text).toContain('<>');
    }
  });

  it('keeps the lines of a text, and letters that are joined', () => {
    expect(visibleText('a\r\nb\tc\u001b]0;x\u0007\u009b1m')).toBe('a\nb\tc\\u{001B}]0;x\\u{0007}\\u{009B}1m');
    expect(visibleText('👩\u200d💻 क\u094d\u200dष')).toBe('👩\u200d💻 क\u094d\u200dष');
    expect(visibleField('a\nb')).toBe('a\\u{000A}b');
  });

  it('has short sizes', () => {
    expect([0, 1023, 1024, 1234, 10_240, 1_048_576, 5e9].map(shortSize)).toEqual([
      '0 B',
      '1023 B',
      '1.0 kB',
      '1.2 kB',
      '10 kB',
      '1.0 MB',
      '4.7 GB',
    ]);
  });

  it('names those who have the message already', () => {
    expect(deliveredTo(['sender: a@b', 'done_recipient: x@y', 'recipient: z@y', ' done_recipient: no'])).toEqual([
      'x@y',
    ]);
  });
});
