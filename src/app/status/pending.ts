import type { PendingStatus } from '../../core/status.ts';
import { EboxmailError } from '../../core/errors.ts';
import { isEmpty } from '../../core/plan/plan.ts';
import { prepare } from '../plan/prepare.ts';
import type { Scene } from './scene.ts';

export async function pendingStatus({ place }: Scene): Promise<PendingStatus> {
  try {
    const { plan } = await prepare(place);
    const empty = isEmpty(plan);
    return {
      well: empty,
      changes: plan.changes.map(({ text }) => text),
      files: plan.files.map(({ path }) => `${place.root}/${path}`),
      edited: plan.files.filter(({ present }) => present === 'edited').map(({ path }) => `${place.root}/${path}`),
      directories: plan.directories.map(({ path }) => `${place.root}/${path}`),
      renewedCertificate: plan.renewedCertificate ?? null,
      empty,
    };
  } catch (error) {
    if (!(error instanceof EboxmailError)) throw error;
    const problem = error.message;
    const nothing = { changes: [], files: [], edited: [], directories: [], renewedCertificate: null };
    return { well: false, ...nothing, empty: false, problem };
  }
}
