import type { PendingStatus } from '../../core/status.ts';
import { EboxmailError } from '../../core/errors.ts';
import { isEmpty } from '../../core/plan/plan.ts';
import { prepare } from '../plan/prepare.ts';
import type { Scene } from './scene.ts';

export async function pendingStatus({ place }: Scene): Promise<PendingStatus> {
  try {
    const { plan } = await prepare(place);
    const empty = isEmpty(plan);
    const paths = (of: readonly { readonly path: string }[]): string[] => of.map(({ path }) => `${place.root}/${path}`);
    return {
      well: empty,
      changes: plan.changes.map(({ text }) => text),
      files: paths(plan.files),
      edited: paths(plan.files.filter(({ present }) => present === 'edited')),
      directories: paths(plan.directories.filter(({ before }) => before !== undefined)),
      gone: paths(plan.directories.filter(({ before }) => before === undefined)),
      lackMail: paths(plan.directories.filter(({ lacksMail }) => lacksMail === true)),
      timers: plan.timers.map(({ name }) => name),
      renewedCertificate: plan.renewedCertificate ?? null,
      empty,
    };
  } catch (error) {
    if (!(error instanceof EboxmailError)) throw error;
    const problem = error.message;
    const nothing = {
      changes: [],
      files: [],
      edited: [],
      directories: [],
      gone: [],
      lackMail: [],
      timers: [],
      renewedCertificate: null,
    };
    return { well: false, ...nothing, empty: false, problem };
  }
}
