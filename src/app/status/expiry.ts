import { basename } from 'node:path';
import { EboxmailError } from '../../core/errors.ts';
import type { ExpiryStatus } from '../../core/status.ts';
import { expiringFolders, expiryWords, type ExpiryRun } from '../../core/expiry.ts';
import { PATHS } from '../../core/render/paths.ts';
import { lstat } from '../../system/files.ts';
import { readExpiryRun } from '../../system/expiry-record.ts';
import { isTimerAtWork, timerState } from '../../system/timers.ts';
import type { Scene } from './scene.ts';

/** Hours after which a daily job has missed its time for certain. */
const TOO_LONG = 49;

const UNIT = basename(PATHS.expireService);

const CRONS = ['/usr/sbin/cron', '/usr/sbin/crond'];

export async function expiryStatus(scene: Scene): Promise<ExpiryStatus> {
  const { place, facts, model } = scene;
  const { last, damage } = lastRun(place);
  const problem = expiringFolders(model.expiry).length === 0 ? undefined : (damage ?? (await whyNotWell(scene, last)));
  const status = { removes: expiryWords(model.expiry), by: facts.jobs.by, last };
  return problem === undefined ? { well: true, ...status } : { well: false, ...status, problem };
}

/** One that cannot be read says nothing of the rest of the machine. */
function lastRun({ root }: Scene['place']): { readonly last: ExpiryRun | null; readonly damage?: string } {
  try {
    return { last: readExpiryRun(`${root}/${PATHS.expire}`) ?? null };
  } catch (error) {
    if (!(error instanceof EboxmailError)) throw error;
    return { last: null, damage: [error.message, error.hint].filter(Boolean).join('; ') };
  }
}

/** A root of another machine is not for this one to judge. */
function hasCron(root: string): boolean {
  return root !== '' || CRONS.some((path) => lstat(path) !== undefined);
}

async function whyNotWell({ facts, applied }: Scene, last: ExpiryRun | null): Promise<string | undefined> {
  if (last !== null && last.errors.length > 0) return 'the last run failed';
  if (facts.jobs.by === 'none') return undefined;
  if (facts.jobs.by === 'systemd') {
    const state = await timerState(PATHS.expireTimer);
    if (!isTimerAtWork(state)) return `its timer is ${state}; "eboxmail apply" starts it`;
  } else if (!hasCron(facts.root)) return 'cron is not installed; install it: apt-get install cron';
  const since = last?.time ?? applied?.time ?? '';
  if (since === '' || Date.now() - Date.parse(since) <= TOO_LONG * 3_600_000) return undefined;
  const look = facts.jobs.by === 'cron' ? 'see to it that cron runs' : `why: journalctl -u ${UNIT}`;
  return `it does not run every day; ${look}`;
}
