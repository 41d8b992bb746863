import { appendFile, mkdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { finderOf } from '../../../src/core/log/needles.ts';
import { findLines, firstLine, openLogs, rotatedFiles } from '../../../src/system/log-source.ts';
import { execChunks } from '../../../src/system/exec.ts';
import { tempDir } from '../../support/temp.ts';
import { CLOCK } from './reading.ts';

const find = finderOf([new TextEncoder().encode('needle')]);

async function* blocksOf(...texts: readonly string[]): AsyncIterable<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

async function found(blocks: AsyncIterable<Buffer>): Promise<(readonly [string, number])[]> {
  const lines: (readonly [string, number])[] = [];
  await findLines(blocks, find, (line, place) => lines.push([line, place]));
  return lines;
}

describe('lines in a stream', () => {
  it('are found whole wherever blocks end', async () => {
    const text = 'first needle\nhay\n\nü needle two\nneedle';
    const whole = [
      ['first needle', 0],
      ['ü needle two', 18],
      ['needle', 32],
    ];
    for (let cut = 1; cut < text.length; cut += 1) {
      expect(await found(blocksOf(text.slice(0, cut), text.slice(cut))), String(cut)).toEqual(whole);
    }
    expect(await found(blocksOf(...text))).toEqual(whole);
  });

  it('are given once, also when they hold it twice', async () => {
    expect(await found(blocksOf('needle needle\nneedle\n'))).toHaveLength(2);
  });

  it('that never end are no lines, and are not kept', async () => {
    const endless = Array.from({ length: 40 }, () => 'needle '.repeat(10_000));
    expect(await found(blocksOf(...endless, '\na needle\n'))).toEqual([['a needle', expect.any(Number)]]);
  });
});

describe('log files', () => {
  it('are found with their rotated predecessors and nothing else', async () => {
    const directory = await tempDir();
    for (const name of [
      'mail.log',
      'mail.log.1',
      'mail.log.2.gz',
      'mail.log-20261101.gz',
      'mail.log~',
      'mail.log.bak',
      'xmail.log',
    ]) {
      await writeFile(`${directory}/${name}`, '');
    }
    const names = rotatedFiles(`${directory}/mail.log`).map((path) => path.slice(directory.length + 1));
    expect([...names].sort()).toEqual(['mail.log', 'mail.log-20261101.gz', 'mail.log.1', 'mail.log.2.gz']);
    expect(rotatedFiles(`${directory}/nothing/mail.log`)).toEqual([]);
  });

  it('are read from the oldest to the youngest, packed or not, and again after a rotation', async () => {
    const directory = await tempDir();
    const [log, before, packed] = [`${directory}/mail.log`, `${directory}/mail.log.1`, `${directory}/mail.log.2.gz`];
    await writeFile(log, 'needle 3\n');
    await writeFile(before, 'needle 2\n');
    await writeFile(packed, gzipSync('needle 1\n'));
    await utimes(before, 1000, 1000);
    await utimes(packed, 500, 500);
    const sources = await openLogs([log, packed, before], CLOCK);
    try {
      const all = async (): Promise<string[]> => {
        const lines: string[] = [];
        for (const source of sources) for (const [line] of await found(source.read(-Infinity))) lines.push(line);
        return lines;
      };
      expect(await all()).toEqual(['needle 1', 'needle 2', 'needle 3']);
      await rename(log, `${directory}/mail.log.0`);
      await writeFile(log, 'needle 4\n');
      await appendFile(`${directory}/mail.log.0`, 'needle 3b\n');
      expect(await all()).toEqual(['needle 1', 'needle 2', 'needle 3']);
      expect(await firstLine(sources[0] as (typeof sources)[0])).toBe('needle 1');
      const [, second] = sources;
      expect(await found((second as (typeof sources)[0]).read(2_000_000))).toEqual([]);
    } finally {
      for (const source of sources) await source.close();
    }
  });

  it('are read only from about a time on', async () => {
    const directory = await tempDir();
    const begin = Date.UTC(2026, 10, 20);
    const lines = Array.from({ length: 100_000 }, (_, second) => {
      const time = new Date(begin + second * 1000).toISOString();
      return `${time} mx postfix/qmgr[1]: ${second === 99_000 ? 'needle' : 'hay'.repeat(10)} ${second}\n`;
    });
    await writeFile(`${directory}/mail.log`, lines.join(''));
    const [source] = await openLogs([`${directory}/mail.log`], CLOCK);
    try {
      const bytes = async (since: number): Promise<number> => {
        let sum = 0;
        for await (const block of source?.read(since) ?? []) sum += block.length;
        return sum;
      };
      const since = begin + 98_900_000;
      expect(await found((source as NonNullable<typeof source>).read(since))).toHaveLength(1);
      expect(await bytes(since)).toBeLessThan(3 << 20);
      expect(await bytes(-Infinity)).toBe(lines.join('').length);
    } finally {
      await source?.close();
    }
  });

  it('that cannot be read are named', async () => {
    const directory = await tempDir();
    await mkdir(`${directory}/mail.log`);
    await expect(openLogs([`${directory}/mail.log`], CLOCK)).rejects.toThrow(/is no regular file/);
    await expect(openLogs([`${directory}/none`], CLOCK)).rejects.toThrow(/there is no file/);
    await writeFile(`${directory}/broken.gz`, gzipSync('needle\n'.repeat(1000)).subarray(0, 40));
    const [source] = await openLogs([`${directory}/broken.gz`], CLOCK);
    await expect(found(source?.read(-Infinity) ?? blocksOf())).rejects.toThrow(/cannot unpack .*broken\.gz/);
    await source?.close();
  });
});

describe('what a program prints', () => {
  const JOURNAL = fileURLToPath(new URL('./fixtures/journal.log', import.meta.url));

  it('is read while it prints it, and need not be read to its end', async () => {
    const lines: string[] = [];
    const removed = finderOf([new TextEncoder().encode(': removed')]);
    await findLines(
      execChunks('cat', [JOURNAL], () => undefined),
      removed,
      (line) => lines.push(line),
    );
    expect(lines).toHaveLength((await readFile(JOURNAL, 'utf8')).split(': removed').length - 1);
    for await (const block of execChunks('yes', ['needle'], () => undefined)) {
      expect(block.toString('utf8', 0, 7)).toBe('needle\n');
      break;
    }
  });

  it('is nothing when it fails, and the error says why', async () => {
    const check = ({ code, stderr }: { code: number; stderr: string }): void => {
      if (code !== 0) throw new Error(stderr);
    };
    await expect(found(execChunks('cat', ['/nowhere/at/all'], check))).rejects.toThrow(/No such file/);
    await expect(found(execChunks('no-such-program-here', [], check))).rejects.toThrow(
      'no-such-program-here is not installed',
    );
  });
});
