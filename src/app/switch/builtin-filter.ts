import { dirname } from 'node:path';
import { needsRedis } from '../../core/daemons.ts';
import { failed } from '../../core/errors.ts';
import type { MailModel } from '../../core/model.ts';
import type { FileChange } from '../../core/plan/plan.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import type { RenderedFile } from '../../core/render/rendered-file.ts';
import { RSPAMD_USER } from '../../core/render/rspamd/rspamd-file.ts';
import { lstat, makeDirectory, writeAtomically } from '../../system/files.ts';
import { requireUser } from '../../system/identity.ts';
import { answersAt } from '../../system/ports.ts';
import { isRedisInstalled } from '../../system/redis.ts';
import { checkRspamd, isRspamdInstalled, rspamdAnswers } from '../../system/rspamd.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';

/** What an apply does about the built-in filter beyond its files. */

export const INSTALL_RSPAMD = 'install it: apt-get install rspamd';
export const INSTALL_REDIS = 'install it: apt-get install redis-server';

/** @throws when the filter is on and the programs for it are not there */
export function requireRspamd({ model }: Pick<Prepared, 'model'>): void {
  if (model.filter.mode !== 'builtin' || isRspamdInstalled()) return requireRedis(model);
  const hint = `${INSTALL_RSPAMD}; or do without the filter: eboxmail filter set none`;
  throw failed('the built-in filter needs rspamd, which is not installed (Debian package rspamd)', hint);
}

/** @throws when the filter has something to remember and the program for it is not there */
function requireRedis(model: MailModel): void {
  if (!needsRedis(model) || isRedisInstalled()) return;
  const hint = `${INSTALL_REDIS}; or do without: eboxmail filter set builtin --greylisting off --learning off`;
  throw failed('greylisting and learning need Redis, which is not installed (Debian package redis-server)', hint);
}

/** Where systemd does not take what Redis prints, it cannot make a log by itself. */
export function ensureRedisLog({ model, facts }: Pick<Prepared, 'model' | 'facts'>): void {
  const path = below(facts, PATHS.redisLog);
  if (!needsRedis(model) || facts.jobs.by === 'systemd' || lstat(path) !== undefined) return;
  writeAtomically({ path, content: '', mode: 0o640, uid: requireUser(RSPAMD_USER), gid: 0 });
}

/** Has rspamd look at its new settings in a directory where nothing is live. */
export async function checkRspamdFiles(
  root: string,
  staging: string,
  rendered: readonly RenderedFile[],
  changes: readonly FileChange[],
): Promise<void> {
  const begins = `${PATHS.rspamd}/`;
  if (!changes.some(({ path, change }) => path.startsWith(begins) && change !== 'removed')) return;
  const etc = `${staging}/rspamd`;
  makeDirectory(etc, 0o755);
  for (const { path, content } of rendered) {
    if (!path.startsWith(begins)) continue;
    const target = `${etc}/${path.slice(begins.length)}`;
    makeDirectory(dirname(target), 0o755);
    writeAtomically({ path: target, content, mode: 0o644, uid: 0, gid: 0 });
  }
  const complaints = await checkRspamd(root, etc);
  if (complaints.length === 0) return;
  throw failed('rspamd refuses its new configuration, so nothing was changed', complaints.join('\n'));
}

/** @throws when rspamd was started and does not answer */
export async function requireRspamdAnswers({ root }: Place, { model }: Pick<Prepared, 'model'>): Promise<void> {
  if (model.filter.mode !== 'builtin' || (await rspamdAnswers(root))) return;
  const logs = root === '' ? 'journalctl -u eboxmail-rspamd' : `${root}/var/log/rspamd.log`;
  throw failed('rspamd was started, but does not answer', `the log says why: ${logs}`);
}

/** Says when attachments are not looked at although they should be. */
export async function afterScannerChange({ model, plan }: Prepared, progress: (step: string) => void): Promise<void> {
  const { filter } = model;
  if (filter.mode !== 'builtin' || filter.antivirus === undefined || (await answersAt(filter.antivirus))) return;
  const touched = plan.files.some(({ path }) => path.startsWith(`${PATHS.rspamd}/`));
  if (!touched && plan.daemons.rspamd === 'nothing') return;
  const what = filter.onFailure === 'accept' ? 'are taken without a look' : 'have to come again';
  progress(`ClamAV at ${filter.antivirus} does not answer: mails with attachments ${what} until it does`);
}
