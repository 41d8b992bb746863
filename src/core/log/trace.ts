import type { Message } from './messages.ts';
import type { Refusal } from './refusals.ts';

/** What the logs tell of what was asked, in the order of time. */
export interface Trace {
  readonly messages: readonly Message[];
  readonly refusals: readonly Refusal[];
  /** Older ones match as well. */
  readonly more: boolean;
  readonly reach: Reach;
}

/** How far back the logs go: what is older is in none of them. */
export interface Reach {
  /** Milliseconds since 1970; undefined when they are empty. */
  readonly from: number | undefined;
  readonly sources: readonly string[];
}
