import type { QueueMessage } from './message.ts';

export const SORT_KEYS = ['age', 'size', 'sender', 'recipient', 'queue', 'id'] as const;

export type SortKey = (typeof SORT_KEYS)[number];

type Order = (a: QueueMessage, b: QueueMessage) => number;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const firstRecipient = ({ recipients }: QueueMessage): string => recipients[0]?.address.toLowerCase() ?? '';

/** The oldest and the largest first; names in the order of their letters. */
const ORDERS: Readonly<Record<SortKey, Order>> = {
  age: (a, b) => a.arrival_time - b.arrival_time,
  size: (a, b) => b.message_size - a.message_size,
  sender: (a, b) => compare(a.sender.toLowerCase(), b.sender.toLowerCase()),
  recipient: (a, b) => compare(firstRecipient(a), firstRecipient(b)),
  queue: (a, b) => compare(a.queue_name, b.queue_name),
  id: (a, b) => compare(a.queue_id, b.queue_id),
};

/** What is equal stays in the order of ids. */
export function orderBy(key: SortKey, reverse: boolean): Order {
  const order = ORDERS[key];
  return (a, b) => (reverse ? order(b, a) : order(a, b)) || ORDERS.id(a, b);
}

/** Keeps the first `limit` of all that are added, in an order, in memory for some two times as many. */
export class FirstInOrder<T> {
  private items: T[] = [];
  private readonly order: (a: T, b: T) => number;
  private readonly limit: number;

  constructor(order: (a: T, b: T) => number, limit: number) {
    this.order = order;
    this.limit = limit;
  }

  add(item: T): void {
    this.items.push(item);
    if (this.items.length > 2 * this.limit + 1000) this.items = this.sorted();
  }

  sorted(): T[] {
    return this.items.sort(this.order).slice(0, this.limit);
  }
}
