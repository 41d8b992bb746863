import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { knownKeys } from '../../src/core/generated/state-keys.ts';
import { patternForPeople } from '../../src/core/state/schema-facts.ts';
import { allCommands } from '../support/program.ts';

const DIRECTORY = fileURLToPath(new URL('../../dist/man/', import.meta.url));

/** A page as people read it, and what groff finds wrong with it. */
function read(page: string): { text: string; complaints: string } {
  const env = { ...process.env, GROFF_NO_SGR: '1' };
  const groff = (...options: string[]): SpawnSyncReturns<string> =>
    spawnSync('groff', ['-man', '-ww', '-Tutf8', ...options, `${DIRECTORY}${page}`], { encoding: 'utf8', env });
  const { stdout, error } = groff('-rLL=200n', '-P-cbou');
  expect(error).toBeUndefined();
  // As wide as a terminal usually is: what cannot be broken is complained of.
  const { stderr } = groff('-z');
  return { text: stdout, complaints: stderr };
}

it('eboxmail(1) has every command with its options and examples', async () => {
  const { text, complaints } = read('eboxmail.1');
  expect(complaints).toBe('');
  for (const { words, command } of await allCommands()) {
    if (command.commands.length > 0) continue;
    expect(text).toContain(`eboxmail ${words.join(' ')}`);
    for (const { flags } of command.options) expect(text).toContain(flags);
  }
  // What roff would act on: backslashes, quotes, hyphens, leading dots.
  expect(text).toContain(`printf '%s\\n' "$PASSWORD" | eboxmail user add alice@example.com --password-stdin`);
  expect(text).toContain('eboxmail relay smarthost set "[192.0.2.25]" --apply');
  expect(text).toContain('FILES');
  expect(text).toContain('another eboxmail holds the lock');
});

it('eboxmail-state(5) has every key', () => {
  const { text, complaints } = read('eboxmail-state.5');
  expect(complaints).toBe('');
  const keys = Object.entries(knownKeys).flatMap(([pattern, names]) =>
    names.map((name) => (pattern === '' ? name : `${patternForPeople(pattern)}.${name}`)),
  );
  expect(keys.length).toBeGreaterThan(50);
  expect(keys.filter((key) => !text.includes(key))).toEqual([]);
});
