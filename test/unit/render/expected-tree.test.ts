import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RenderedFile } from '../../../src/core/render/rendered-file.ts';
import { treeDifferences, writeTree } from '../../support/expected-tree.ts';
import { tempDir } from '../../support/temp.ts';

const file = (path: string, content: string, mode = 0o644): RenderedFile => ({
  path,
  reason: '',
  content,
  mode,
  owner: 'root',
  group: 'root',
  onChange: 'nothing',
});
const RENDERED = [file('etc/a', '1\n'), file('etc/b/c', '2\n')];

it('a tree that was written has no differences, and nothing is left beside it', async () => {
  const directory = `${await tempDir()}/expected`;
  writeTree(directory, RENDERED);
  expect(treeDifferences(directory, RENDERED)).toEqual([]);
  expect(readdirSync(directory).sort()).toEqual(['MANIFEST', 'etc']);
});

it('a tree that is not there is a difference, and is not written', async () => {
  const directory = `${await tempDir()}/expected`;
  expect(treeDifferences(directory, RENDERED)).toEqual(['there is no expected tree']);
  expect(existsSync(directory)).toBe(false);
});

it.each<[string, readonly RenderedFile[], readonly string[]]>([
  ['another text', [file('etc/a', '1\n'), file('etc/b/c', '3\n')], ['etc/b/c differs: see etc/b/c.ACTUAL']],
  ['another mode', [file('etc/a', '1\n', 0o600), file('etc/b/c', '2\n')], ['MANIFEST differs: see MANIFEST.ACTUAL']],
  ['another order', [...RENDERED].reverse(), ['MANIFEST differs: see MANIFEST.ACTUAL']],
  [
    'a missing file',
    [file('etc/a', '1\n')],
    ['etc/b/c is expected, but not rendered', 'MANIFEST differs: see MANIFEST.ACTUAL'],
  ],
  [
    'an extra file',
    [...RENDERED, file('x', '')],
    ['MANIFEST differs: see MANIFEST.ACTUAL', 'x is rendered, but not expected'],
  ],
])('%s is a difference', async (_, rendered, differences) => {
  const directory = `${await tempDir()}/expected`;
  writeTree(directory, RENDERED);
  expect(treeDifferences(directory, rendered)).toEqual(differences);
  expect(treeDifferences(directory, rendered)).toEqual(differences);
  expect(treeDifferences(directory, RENDERED)).toEqual([]);
});

it('leaves what was rendered beside what differs, until it no longer does', async () => {
  const directory = `${await tempDir()}/expected`;
  writeTree(directory, RENDERED);
  writeFileSync(`${directory}/etc/a`, 'changed\n');
  rmSync(`${directory}/etc/b/c`);
  expect(treeDifferences(directory, RENDERED)).toHaveLength(2);
  expect(readFileSync(`${directory}/etc/a.ACTUAL`, 'utf8')).toBe('1\n');
  expect(readFileSync(`${directory}/etc/b/c.ACTUAL`, 'utf8')).toBe('2\n');
  writeFileSync(`${directory}/etc/a`, '1\n');
  expect(treeDifferences(directory, RENDERED)).toHaveLength(1);
  expect(existsSync(`${directory}/etc/a.ACTUAL`)).toBe(false);
});
