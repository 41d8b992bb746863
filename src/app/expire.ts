import { failed } from '../core/errors.ts';
import { dueQuery, expiringFolders, type ExpiryFailure } from '../core/expiry.ts';
import type { Expiry, MailModel } from '../core/model.ts';
import { domainOf } from '../core/recipients.ts';
import { PATHS } from '../core/render/paths.ts';
import { modelOf } from '../core/state/model-of.ts';
import { readAppliedRecord } from '../system/applied-record.ts';
import { dovecotProcess } from '../system/dovecot.ts';
import { MissingProgram } from '../system/exec.ts';
import { writeExpiryRun } from '../system/expiry-record.ts';
import { lstat, makeDirectory } from '../system/files.ts';
import { withLock } from '../system/lock.ts';
import { searchMail } from '../system/mail-search.ts';
import { missingPackage } from '../system/packages.ts';
import { stateOf } from './state/load-state.ts';
import type { Place } from './state/place.ts';
import { keptDeletions } from './queue/undo-area.ts';

export interface Expired {
  readonly time: string;
  readonly expiry: Expiry;
  /** What was removed, or would be: one entry for each user and folder that has something due. */
  readonly removed: readonly { readonly user: string; readonly folder: string; readonly messages: number }[];
  readonly errors: readonly ExpiryFailure[];
}

/**
 * Removes mail whose time in Trash or Spam is over, from every mailbox, whether its owner logs in or not. What counts is
 * what was applied: an edit that nobody has applied deletes nothing. What was done is recorded for `status`. Messages that were
 * deleted from the queue and can no longer be brought back go, too.
 */
export async function expire(place: Place, dryRun: boolean): Promise<Expired> {
  if (process.getuid?.() !== 0)
    throw failed('expire must be run as root', 'mailboxes belong to another user: use sudo');
  // Each look at them drops what is too old; where nobody looks into the queue, this does.
  if (!dryRun) keptDeletions(place.root, Date.now());
  const state = readAppliedRecord(`${place.root}/${PATHS.lib}`)?.state;
  if (state === undefined) throw failed('nothing has been applied yet', 'run: eboxmail apply');
  const { model } = modelOf(stateOf(state));
  const now = Date.now();
  const time = new Date(now).toISOString();
  if (expiringFolders(model.expiry).length === 0) return { time, expiry: model.expiry, removed: [], errors: [] };
  const directory = `${place.root}/${PATHS.expire}`;
  makeDirectory(directory, 0o700);
  return withLock(`${directory}/lock`, async () => {
    const { removed, errors } = await removeDue(place, model, now, dryRun);
    const expired: Expired = { time, expiry: model.expiry, removed, errors };
    if (!dryRun) record(directory, expired);
    return expired;
  });
}

async function removeDue(
  { root }: Place,
  model: MailModel,
  now: number,
  dryRun: boolean,
): Promise<Pick<Expired, 'removed' | 'errors'>> {
  const removed: Expired['removed'][number][] = [];
  const errors: ExpiryFailure[] = [];
  const search = { config: `${root}/${PATHS.dovecotConf}`, scratch: `${root}/${PATHS.expire}/users` };
  for (const expiring of expiringFolders(model.expiry)) {
    const { folder } = expiring;
    if (dovecotProcess(`${root}/${PATHS.dovecotRun}`) === undefined) {
      errors.push({ user: '', folder, message: 'Dovecot does not run' });
      continue;
    }
    const users = usersWith(folder, root, model);
    const query = dueQuery(expiring, model.expiry.basis, now);
    const found = await searchMail(search, users, query, !dryRun).catch((error: unknown) => {
      throw error instanceof MissingProgram ? missingPackage(error) : error;
    });
    for (const [user, messages] of found.counts) removed.push({ user, folder, messages });
    for (const [user, message] of found.errors) errors.push({ user, folder, message });
  }
  return { removed, errors };
}

/** A folder that was never used is not on the disk, and asking Dovecot about it would make it. */
function usersWith(folder: string, root: string, { users }: MailModel): readonly string[] {
  const has = (address: string): boolean => {
    const home = `${root}/${PATHS.mail}/${domainOf(address)}/${address.slice(0, address.lastIndexOf('@'))}`;
    return lstat(`${home}/Maildir/.${folder}`) !== undefined;
  };
  return [...users.values()].filter(({ account, address }) => account && has(address)).map(({ address }) => address);
}

function record(directory: string, { time, removed, errors }: Expired): void {
  const counts: Record<string, number> = {};
  for (const { folder, messages } of removed) counts[folder] = (counts[folder] ?? 0) + messages;
  writeExpiryRun(directory, { time, removed: counts, users: new Set(removed.map(({ user }) => user)).size, errors });
}
