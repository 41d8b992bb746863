import type { Track } from '../../core/mailboxes/tracks.ts';

/** What is said of mailboxes that move. */

export function wordsOfReturned(address: string): string {
  return `mailbox of ${address} is back from the archive`;
}

/** @param left the directory, if it is still there */
export function wordsOfDeleted(address: string, left: string | undefined): string {
  return left === undefined
    ? `the mail of ${address} was deleted already: ${address} begins with an empty mailbox`
    : `some mail of ${address} may have been deleted already: what is left is in the mailbox`;
}

export function wordsOfLost({ name }: Track, places: readonly string[]): string {
  return `the mailbox of ${name} is in none of ${places.join(', ')}`;
}
