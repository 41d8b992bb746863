import { chmodSync, chownSync } from 'node:fs';
import type { HostFacts } from '../../core/host-facts.ts';
import { PATHS } from '../../core/render/paths.ts';
import { exec } from '../../system/exec.ts';
import { lstat, makeDirectory, writeAtomically } from '../../system/files.ts';
import { forgetIdentities, requireGroup, requireUser, userId } from '../../system/identity.ts';
import { failed } from '../../core/errors.ts';
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

/** Directories that the files and daemons need, each with its owner and mode under any umask. */
export function ensureDirectories(facts: HostFacts): void {
  const { root, mailOwner, sandbox } = facts;
  const postfix = requireUser('postfix');
  const at = (path: string): string => `${root}/${path}`;
  makeDirectory(at(PATHS.postfix), 0o755);
  makeDirectory(at(PATHS.tables), 0o755);
  makeDirectory(at('etc/dovecot/eboxmail'), 0o750, 0, requireGroup('dovecot'));
  if (lstat(at(PATHS.probe)) === undefined) writeProbeFile(facts, '');
  makeDirectory(at(PATHS.queue), 0o755);
  repairQueues(at(PATHS.queue), postfix);
  makeDirectory(at(PATHS.postfixData), 0o755, postfix, requireGroup('postfix'));
  makeDirectory(at(PATHS.dovecotRun), 0o755);
  makeDirectory(at(PATHS.dovecotState), 0o755);
  makeDirectory(at(PATHS.mail), 0o750, mailOwner.uid, mailOwner.gid);
  if (root !== '') ensureLogs(at('var/log'), postfix);
  if (sandbox !== undefined) {
    makeDirectory(at(sandbox.outbound), 0o700, mailOwner.uid, mailOwner.gid);
    makeDirectory(at(PATHS.localMail), 0o2775, 0, requireGroup('mail'));
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
function ensureLogs(directory: string, postfix: number): void {
  makeDirectory(directory, 0o755);
  const path = `${directory}/mail.log`;
  if (lstat(path) === undefined) writeAtomically({ path, content: '', mode: 0o640, uid: postfix, gid: 0 });
}
