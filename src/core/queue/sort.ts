import type { QueueMessage } from './message.ts';

export const SORT_KEYS = ['age', 'size', 'sender', 'recipient', 'queue', 'id'] as const;

export type SortKey = (typeof SORT_KEYS)[number];

type Place = string | number;

/** The oldest and the largest first; names in the order of their letters. */
const PLACES: Readonly<Record<SortKey, (message: QueueMessage) => Place>> = {
  age: ({ arrival_time }) => arrival_time,
  size: ({ message_size }) => -message_size,
  sender: ({ sender }) => sender.toLowerCase(),
  recipient: ({ recipients }) => recipients[0]?.address.toLowerCase() ?? '',
  queue: ({ queue_name }) => queue_name,
  id: ({ queue_id }) => queue_id,
};

/** What is kept of a message: what it is sorted by, and where the bytes of its id, a blank and its line are. */
interface Kept {
  readonly places: Place[];
  readonly blocks: Uint8Array[];
  readonly starts: number[];
}

const BLOCK = 1 << 18;
const [BLANK, END] = [0x20, 0x0a];

/**
 * Sorts messages, and keeps no more of them than their lines as bytes: a fraction of what the parsed messages take. Of more
 * than `limit` only the first are kept. What is equal stays in the order of ids.
 */
export class SortedLines {
  private kept: Kept = { places: [], blocks: [], starts: [] };
  private end = 0;
  private readonly key: SortKey;
  private readonly reverse: boolean;
  private readonly limit: number;
  private readonly encoder = new TextEncoder();
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(key: SortKey, reverse: boolean, limit: number) {
    this.key = key;
    this.reverse = reverse;
    this.limit = limit;
  }

  add(message: QueueMessage, line: string): void {
    this.append(PLACES[this.key](message), `${message.queue_id} ${line}\n`);
    if (this.kept.places.length <= 2 * this.limit + 1000) return;
    const { kept } = this;
    const order = this.order();
    this.kept = { places: [], blocks: [], starts: [] };
    for (const index of order) this.append(kept.places[index] as Place, textAt(kept, index, this.decoder));
  }

  /** In order, one after the other. */
  *lines(): Generator<string, void> {
    for (const index of this.order()) {
      const text = textAt(this.kept, index, this.decoder);
      yield text.slice(text.indexOf(' ') + 1, -1);
    }
  }

  private append(place: Place, text: string): void {
    // In UTF-8 a unit of a string takes three bytes at most.
    const most = text.length * 3;
    let block = this.kept.blocks.at(-1);
    if (block === undefined || this.end + most > block.length) {
      block = new Uint8Array(Math.max(BLOCK, most));
      this.end = 0;
    }
    this.kept.places.push(place);
    this.kept.blocks.push(block);
    this.kept.starts.push(this.end);
    this.end += this.encoder.encodeInto(text, block.subarray(this.end)).written;
  }

  private order(): Uint32Array {
    const { places } = this.kept;
    const sign = this.reverse ? -1 : 1;
    const order = Uint32Array.from(places.keys());
    order.sort((a, b) => sign * compare(places[a] as Place, places[b] as Place) || compareIds(this.kept, a, b));
    return order.subarray(0, this.limit);
  }
}

function compare(a: Place, b: Place): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareIds({ blocks, starts }: Kept, a: number, b: number): number {
  const [first, second] = [blocks[a] as Uint8Array, blocks[b] as Uint8Array];
  let [at, other] = [starts[a] as number, starts[b] as number];
  while (first[at] === second[other] && first[at] !== BLANK) {
    at += 1;
    other += 1;
  }
  return (first[at] as number) - (second[other] as number);
}

function textAt({ blocks, starts }: Kept, index: number, decoder: { decode(bytes: Uint8Array): string }): string {
  const [block, start] = [blocks[index] as Uint8Array, starts[index] as number];
  return decoder.decode(block.subarray(start, block.indexOf(END, start) + 1));
}
