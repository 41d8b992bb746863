import { execFile } from 'node:child_process';
import { cp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTempDir } from '../support/temp.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let home: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  const directory = await makeTempDir();
  [home, remove] = [directory.path, directory.remove];
});

afterAll(() => remove());

beforeEach(async () => {
  for (const part of ['bin', 'dist', 'package.json']) {
    await rm(join(home, part), { recursive: true, force: true });
    await cp(join(ROOT, part), join(home, part), { recursive: true, preserveTimestamps: true });
  }
});

const compiled = (...parts: string[]): string => join(home, 'dist/compiled', ...parts);

async function run(...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [join(home, 'bin/eboxmail.js'), ...args])).stdout;
}

/** Of the files of the program that a command line loads, those that V8 did not take in their compiled form. */
async function refused(): Promise<string[]> {
  const script = `
    const { load, scripts } = require(${JSON.stringify(join(home, 'bin/load.js'))});
    for (const name of ['main', 'run', 'program']) load(${JSON.stringify(join(home, 'dist/cli'))} + '/' + name + '.cjs');
    const bad = [...scripts].filter(([, script]) => script.cachedDataRejected !== false);
    console.log(JSON.stringify(bad.map(([path]) => path.split('/').at(-1))));`;
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env });
  return JSON.parse(stdout) as string[];
}

describe('the program, compiled beforehand', () => {
  it('is taken as it is', async () => {
    expect(await refused()).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['there is nothing', () => rm(compiled(), { recursive: true })],
    ['it is damaged', () => writeEach(() => Buffer.from('no code'))],
    ['it is cut short', () => writeEach((data) => data.subarray(0, data.length / 2))],
    ['another version made it', () => writeEach((data) => Buffer.concat([Buffer.alloc(8), data.subarray(8)]))],
  ])('is compiled anew when %s', async (_, damage) => {
    await damage();
    expect(await refused()).toContain('main.cjs');
    expect(await run('--help')).toContain('Usage: eboxmail');
  });

  it('is not taken for a file that was changed since, though it is as long', async () => {
    const path = join(home, 'dist/cli/main.cjs');
    const text = await readFile(path, 'utf8');
    const version = (await run('--version')).trim();
    await writeFile(path, text.replace(`"${version}`, `"${version.replaceAll(/\d/g, '7')}`));
    await utimes(path, new Date(), new Date());
    expect((await stat(path)).size).toBe(text.length);
    expect((await run('--version')).trim()).toBe(version.replaceAll(/\d/g, '7'));
  });
});

async function writeEach(change: (data: Buffer) => Buffer): Promise<void> {
  for (const name of await readdir(compiled())) await writeFile(compiled(name), change(await readFile(compiled(name))));
}
