import { PATHS } from '../core/render/paths.ts';
import { parseState } from '../core/state/parse.ts';
import { readAppliedRecord } from '../system/applied-record.ts';
import { listGenerations, type Generation } from '../system/generations.ts';
import { archivedInOrder, archiveKey, type ArchivedMailbox } from './archive.ts';
import { usersOf } from './mailbox-plan.ts';
import { noteEvent } from './mailboxes.ts';
import type { Place } from './place.ts';

/**
 * Writes down whose mailbox is whose when an earlier state comes back: who was renamed since then gets the old address back
 * with the mailbox, and who was removed gets it out of the archive. Call it under the lock of the state, before that is
 * written.
 */
export function noteWayBack({ root }: Place, to: Generation, text: string): void {
  const lib = `${root}/${PATHS.lib}`;
  const then = usersOf(parseState(text).data);
  const now = Object.keys(usersOf(readAppliedRecord(lib)?.state ?? {}));
  const since = listGenerations(lib).filter(({ number }) => number > to.number);
  const there = new Set<string>();
  for (const address of now) {
    const before = addressBefore(address, since);
    there.add(before);
    if (before !== address && Object.hasOwn(then, before))
      noteEvent(root, { kind: 'renamed', origin: address, from: address, to: before });
  }
  const archived = archivedInOrder(root).filter((mailbox) => wasThere(mailbox, to));
  for (const address of Object.keys(then)) {
    if (there.has(address)) continue;
    // Of several the first that went after that generation: the others had the address later. One without an entry was nobody's.
    const theirs = archived.filter((one) => one.address === address);
    const mailbox = theirs.find(({ entry }) => entry !== null) ?? theirs[0];
    if (mailbox !== undefined) noteEvent(root, { kind: 'restored', id: archiveKey(mailbox), to: address });
  }
}

/** Whether a mailbox went into the archive after a generation was in force. */
function wasThere({ generation, removed }: ArchivedMailbox, to: Generation): boolean {
  return generation === undefined ? removed > to.time : generation >= to.number;
}

/** The address that a mailbox had before these generations, the newest of which is first. */
function addressBefore(address: string, generations: readonly Generation[]): string {
  return generations.reduce((now, { moves }) => moves.find(({ to }) => to === now)?.from ?? now, address);
}
