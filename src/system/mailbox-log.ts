import { appendFileSync, chmodSync, closeSync, fsyncSync, openSync, rmSync, truncateSync } from 'node:fs';
import { failed, refused } from '../core/errors.ts';
import type { MailboxEvent } from '../core/mailboxes/events.ts';
import { bytesIfPresent, readIfPresent, writeAtomically } from './files.ts';
import { parseJsonLine } from './json-file.ts';

/**
 * What commands did to addresses and the next apply has to know: one JSON document a line in var/lib/eboxmail. Written
 * under the lock of the state file, before the state.
 */

/** An event before it has its number. */
export type NewEvent = MailboxEvent extends infer E ? (E extends unknown ? Omit<E, 'seq' | 'since'> : never) : never;

/** `lib` is the absolute path of var/lib/eboxmail. Events that an apply has taken up may still be among them. */
export function readMailboxLog(lib: string): readonly MailboxEvent[] {
  const lines = (readIfPresent(logIn(lib)) ?? '').split('\n');
  // The last line is not whole when its writer was killed: it was not a word yet.
  return lines.slice(0, -1).map((line, index) => {
    const event = parseJsonLine<MailboxEvent>(line, { seq: 'number', kind: 'string' });
    if (typeof event === 'string') throw failed(`${logIn(lib)}:${index + 1} is damaged: ${event}`, TAKE_OUT);
    return event;
  });
}

const TAKE_OUT = [
  'take the line out, and look at "eboxmail plan" before the next apply: if it told of a rename, that is a removal and a new user then,',
  'so the mailbox goes into the archive, and "eboxmail user restore" brings it back',
].join('\n');

/** Number of the last event. @param seq of the last that an apply has taken up */
export function lastEvent(lib: string, seq: number): number {
  return readMailboxLog(lib).reduce((last, event) => Math.max(last, event.seq), seq);
}

/**
 * @param last number of the last event that an apply has taken up; @param since time of that apply
 * @returns the number of the first of these
 */
export function appendToMailboxLog(lib: string, last: number, since: string, ...events: readonly NewEvent[]): number {
  const seq = lastEvent(lib, last) + 1;
  const lines = events.map((event, index) => `${JSON.stringify({ seq: seq + index, since, ...event })}\n`).join('');
  const bytes = bytesIfPresent(logIn(lib)) ?? Buffer.alloc(0);
  const whole = bytes.lastIndexOf('\n') + 1;
  try {
    // What a writer that was killed had begun would be taken for damage.
    if (whole < bytes.length) truncateSync(logIn(lib), whole);
    const descriptor = openSync(logIn(lib), 'a', 0o600);
    try {
      chmodSync(logIn(lib), 0o600);
      appendFileSync(descriptor, lines);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw refused(`cannot write ${logIn(lib)}`, error, 'nothing was changed');
  }
  return seq;
}

/** Drops what an apply has taken up. */
export function forgetMailboxEvents(lib: string, upTo: number): void {
  keepEvents(lib, ({ seq }) => seq > upTo);
}

/** Drops what is not to come to pass, and what was to follow on that alone. */
export function withdrawMailboxEvent(lib: string, seq: number): void {
  keepEvents(lib, (event) => event.seq !== seq && !(event.after?.length === 1 && event.after[0] === seq));
}

function keepEvents(lib: string, isKept: (event: MailboxEvent) => boolean): void {
  const all = readMailboxLog(lib);
  const left = all.filter(isKept);
  if (left.length === all.length) return;
  if (left.length === 0) return rmSync(logIn(lib), { force: true });
  const content = left.map((event) => `${JSON.stringify(event)}\n`).join('');
  writeAtomically({ path: logIn(lib), content, mode: 0o600, uid: 0, gid: 0 });
}

function logIn(lib: string): string {
  return `${lib}/mailbox-log.jsonl`;
}
