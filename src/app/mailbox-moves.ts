import { PATHS } from '../core/render/paths.ts';
import { forgetMailboxEvents } from '../system/mailbox-log.ts';
import { archiveKey, forgetArchived } from './archive.ts';
import { forgetPurges, readPurges } from './mailboxes.ts';
import { MailboxPlaces } from './mailbox-places.ts';
import { MailboxMover } from './move-mailboxes.ts';
import type { Place } from './place.ts';
import type { Prepared } from './prepare.ts';
import { withStateLock } from './state-lock.ts';

export function mailboxMover({ root }: Place, prepared: Prepared, say: (line: string) => void): MailboxMover {
  const { facts, mailboxes, model } = prepared;
  return new MailboxMover({
    places: new MailboxPlaces(root, facts.mailOwner),
    plan: mailboxes,
    users: new Set(model.users.keys()),
    config: `${root}/${PATHS.dovecotConf}`,
    purges: new Set(readPurges(root)),
    say,
  });
}

/** The apply is recorded: what commands had written down for it is done with. */
export async function finishMoves(place: Place, { mailboxes }: Prepared, mover: MailboxMover): Promise<void> {
  const { tracks } = mailboxes;
  mover.finish();
  if (!mailboxes.events && mover.purges.size === 0) return;
  await withStateLock(place, async () => {
    const back = tracks.filter(({ archived, to }) => archived && to !== undefined).map(({ origin }) => origin);
    forgetArchived(place.root, (mailbox) => back.includes(archiveKey(mailbox)));
    forgetMailboxEvents(`${place.root}/${PATHS.lib}`, mailboxes.upTo);
    forgetPurges(place.root, [...mover.purges]);
  });
}
