import { chmod, mkdir, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listing, modeOf, scene, STATE, type Scene } from '../support/scene.ts';

const LISTS = [
  ['user', 'list', '--json'],
  ['user', 'show', 'alice@example.com'],
  ['alias', 'list'],
];

/** A scene whose state was edited and read, so that its cache is there. */
async function cached(): Promise<{ there: Scene; cache: string; answers: string[] }> {
  const there = await scene(STATE);
  await there.ok(['user', 'set', 'bob@example.com', '--name', 'Bob']);
  const directory = join(there.root, 'var/cache/eboxmail');
  const names = await readdir(directory);
  expect(names).toHaveLength(1);
  return { there, cache: join(directory, names[0] ?? ''), answers: await answersOf(there) };
}

async function answersOf(there: Scene): Promise<string[]> {
  return Promise.all(LISTS.map(async (args) => (await there.ok(args)).stdout));
}

describe('the cache', () => {
  it('is for its owner only: it holds what the state holds', async () => {
    const { there, cache } = await cached();
    expect(await modeOf(cache)).toBe('0600');
    expect(await modeOf(join(there.root, 'var/cache/eboxmail'))).toBe('0700');
  });

  const DAMAGE: Readonly<Record<string, (cache: string) => Promise<void>>> = {
    deleted: (cache) => rm(cache),
    'deleted with its directory': (cache) => rm(join(cache, '../../..'), { recursive: true }),
    empty: (cache) => writeFile(cache, ''),
    truncated: async (cache) => truncate(cache, (await stat(cache)).size - 10),
    'cut in its first line': (cache) => truncate(cache, 30),
    garbage: (cache) => writeFile(cache, Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * 31) % 256))),
    'a byte changed': async (cache) => writeFile(cache, (await readFile(cache, 'utf8')).replace('Alice', 'Malic')),
    'of another version': async (cache) =>
      writeFile(cache, (await readFile(cache, 'utf8')).replace(/ \d+\.\d+\.\d+ /, ' 9.9.9 ')),
    null: async (cache) => writeFile(cache, `${(await readFile(cache, 'utf8')).split('\n')[0]}\nnull`),
    'a directory': async (cache) => {
      await rm(cache);
      await mkdir(cache);
    },
    'a link': async (cache) => {
      await rm(cache);
      await symlink('/etc/passwd', cache);
    },
  };
  it.each(Object.entries(DAMAGE))('changes no result when it is %s', async (_, damage) => {
    const { there, cache, answers } = await cached();
    await damage(cache);
    expect(await answersOf(there)).toEqual(answers);
    await damage(cache).catch(() => undefined);
    await there.ok(['user', 'set', 'bob@example.com', '--name', '']);
    expect(await there.text()).toBe(STATE);
    expect((await there.ok(['user', 'list'])).stdout).toContain('bob@example.com\t\t');
  });

  it('of another state is not taken', async () => {
    const { there, cache, answers } = await cached();
    const other = await scene(STATE.replace('Alice Liddell', 'Mallory'));
    await other.ok(['user', 'set', 'bob@example.com', '--name', 'Bob']);
    const foreign = join(
      other.root,
      'var/cache/eboxmail',
      (await readdir(join(other.root, 'var/cache/eboxmail')))[0] ?? '',
    );
    await writeFile(cache, await readFile(foreign));
    expect(await answersOf(there)).toEqual(answers);
  });

  it('is not taken when the state was edited by hand, even in the same second and size', async () => {
    const { there } = await cached();
    const { atime, mtime } = await stat(there.statePath);
    await there.write((await there.text()).replace('Alice Liddell', 'Alice Lidless'));
    await utimes(there.statePath, atime, mtime);
    expect((await there.ok(['user', 'list'])).stdout).toContain('Alice Lidless');
    await there.write((await there.text()).replace('version: 1', 'version: 7'));
    await there.refuses(3, ['user', 'list']);
  });

  it('goes when the state has gone that it was made of', async () => {
    const { there, cache } = await cached();
    const other = join(there.root, 'other "state" ü.yaml');
    await writeFile(other, STATE);
    const names = async (): Promise<readonly string[]> => readdir(join(cache, '..'));
    await there.ok(['--state', other, 'user', 'list']);
    expect(await names()).toHaveLength(2);
    // One of an earlier version does not say what it was made of.
    await writeFile(join(cache, '../state.yaml-0123456789abcdef.json'), 'eboxmail cache 1 0.1.0 ab cd\n{}');
    await rm(other);
    await there.ok(['user', 'set', 'bob@example.com', '--name', 'Bobby']);
    expect(await names()).toEqual([basename(cache)]);
    // Who was there is found again.
    const before = await readFile(cache, 'utf8');
    await there.ok(['user', 'list']);
    expect(await readFile(cache, 'utf8')).toBe(before);
  });

  it('is done without where it cannot be written', async () => {
    const there = await scene(STATE);
    await mkdir(join(there.root, 'var'));
    await writeFile(join(there.root, 'var/cache'), 'a file');
    await answersOf(there);
    await there.ok(['user', 'set', 'bob@example.com', '--name', 'Bob']);
    expect(await readFile(join(there.root, 'var/cache'), 'utf8')).toBe('a file');
  });
});

describe('commands that only look', () => {
  const LOOKING = [
    ...LISTS,
    ['domain', 'list'],
    ['domain', 'show', 'example.com'],
    ['validate'],
    ['plan'],
    ['plan', '--json'],
    ['plan', '--exit-code'],
    ['apply', '--dry-run'],
    ['user', 'show', 'nobody@example.com'],
    ['--help'],
  ];
  it('write nothing', async () => {
    const there = await scene(STATE);
    await mkdir(join(there.root, 'var/cache/eboxmail'), { recursive: true });
    await chmod(join(there.root, 'var/cache/eboxmail'), 0o700);
    const tree = async (): Promise<unknown> =>
      Object.fromEntries(
        Object.entries(await listing(there.root)).filter(([name]) => !name.startsWith('var/cache/eboxmail')),
      );
    const before = await tree();
    for (const args of LOOKING) {
      await there.run(args);
      expect(await tree(), args.join(' ')).toEqual(before);
    }
  });

  it('make no directory under a root that has none, but for the cache', async () => {
    const there = await scene(STATE);
    for (const args of [['validate'], ['plan'], ['apply', '--dry-run']]) {
      await there.run(args);
      expect(await readdir(there.root)).toEqual(['etc']);
      expect(await readdir(join(there.root, 'etc'))).toEqual(['eboxmail']);
      expect(await readdir(join(there.root, 'etc/eboxmail'))).toEqual(['state.yaml']);
    }
  });
});
