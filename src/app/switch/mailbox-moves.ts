import { PATHS } from '../../core/render/paths.ts';
import { forgetMailboxEvents } from '../../system/mailbox-log.ts';
import { archiveKey, forgetArchived } from '../mailboxes/archive.ts';
import { MailboxPlaces } from '../mailboxes/mailbox-places.ts';
import { MailboxMover } from '../mailboxes/move-mailboxes.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';
import { forgetPurges } from '../mailboxes/purges.ts';
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
 * Nothing is to do, so that whatever was written down for the next apply has been undone: it is of no meaning for a later one.
 */
export async function forgetUndone(place: Place, { mailboxes }: Prepared): Promise<void> {
  const { root } = place;
  const { purges, events, upTo } = mailboxes;
  if (purges.size > 0 || events)
    await withStateLock(place, async () => {
      forgetPurges(root, [...purges]);
      forgetMailboxEvents(`${root}/${PATHS.lib}`, upTo);
    });
}

/** The apply is recorded: what commands had written down for it is done with. Call it under the lock of the state. */
export function finishMoves({ root }: Place, { mailboxes }: Prepared, mover: MailboxMover): void {
  const { tracks } = mailboxes;
  mover.finish();
  if (!mailboxes.events && mover.purges.size === 0) return;
  const back = tracks.filter(({ archived, to }) => archived && to !== undefined).map(({ origin }) => origin);
  forgetArchived(root, (mailbox) => back.includes(archiveKey(mailbox)));
  forgetMailboxEvents(`${root}/${PATHS.lib}`, mailboxes.upTo);
  forgetPurges(root, [...mover.purges]);
}
