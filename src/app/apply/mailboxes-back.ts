import type { HostFile } from '../../core/generated/host-types.ts';
import { domainOf } from '../../core/recipients.ts';
import { PATHS } from '../../core/render/paths.ts';
import { EboxmailError, failed, isSystemError } from '../../core/errors.ts';
import { lastRecord } from '../../system/applied-record.ts';
import { mailOwner } from '../../system/host.ts';
import { knownMailboxes } from '../mailboxes/mailbox-ids.ts';
import { readJournal } from '../mailboxes/mailbox-journal.ts';
import { MailboxPlaces } from '../mailboxes/mailbox-places.ts';
import { MailboxMover, type MovePlan } from '../mailboxes/move-mailboxes.ts';
import { clearStrays, findStrays } from '../mailboxes/strays.ts';
import { usersOf } from '../state/users-of.ts';

/** Mailboxes where the last apply that came to its end had them, whatever has begun to move them since. */
export interface MailboxesBack {
  /** @throws failed (exit 1) when it can be seen beforehand that it will not work; nothing was changed */
  readonly check: () => void;
  /** Nobody may deliver or read any mail meanwhile. @throws failed (exit 1); when it is done again, it goes on from there */
  readonly bringBack: (say: (line: string) => void) => void;
}

/** Goes by what was written down about the last apply only: the state may be gone, or invalid. */
export function mailboxesBack(root: string, host: HostFile): MailboxesBack {
  const plan = planBack(root);
  const places = new MailboxPlaces(root, mailOwner(host));
  const mover = (say: (line: string) => void): MailboxMover =>
    new MailboxMover({
      places,
      plan,
      users: new Set(Object.keys(plan.before)),
      config: `${root}/${PATHS.dovecotConf}`,
      purges: new Set(),
      say,
    });
  return {
    check: () => mover(() => undefined).requireWayBack(),
    bringBack: (say) => {
      try {
        mover(say).back();
        // Also beside what was known to move.
        clearStrays(places, planBack(root).strays, { since: plan.since, time: new Date(), say });
      } catch (error) {
        throw isSystemError(error) || error instanceof EboxmailError ? notBack(error) : error;
      }
    },
  };
}

/** Whether an apply that was cut off may have moved some, or they were left astray. */
export function mailboxesAreAway(root: string): boolean {
  const { strays, since } = planBack(root);
  const { shut, waiting, closed } = strays;
  return readJournal(root, since) !== undefined || shut.length + waiting.length + closed.length > 0;
}

function planBack(root: string): MovePlan {
  const last = lastRecord(`${root}/${PATHS.lib}`);
  const before = usersOf(last?.state ?? {});
  const since = last?.time ?? '';
  const users = Object.keys(before);
  return {
    tracks: users.map((origin) => ({ origin, archived: false, to: origin, name: origin })),
    before,
    since,
    links: Object.keys(last?.mailboxes?.former ?? {}),
    strays: findStrays(root, since, new Set(users.map(domainOf)), () => users),
    known: knownMailboxes(root, last),
  };
}

function notBack({ message }: Error): EboxmailError {
  return failed(
    `the mailboxes that an apply had begun to move could not be brought back: ${message}`,
    'the mail service is stopped, and all else is as it was; put that right and run "eboxmail uninstall" again',
  );
}
