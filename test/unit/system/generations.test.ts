import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { KEPT_GENERATIONS, readContent, readGeneration, saveGeneration } from '../../../src/system/generations.ts';
import { sha256 } from '../../../src/system/hash.ts';
import { tempDir } from '../../support/temp.ts';

it('contents go with the last generation that has them, secrets like all others', async () => {
  const lib = await tempDir();
  const save = (state: string, secret: string): number => {
    const contents = new Map([state, secret].map((text) => [sha256(text), text]));
    const secrets = [{ name: 'secrets/smarthost', sha256: sha256(secret) }];
    const about = { time: '', author: 'root', summary: [], files: [], moves: [] };
    return saveGeneration(lib, { ...about, state: sha256(state), secrets }, contents);
  };
  save('state 1', 'first');
  for (let n = 2; n <= KEPT_GENERATIONS; n++) save(`state ${n}`, 'second');
  expect(readContent(lib, sha256('first'))).toBe('first');
  const newest = save('state', 'third');
  expect(readGeneration(lib, 1)).toBeUndefined();
  expect(readGeneration(lib, newest)?.secrets).toEqual([{ name: 'secrets/smarthost', sha256: sha256('third') }]);
  expect(['first', 'second', 'third'].map((text) => readContent(lib, sha256(text)))).toEqual([
    undefined,
    'second',
    'third',
  ]);
  expect(await readdir(`${lib}/contents`)).toHaveLength(KEPT_GENERATIONS + 2);
});
