import { expect, it } from 'vitest';
import { directoryChanges, ownershipWords, type FoundDirectory } from '../../../src/core/plan/directory-changes.ts';
import type { WantedDirectory } from '../../../src/core/render/directories.ts';

const closed: WantedDirectory = { path: 'd', mode: 0o750, owner: 'root', group: 'dovecot', madeBy: 'apply' };
const open: WantedDirectory = { ...closed, mode: 0o755, group: 'root' };
const service: WantedDirectory = { ...closed, mode: 0o700, owner: '_rspamd', group: 'root' };
const secrets: WantedDirectory = { ...closed, mode: 0o700, group: 'root', madeBy: 'keeper' };
const etc: WantedDirectory = { path: 'd', mode: 0o775, madeBy: 'keeper' };

function found(mode: number, owner = 'root', group = 'root', belowRoots = true): FoundDirectory {
  return { mode, owner, group, belowRoots };
}

it.each<[string, WantedDirectory, FoundDirectory | undefined, string]>([
  ['is not there', closed, undefined, ''],
  ['is as it should be', closed, found(0o750, 'root', 'dovecot'), ''],
  ['is open to all', closed, found(0o777, 'root', 'dovecot'), 'mode 0777 → 0750'],
  ['is closed to those who need it', open, found(0o700), 'mode 0700 → 0755'],
  ['gives files its group', open, found(0o2755), 'mode 2755 → 0755'],
  ["is somebody else's", open, found(0o755, 'nobody'), 'owner nobody → root'],
  ['has no name for its owner', open, found(0o755, '12345'), 'owner 12345 → root'],
  ["is another group's", closed, found(0o750), 'group root → dovecot'],
  ['is wrong in all', closed, found(0o777, 'a', 'b'), 'owner a → root, group b → dovecot, mode 0777 → 0750'],
  ['has a group without rights', service, found(0o700, '_rspamd', '_rspamd'), ''],
  ['is a service of another owner', service, found(0o700), 'owner root → _rspamd'],
  ["is the keeper's, in a directory of theirs", secrets, found(0o700, 'alice', 'alice', false), ''],
  ["is not the keeper's, in one of root's", secrets, found(0o700, 'alice', 'alice'), 'owner alice → root'],
  ['is open, in a directory of the keeper', secrets, found(0o755, 'alice', 'alice', false), 'mode 0755 → 0700'],
  ['is closed further by the keeper', secrets, found(0o500), ''],
  ['is as its keeper wants it', etc, found(0o2770, 'alice', 'mail'), ''],
  ['lets all write', etc, found(0o3777, 'alice', 'mail'), 'mode 3777 → 3775'],
])('a directory that %s', (_, wanted, there, words) => {
  const changes = directoryChanges([wanted], new Map(there === undefined ? [] : [['d', there]]));
  expect(changes.map(ownershipWords)).toEqual(words === '' ? [] : [words]);
});

it('a directory that was there and has gone is made again, as it should be', () => {
  const changes = directoryChanges([closed, { ...open, path: 'e' }], new Map(), new Set(['d']));
  const after = { mode: 0o750, owner: 'root', group: 'dovecot' };
  expect(changes).toEqual([{ path: 'd', before: undefined, after }]);
  expect(changes.map(ownershipWords)).toEqual(['new, owner root, group dovecot, mode 0750']);
});
