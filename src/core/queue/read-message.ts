import type { QueueMessage } from './message.ts';

/** A message of the queue that was read whole. */
export interface ReadMessage {
  readonly envelope: QueueMessage;
  /** Recipients that it was delivered to already. */
  readonly delivered: readonly string[];
  readonly content: MessageContent;
}

/** What a message says, decoded. */
export interface MessageContent {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly cc: string | undefined;
  readonly date: string | undefined;
  readonly subject: string | undefined;
  /** In the order of the message, unfolded, not decoded. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Plain text; made of the HTML where there is nothing else. */
  readonly text: string | undefined;
  readonly attachments: readonly Attachment[];
}

export interface Attachment {
  readonly filename: string | null;
  readonly type: string;
  /** Bytes, decoded. */
  readonly size: number;
}

/** Recipients that are done with, from the envelope in postcat(1)'s words. */
export function deliveredTo(envelope: readonly string[]): readonly string[] {
  return envelope.flatMap((line) => /^done_recipient: (.*)$/.exec(line)?.[1] ?? []);
}
