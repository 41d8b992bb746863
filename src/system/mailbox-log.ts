import { appendFileSync, chmodSync, closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { refused } from '../core/errors.ts';
import type { MailboxEvent } from '../core/mailboxes/tracks.ts';
import { readIfPresent, writeAtomically } from './files.ts';

/**
 * What commands did to addresses and the next apply has to know: one JSON document a line in var/lib/eboxmail. Written
 * under the lock of the state file, before the state.
 */

/** An event before it has its number. */
export type NewEvent = MailboxEvent extends infer E ? (E extends unknown ? Omit<E, 'seq' | 'since'> : never) : never;

/** `lib` is the absolute path of var/lib/eboxmail. Events that an apply has taken up may still be among them. */
export function readMailboxLog(lib: string): readonly MailboxEvent[] {
  const lines = (readIfPresent(fileIn(lib)) ?? '').split('\n');
  // The last line is not whole when its writer was killed: it was not a word yet.
  return lines.slice(0, -1).flatMap((line) => {
    try {
      return [JSON.parse(line) as MailboxEvent];
    } catch {
      return [];
    }
  });
}

/**
 * @param last number of the last event that an apply has taken up; @param since time of that apply
 * @returns the number of this one
 */
export function appendToMailboxLog(lib: string, last: number, since: string, event: NewEvent): number {
  const seq = readMailboxLog(lib).reduce((most, one) => Math.max(most, one.seq), last) + 1;
  const text = readIfPresent(fileIn(lib)) ?? '';
  const begin = text === '' || text.endsWith('\n') ? '' : '\n';
  try {
    const descriptor = openSync(fileIn(lib), 'a', 0o600);
    try {
      chmodSync(fileIn(lib), 0o600);
      appendFileSync(descriptor, `${begin}${JSON.stringify({ seq, since, ...event })}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw refused(`cannot write ${fileIn(lib)}`, error, 'nothing was changed');
  }
  return seq;
}

/** Drops what an apply has taken up. */
export function forgetMailboxEvents(lib: string, upTo: number): void {
  keepEvents(lib, ({ seq }) => seq > upTo);
}

/** Drops what is not to come to pass. */
export function withdrawMailboxEvent(lib: string, seq: number): void {
  keepEvents(lib, (event) => event.seq !== seq);
}

function keepEvents(lib: string, isKept: (event: MailboxEvent) => boolean): void {
  const all = readMailboxLog(lib);
  const left = all.filter(isKept);
  if (left.length === all.length) return;
  if (left.length === 0) return rmSync(fileIn(lib), { force: true });
  const content = left.map((event) => `${JSON.stringify(event)}\n`).join('');
  writeAtomically({ path: fileIn(lib), content, mode: 0o600, uid: 0, gid: 0 });
}

function fileIn(lib: string): string {
  return `${lib}/mailbox-log.jsonl`;
}
