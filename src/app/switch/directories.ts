import { chmodSync, chownSync } from 'node:fs';
import type { HostFacts } from '../../core/host-facts.ts';
import type { DirectoryChange } from '../../core/plan/directory-changes.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { changeDirectory, isGone } from '../../system/directories.ts';
import { exec } from '../../system/exec.ts';
import { lstat, makeDirectory, writeAtomically } from '../../system/files.ts';
import { forgetIdentities, ownerIds, requireGroup, requireUser, userId } from '../../system/identity.ts';
import { failed } from '../../core/errors.ts';
import type { Prepared } from '../plan/prepare.ts';
import { writeProbeFile } from '../prove/login.ts';

/** On the machine itself the mail belongs to a user of its own, which is made when it is missing. */
export async function ensureMailOwner(root: string): Promise<void> {
  if (root !== '' || userId('vmail') !== undefined) return;
  const args = [
    '--system',
    '--user-group',
    '--home-dir',
    '/var/vmail',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
  ];
  const { code, stderr } = await exec('useradd', [...args, 'vmail']);
  if (code !== 0) throw failed(`the user vmail, who owns the mail, could not be made: ${stderr.trim()}`);
  forgetIdentities();
}

/** Parts of the queue that belong to postfix alone (postfix-files). */
const POSTFIX_ONLY = 'active bounce corrupt defer deferred flush hold incoming private saved trace'.split(' ');

/**
 * Directories that the files and daemons need, each with its owner and mode under any umask. Those of ours that have others
 * get them again, before anything is written there.
 */
export function ensureDirectories({ facts, directories, plan }: Prepared, progress: (step: string) => void): void {
  const postfix = requireUser('postfix');
  makeAgain(facts, plan.directories, progress);
  for (const { path, mode, owner = 'root', group = 'root', madeBy } of directories) {
    if (madeBy !== 'apply') continue;
    const { uid, gid } = ownerIds({ owner, group });
    makeDirectory(below(facts, path), mode, uid, gid);
  }
  const changed = plan.directories.filter(({ before }) => before !== undefined);
  const count = changed.length;
  if (count > 0) progress(`putting owner and mode of ${count === 1 ? '1 directory' : `${count} directories`} right`);
  for (const { path, after } of changed) changeDirectory(below(facts, path), after);
  if (lstat(below(facts, PATHS.probe)) === undefined) writeProbeFile(facts, '');
  repairQueues(below(facts, PATHS.queue), postfix);
  if (facts.root !== '') ensureMailLog(below(facts, PATHS.mailLog), postfix);
}

/** Those that have gone. @throws failed where only what a symbolic link leads to has gone: that is not ours to make */
function makeAgain(facts: HostFacts, changes: readonly DirectoryChange[], progress: (step: string) => void): void {
  for (const { path, before, after, lacksMail } of changes) {
    if (before !== undefined) continue;
    const target = below(facts, path);
    if (lstat(target) !== undefined && isGone(target))
      throw failed(
        `${target} is a symbolic link, and what it leads to is not there`,
        'mount or make that, or put the link right, and run "eboxmail apply" again',
      );
    progress(`making ${target}${lacksMail === true ? ', as no mailbox is there any more' : ''}`);
    const { uid, gid } = ownerIds(after);
    makeDirectory(target, after.mode, uid, gid);
  }
}

/**
 * "postfix check" makes the queue's directories; interrupted between making one and giving it away, it would complain for
 * ever about what it made.
 */
function repairQueues(queue: string, postfix: number): void {
  for (const name of ['maildrop', 'public', ...POSTFIX_ONLY]) {
    const path = `${queue}/${name}`;
    if (lstat(path)?.uid !== 0) continue;
    const shared = name === 'maildrop' || name === 'public';
    chmodSync(path, name === 'maildrop' ? 0o730 : shared ? 0o710 : 0o700);
    chownSync(path, postfix, shared ? requireGroup('postdrop') : 0);
  }
}

/** Postfix's tools that run as postfix must be able to write the log that postlogd opens as root (postlogd(8)). */
function ensureMailLog(path: string, postfix: number): void {
  if (lstat(path) === undefined) writeAtomically({ path, content: '', mode: 0o640, uid: postfix, gid: 0 });
}
