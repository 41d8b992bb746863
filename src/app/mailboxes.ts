import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { asMap, type JsonObject } from '../core/json.ts';
import { formatAddress, parseManagedAddress } from '../core/address.ts';
import type { MailModel } from '../core/model.ts';
import { PATHS } from '../core/render/paths.ts';
import { lstat, makeDirectory, readIfPresent, requireWritable, writeAtomically } from '../system/files.ts';

/**
 * Mail of users that are gone moves out of the way, so that a new user of the same address does not find it; it is
 * deleted only when that was asked for by `user remove --purge`.
 * @returns what was done, for people
 */
export function putMailboxesAway(root: string, before: JsonObject, model: MailModel, time: Date): readonly string[] {
  const purge = new Set(readPurges(root));
  const done: string[] = [];
  for (const key of Object.keys(asMap(before['users'] ?? null))) {
    const parsed = parseManagedAddress(key);
    if (!parsed.ok || model.users.has(formatAddress(parsed.value))) continue;
    const address = formatAddress(parsed.value);
    const mailbox = `${root}/${PATHS.mail}/${parsed.value.domain}/${parsed.value.local}`;
    if (lstat(mailbox) === undefined) continue;
    if (purge.has(address)) {
      rmSync(mailbox, { recursive: true, force: true });
      done.push(`mail of ${address} deleted`);
    } else {
      // In a directory for the domain: with it, the longest addresses would be too long for one name.
      const archive = `${root}/${PATHS.archive}/${parsed.value.domain}`;
      makeDirectory(dirname(archive), 0o700);
      makeDirectory(archive, 0o700);
      const name = `${parsed.value.local}.${time.toISOString().replace(/[:.]/g, '-')}`;
      renameSync(mailbox, `${archive}/${name}`);
      done.push(`mail of ${address} kept in ${archive}/${name}`);
    }
  }
  rmSync(`${root}/${PATHS.purges}`, { force: true });
  return done;
}

/** Fails when the wish to delete could not be written down, before anything else is written. */
export function requirePurgeable(root: string): void {
  const directory = `${root}/${PATHS.lib}`;
  makeDirectory(directory, 0o700);
  requireWritable(directory);
}

/** Remembers until the next apply that a removed user's mail is to be deleted. */
export function requestPurge(root: string, address: string): void {
  makeDirectory(`${root}/${PATHS.lib}`, 0o700);
  writePurges(root, [...readPurges(root), address]);
}

/** A user who is back before the apply keeps the mail. */
export function withdrawPurge(root: string, address: string): void {
  const requested = readPurges(root);
  const left = requested.filter((line) => line !== address);
  if (left.length < requested.length) writePurges(root, left);
}

function writePurges(root: string, addresses: readonly string[]): void {
  const content = addresses.map((address) => `${address}\n`).join('');
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  writeAtomically({ path: `${root}/${PATHS.purges}`, content, mode: 0o600, ...owner });
}

function readPurges(root: string): readonly string[] {
  return (readIfPresent(`${root}/${PATHS.purges}`) ?? '').split('\n').filter((line) => line !== '');
}
