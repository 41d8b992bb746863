import { mkdirSync, readdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { allCommands, silentProcess } from '../support/program.ts';
import { tempDir } from '../support/temp.ts';

/**
 * Each directory is a case: args, a command line as a list in JSON, and what is said of it, word for word, with the exit
 * code before it. UPDATE_BAD=1 rewrites; then read each new text: does it say what is wrong, where, and what to do?
 */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const UPDATE = 'if the new words are better: UPDATE_BAD=1 npx vitest run test/bad-commands';
const STATE = readFileSync(`${HERE}state.yaml`, 'utf8');

const cases = readdirSync(HERE, { withFileTypes: true }).filter((entry) => entry.isDirectory());

it.each(cases.map(({ name }) => name))('%s', async (name) => {
  const args = JSON.parse(readFileSync(`${HERE}${name}/args`, 'utf8')) as string[];
  const file = `${HERE}${name}/expected`;
  const { code, said, state } = await run(args);
  const actual = `exit ${code}\n${said}`;
  if (process.env['UPDATE_BAD'] === '1') writeFileSync(file, actual);
  expect(existsSync(file), `${name} has no expected text; ${UPDATE}`).toBe(true);
  expect(actual, UPDATE).toBe(readFileSync(file, 'utf8'));
  expect(code).not.toBe(0);
  expect(said).not.toMatch(/this is a bug|hashofNobody/);
  expect(said.replaceAll('\n', ''), 'nothing that a terminal would act on').not.toMatch(/\p{C}/u);
  expect(state).toBe(STATE);
});

it('has enough cases, each with a number of its own, of every command', async () => {
  expect(cases.length).toBeGreaterThanOrEqual(60);
  expect(new Set(cases.map(({ name }) => name.split('-')[0])).size).toBe(cases.length);
  const [program] = await allCommands();
  const lines = cases.map(({ name }) => JSON.parse(readFileSync(`${HERE}${name}/args`, 'utf8')) as string[]);
  const nouns = program?.command.commands.map((one) => one.name()) ?? [];
  const missing = nouns.filter((noun) => !lines.some((line) => line.includes(noun)));
  expect(missing, 'a case for each command: what do people get wrong?').toEqual([]);
});

async function run(args: readonly string[]): Promise<{ code: number; said: string; state: string }> {
  const root = join(await tempDir(), 'root');
  const statePath = join(root, 'etc/eboxmail/state.yaml');
  mkdirSync(join(root, 'etc/eboxmail'), { recursive: true });
  writeFileSync(statePath, STATE, { mode: 0o600 });
  const { process, out, err } = silentProcess(args, { EBOXMAIL_ROOT: root });
  const code = await main(process);
  expect(out()).toBe('');
  return { code, said: err().replaceAll(root, 'ROOT'), state: readFileSync(statePath, 'utf8') };
}
