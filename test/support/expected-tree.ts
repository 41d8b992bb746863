import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RenderedFile } from '../../src/core/render/rendered-file.ts';

const MANIFEST = 'MANIFEST';
const ACTUAL = '.ACTUAL';

/** Everything about rendered files that an expected tree holds: their contents, and a line each about the rest. */
function treeOf(rendered: readonly RenderedFile[]): ReadonlyMap<string, string> {
  const lines = rendered.map(({ path, mode, owner, group, onChange, index, secret, ownsLine }) => {
    const words = [mode.toString(8).padStart(4, '0'), `${owner}:${group}`, path, onChange];
    if (index !== undefined) words.push(`${index.builder}:${index.type}`);
    if (secret !== undefined) words.push('secret');
    if (ownsLine !== undefined) words.push(`line:${ownsLine.begins}`);
    return `${words.join(' ')}\n`;
  });
  return new Map([[MANIFEST, lines.join('')], ...rendered.map(({ path, content }) => [path, content] as const)]);
}

/** Makes a directory hold exactly what was rendered. */
export function writeTree(directory: string, rendered: readonly RenderedFile[]): void {
  rmSync(directory, { recursive: true, force: true });
  for (const [path, content] of treeOf(rendered)) write(join(directory, path), content);
}

/**
 * In what a directory departs from what was rendered, one sentence each. Beside each file that differs or is missing the
 * one that was rendered is left as X.ACTUAL; those of earlier runs go.
 */
export function treeDifferences(directory: string, rendered: readonly RenderedFile[]): readonly string[] {
  if (!existsSync(directory)) return ['there is no expected tree'];
  for (const path of filesIn(directory)) if (path.endsWith(ACTUAL)) rmSync(join(directory, path));
  const tree = treeOf(rendered);
  const expected = filesIn(directory);
  const differences = expected.filter((path) => !tree.has(path)).map((path) => `${path} is expected, but not rendered`);
  for (const [path, content] of tree) {
    const known = expected.includes(path);
    if (known && readFileSync(join(directory, path), 'utf8') === content) continue;
    write(join(directory, `${path}${ACTUAL}`), content);
    differences.push(known ? `${path} differs: see ${path}${ACTUAL}` : `${path} is rendered, but not expected`);
  }
  return differences;
}

function filesIn(directory: string): readonly string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
