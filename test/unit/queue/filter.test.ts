import { describe, expect, it } from 'vitest';
import { EboxmailError, EXIT } from '../../../src/core/errors.ts';
import { hasFilters, makeFilter, type FilterOptions, type QueueFilter } from '../../../src/core/queue/filter.ts';
import { isQueueId, parseQueueLine, shownSender, type QueueMessage } from '../../../src/core/queue/message.ts';

const NOW = 1_800_000_000;

const MESSAGE: QueueMessage = {
  queue_name: 'deferred',
  queue_id: '4jYzSz4NwlzJff7',
  arrival_time: NOW - 3600,
  message_size: 2048,
  sender: 'News@List.Example',
  recipients: [
    { address: 'alice@example.com', delay_reason: 'connect to mx[192.0.2.1]:25: Connection timed out' },
    { address: 'bob@other.example', delay_reason: '452 mailbox full' },
  ],
};

const filterOf = (options: FilterOptions): QueueFilter =>
  makeFilter(options, NOW, (expression) => (text) => expression.test(text));

const accepts = (options: FilterOptions, message: Partial<QueueMessage> = {}): boolean =>
  filterOf(options).accepts({ ...MESSAGE, ...message });

describe('a filter', () => {
  const rows: readonly (readonly [FilterOptions, boolean])[] = [
    [{}, true],
    [{ sender: 'news@list.example' }, true],
    [{ sender: '*@LIST.example' }, true],
    [{ sender: 'news' }, false],
    [{ sender: '<>' }, false],
    [{ recipient: 'alice@*' }, true],
    [{ recipient: 'al?ce@example.com' }, true],
    [{ recipient: 'alice@example?com' }, true],
    [{ recipient: 'alice.example.com' }, false],
    [{ domain: 'other.*' }, true],
    [{ domain: 'EXAMPLE.com' }, true],
    [{ domain: 'ample.com' }, false],
    [{ domain: 'list.example' }, false],
    [{ reason: 'TIMED OUT' }, true],
    [{ reason: '^45[0-9] ' }, true],
    [{ reason: 'greylisted' }, false],
    // One and the same recipient.
    [{ domain: 'other.example', reason: 'full' }, true],
    [{ domain: 'example.com', reason: 'full' }, false],
    [{ queue: 'deferred' }, true],
    [{ queue: 'active, Deferred' }, true],
    [{ queue: 'hold' }, false],
    [{ olderThan: '59 min' }, true],
    [{ olderThan: '1h' }, false],
    [{ youngerThan: '2 h' }, true],
    [{ youngerThan: '3600 s' }, false],
    [{ largerThan: '1kB' }, true],
    [{ largerThan: '2 kB' }, false],
    [{ sender: 'news@*', domain: 'example.com', olderThan: '10 min', largerThan: '1 B', queue: 'deferred' }, true],
    [{ sender: 'news@*', domain: 'example.com', olderThan: '2 h' }, false],
  ];
  it.each(rows)('%j: %s', (options, expected) => {
    expect(accepts(options)).toBe(expected);
  });

  it('knows the null sender, and its name with a domain as an address', () => {
    expect(accepts({ sender: '<>' }, { sender: 'MAILER-DAEMON' })).toBe(true);
    expect(accepts({ sender: '' }, { sender: 'MAILER-DAEMON' })).toBe(true);
    expect(accepts({ sender: '<>' }, { sender: 'MAILER-DAEMON@example.com' })).toBe(false);
    expect(accepts({ sender: '*' }, { sender: 'MAILER-DAEMON' })).toBe(true);
    expect(shownSender({ sender: 'MAILER-DAEMON' })).toBe('<>');
  });

  it('takes a domain in either form', () => {
    const recipients = [{ address: 'jörg@xn--mller-kva.example' }];
    for (const domain of ['müller.example', 'XN--MLLER-KVA.example', 'Müller.Example']) {
      expect(accepts({ domain }, { recipients }), domain).toBe(true);
      expect(accepts({ domain }, { recipients: [{ address: 'a@müller.example' }] }), domain).toBe(true);
    }
    expect(accepts({ recipient: 'jörg@müller.example' }, { recipients })).toBe(true);
  });

  it('takes what regular expressions mean something to literally in patterns', () => {
    expect(accepts({ sender: '[a]+(b)$^|\\.x@*' }, { sender: '[a]+(b)$^|\\.x@y' })).toBe(true);
    expect(accepts({ sender: '.*' })).toBe(false);
  });

  it('is about nobody when nobody is left to get the message', () => {
    expect(accepts({ domain: '*' }, { recipients: [] })).toBe(false);
    expect(accepts({ sender: '*' }, { recipients: [] })).toBe(true);
  });

  it('tells which recipients it names', () => {
    const { acceptsRecipient } = filterOf({ domain: 'example.com' });
    expect(MESSAGE.recipients.map(acceptsRecipient)).toEqual([true, false]);
  });

  it.each<FilterOptions>([
    { reason: '(' },
    { reason: '[z-a]' },
    { queue: 'corrupt' },
    { queue: '' },
    { olderThan: 'yesterday' },
    { olderThan: '-1 h' },
    { youngerThan: '3' },
    { largerThan: 'unlimited' },
    { largerThan: '1 XB' },
    { domain: '' },
  ])('refuses %j as wrong usage', (options) => {
    const refused = (): unknown => filterOf(options);
    expect(refused).toThrow(EboxmailError);
    expect(refused).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
  });

  it('knows whether there is one', () => {
    expect(hasFilters({})).toBe(false);
    expect(hasFilters({ sender: '' })).toBe(true);
  });
});

describe('a line of postqueue -j', () => {
  it('is a message', () => {
    expect(parseQueueLine(JSON.stringify(MESSAGE))).toEqual(MESSAGE);
  });

  it.each(['', 'mail system is down', '{"queue_id": "4jYzSz', '[]', '{}', '{"queue_id": 1, "recipients": []}'])(
    'is none: %s',
    (line) => {
      expect(parseQueueLine(line)).toBeUndefined();
    },
  );
});

describe('a queue id', () => {
  it.each(['4jYzSz4NwlzJff7', 'A1B2C3D4E5', '0123456789AB'])('is %s', (id) => {
    expect(isQueueId(id)).toBe(true);
  });

  const no = [
    '',
    'ALL',
    'all',
    '-',
    '-d',
    '--all',
    '../../etc',
    'a b',
    '4jYz\n4jYz',
    ' 4jYzSz4N',
    '4jYzSz4N*',
    'x'.repeat(41),
  ];
  it.each(no)('is not %j', (text) => {
    expect(isQueueId(text)).toBe(false);
  });
});
