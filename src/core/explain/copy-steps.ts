import type { CopyRecipient } from '../copies.ts';
import type { Domain } from '../model.ts';
import type { Step } from './explanation.ts';

const BOUNCES: Readonly<Record<CopyRecipient['bounces'], string>> = {
  sender: 'if that cannot be delivered, the sender hears of it',
  postmaster: 'if that cannot be delivered, the postmaster hears of it',
  none: 'if that cannot be delivered, nobody hears of it',
};

/** The blind copies of all mail of a domain. */
export function copySteps({ name, key, catchAll }: Domain, copies: readonly CopyRecipient[]): readonly Step[] {
  const path = ['domains', key, 'catch_all', 'copy_to'];
  const archive = catchAll?.copyTo;
  if (copies.length === 0 && archive !== undefined && archive.kind !== 'group') {
    const text = `no copy is made, because ${archive.address} leads to nobody`;
    return [{ kind: 'no-copy', depth: 0, text, address: archive.address, path }];
  }
  return copies.map(({ address, bounces }) => ({
    kind: 'copy',
    depth: 0,
    text: `a blind copy of all mail of ${name} goes to ${address}; ${BOUNCES[bounces]}`,
    address,
    path,
  }));
}
