// Batches of growing size: time in all and for a line, and how it grows (10 times the lines in 10 times the time is linear).
//   node bench/batch.mjs [--runs 5]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/eboxmail.js', import.meta.url));
const RUNS = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 5;

const WORK = mkdtempSync(join(tmpdir(), 'eboxmail-bench-'));
let roots = 0;

/** Milliseconds of a batch; one line begins a state of its own. */
function time(root, lines) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, [BIN, '--root', root, 'batch', '-'], {
    input: lines.join('\n'),
  });
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`batch ended with ${status}: ${stderr}`);
  return took;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const range = (count, line) => Array.from({ length: count }, (_, n) => line(n));

const KINDS = {
  'user add': (n) => `user add user${n}@example.com --name 'User ${n}' --password-hash '{SHA512-CRYPT}$6$salt$hash'`,
  'user set': (n) => `user set user${n}@example.com --quota '2 GB'`,
  'alias add': (n) => `alias add alias${n}@example.com user${n}@example.com`,
};

try {
  console.log(`what       lines    median   per line   ${RUNS} runs, node ${process.version}`);
  for (const count of [1_000, 10_000]) {
    const times = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, []]));
    for (let run = 0; run < RUNS; run += 1) {
      const root = join(WORK, String((roots += 1)));
      time(root, ['domain add example.com']);
      for (const [kind, line] of Object.entries(KINDS)) times[kind].push(time(root, range(count, line)));
    }
    for (const [kind, all] of Object.entries(times)) {
      const took = median(all);
      const cells = [kind.padEnd(9), String(count).padStart(6), `${took.toFixed(0)} ms`.padStart(9)];
      console.log([...cells, `${((took / count) * 1000).toFixed(0)} µs`.padStart(9)].join(' '));
    }
  }
} finally {
  rmSync(WORK, { recursive: true, force: true });
}
