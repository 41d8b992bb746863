import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { render } from '../../src/core/render/render.ts';
import { treeDifferences, writeTree } from '../support/expected-tree.ts';
import { facts, type FactsFile } from '../support/facts.ts';
import { validState } from '../support/read-state.ts';

/**
 * Each directory is a case: state.yaml, facts.json (what differs from test/support/facts.ts; may be absent) and
 * expected/, the whole tree that is rendered from them. After an intended change: UPDATE_GOLDEN=1 npx vitest run
 * --project golden, then read the difference with git.
 */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const UPDATE = 'if that is intended: UPDATE_GOLDEN=1 npx vitest run --project golden, then read git diff';

const cases = readdirSync(HERE, { withFileTypes: true }).filter((entry) => entry.isDirectory());

it.each(cases.map(({ name }) => name))('%s', async (name) => {
  const directory = `${HERE}${name}`;
  const { model, directory: index } = await validState(readFileSync(`${directory}/state.yaml`, 'utf8'));
  const rendered = render(model, index, facts(factsOf(directory)));
  if (process.env['UPDATE_GOLDEN'] === '1') writeTree(`${directory}/expected`, rendered);
  const differences = treeDifferences(`${directory}/expected`, rendered);
  expect(differences, [`${name}:`, ...differences, UPDATE].join('\n')).toEqual([]);
});

function factsOf(directory: string): FactsFile {
  const path = `${directory}/facts.json`;
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as FactsFile) : {};
}
