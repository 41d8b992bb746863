import { domainOf } from '../recipients.ts';
import type { QueueMessage } from './message.ts';

/** Upper ends of the age buckets in minutes, as qshape(1) has them; the last bucket is open. */
export const BUCKET_MINUTES: readonly number[] = [5, 10, 20, 40, 80, 160, 320, 640, 1280];

export interface DomainRow {
  readonly domain: string;
  /** Messages with a recipient in the domain. */
  readonly messages: number;
  /** The same by age: one number for each of BUCKET_MINUTES, and one for those that are older. */
  readonly ages: readonly number[];
}

export interface QueueSummary {
  readonly messages: number;
  /** Bytes. */
  readonly size: number;
  /** Messages in each queue that has any. */
  readonly queues: Readonly<Record<string, number>>;
  /** All messages by age. */
  readonly ages: readonly number[];
  /** Those with the most messages first. */
  readonly domains: readonly DomainRow[];
}

/** Counts messages one by one, in memory for as many domains as there are. */
export class SummaryCount {
  private messages = 0;
  private size = 0;
  private readonly queues = new Map<string, number>();
  private readonly ages = emptyRow();
  private readonly domains = new Map<string, number[]>();
  private readonly now: number;

  /** @param now seconds since 1970 */
  constructor(now: number) {
    this.now = now;
  }

  add({ queue_name, message_size, arrival_time, recipients }: QueueMessage): void {
    const bucket = bucketOf((this.now - arrival_time) / 60);
    this.messages += 1;
    this.size += message_size;
    this.queues.set(queue_name, (this.queues.get(queue_name) ?? 0) + 1);
    increment(this.ages, bucket);
    for (const domain of new Set(recipients.map(({ address }) => domainOf(address).toLowerCase()))) {
      const row = this.domains.get(domain) ?? emptyRow();
      increment(row, bucket);
      this.domains.set(domain, row);
    }
  }

  result(): QueueSummary {
    const domains = [...this.domains].map(([domain, ages]) => ({
      domain,
      messages: ages.reduce((sum, count) => sum + count, 0),
      ages,
    }));
    domains.sort((a, b) => b.messages - a.messages || (a.domain < b.domain ? -1 : 1));
    const { messages, size, ages } = this;
    return { messages, size, queues: Object.fromEntries(this.queues), ages, domains };
  }
}

function emptyRow(): number[] {
  return new Array<number>(BUCKET_MINUTES.length + 1).fill(0);
}

function bucketOf(minutes: number): number {
  const index = BUCKET_MINUTES.findIndex((end) => minutes < end);
  return index < 0 ? BUCKET_MINUTES.length : index;
}

function increment(row: number[], index: number): void {
  row[index] = (row[index] ?? 0) + 1;
}
