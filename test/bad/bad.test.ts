import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadState } from '../../src/app/state/load-state.ts';
import { problemText } from '../../src/ui/problems.ts';

/**
 * Each directory is a case: a state.yaml with mistakes, and what is said of it, word for word. UPDATE_BAD=1 rewrites;
 * then read each new text: does it say what is wrong, where, and what to do?
 */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const UPDATE = 'if the new words are better: UPDATE_BAD=1 npx vitest run test/bad';

const cases = readdirSync(HERE, { withFileTypes: true }).filter((entry) => entry.isDirectory());

it.each(cases.map(({ name }) => name))('%s', async (name) => {
  const directory = `${HERE}${name}`;
  const actual = await said(`${directory}/state.yaml`);
  const file = `${directory}/expected`;
  if (process.env['UPDATE_BAD'] === '1') writeFileSync(file, actual);
  expect(existsSync(file), `${name} has no expected text; ${UPDATE}`).toBe(true);
  expect(actual, UPDATE).toBe(readFileSync(file, 'utf8'));
  expect(actual, 'a case must have something to say').not.toBe('');
  expect(actual.replaceAll('\n', ''), 'nothing that a terminal would act on').not.toMatch(/\p{C}/u);
});

it('has enough cases, each with a number of its own', () => {
  expect(cases.length).toBeGreaterThanOrEqual(45);
  expect(new Set(cases.map(({ name }) => name.split('-')[0])).size).toBe(cases.length);
});

async function said(statePath: string): Promise<string> {
  const { problems } = await loadState({ root: '/nonexistent', statePath }, { positions: true });
  return problems.map((problem) => `${problemText(statePath, problem)}\n`).join('');
}
