import { PATHS } from '../../core/render/paths.ts';
import { forgetMailboxEvents } from '../../system/mailbox-log.ts';
import { archiveKey, dropFromIndex, forgetArchived } from '../mailboxes/archive.ts';
import { MailboxPlaces } from '../mailboxes/mailbox-places.ts';
import { MailboxMover } from '../mailboxes/move-mailboxes.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';
import { forgetPurges } from '../../system/purges.ts';
import { withStateLock } from '../state/state-lock.ts';

export function mailboxMover({ root }: Place, prepared: Prepared, say: (line: string) => void): MailboxMover {
  const { facts, mailboxes, model } = prepared;
  return new MailboxMover({
    places: new MailboxPlaces(root, facts.mailOwner),
    plan: mailboxes,
    users: new Set(model.users.keys()),
    config: `${root}/${PATHS.dovecotConf}`,
    purges: mailboxes.purges,
    say,
  });
}

/**
 * Nothing is to do, so that whatever was written down for the next apply has been undone: it is of no meaning for a later one, nor
 * is what one that was cut off has put into the archive for users who never got mail.
 */
export async function forgetUndone(place: Place, { mailboxes }: Prepared): Promise<void> {
  const { root } = place;
  const { purges, events, upTo, since, known } = mailboxes;
  if (purges.size > 0 || events)
    await withStateLock(place, async () => {
      forgetPurges(root, [...purges]);
      forgetMailboxEvents(`${root}/${PATHS.lib}`, upTo);
    });
  const inForce = new Set(Object.values(known.inForce));
  dropFromIndex(root, (one) => one.path === null && one.since === since && inForce.has(one.mailbox ?? ''));
}

/** The apply is recorded: what commands had written down for it is done with. Call it under the lock of the state. */
export function finishMoves({ root }: Place, { mailboxes }: Prepared, mover: MailboxMover): void {
  const { tracks } = mailboxes;
  mover.finish();
  const back = tracks.filter(({ archived, to }) => archived && to !== undefined).map(({ origin }) => origin);
  forgetArchived(root, (mailbox) => back.includes(archiveKey(mailbox)));
  if (!mailboxes.events && mover.purges.size === 0) return;
  forgetMailboxEvents(`${root}/${PATHS.lib}`, mailboxes.upTo);
  forgetPurges(root, [...mover.purges]);
}
