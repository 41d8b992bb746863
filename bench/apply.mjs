// How long an apply takes: with nothing to do as a ratio to `node -e 0`, with one user more as a ratio to the sum of the
// calls of other programs that it makes, each pair measured in the same run. Needs root and the mail packages: it runs sandboxes.
//   npm run bench:apply [-- --runs 7]
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/eboxmail.js', import.meta.url));
const RUNS = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 7;
const OFFSET = 37_000;

/** A hash that nobody's password gives; making real ones is not what is measured. */
const HASH = '{SHA512-CRYPT}$6$rounds=100000$saltsaltsaltsalt$' + 'x'.repeat(86);

const env = { ...process.env };
delete env.NODE_EXTRA_CA_CERTS; // costs Node 20 some 39 ms a start and would flatter the ratios

const WORK = mkdtempSync(join(tmpdir(), 'eboxmail-bench-'));
// The daemons are not root and have to get in.
chmodSync(WORK, 0o755);
const CALLS = join(WORK, 'calls');
const PRELOAD = join(WORK, 'calls.mjs');
// Writes down how long each program ran that the measured one called.
writeFileSync(
  PRELOAD,
  `import childProcess from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const spawn = childProcess.spawn;
childProcess.spawn = (...args) => {
  const start = process.hrtime.bigint();
  const child = spawn(...args);
  child.once('exit', () => appendFileSync(${JSON.stringify(CALLS)}, args[0] + ' ' + Number(process.hrtime.bigint() - start) / 1e6 + '\\n'));
  return child;
};
syncBuiltinESMExports();
`,
);

function time(args, extra = {}) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'], ...extra });
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return took;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

function stateWith(users) {
  const lines = ['version: 1', 'server: {mailname: mx.example.com}', 'domains:', '  example.com: {}', 'users:'];
  for (let n = 0; n < users; n += 1) lines.push(`  user${n}@example.com:`, `    password: "${HASH}"`);
  return `${lines.join('\n')}\n`;
}

function show(name, goal, ratios, times) {
  const row = [name.padEnd(36), median(ratios).toFixed(2).padStart(6), String(goal).padStart(5)];
  console.log([...row, `${median(times).toFixed(0)} ms`.padStart(9)].join('  '));
}

console.log(`${'apply'.padEnd(36)}   ratio   goal     median   (median of ${RUNS} pairs, node ${process.version})`);
for (const users of [100, 10_000]) {
  const root = join(WORK, String(users));
  const state = join(WORK, `${users}.yaml`);
  writeFileSync(state, stateWith(users), { mode: 0o600 });
  try {
    time([BIN, 'sandbox', 'start', root, '--state', state, '--port-offset', String(OFFSET)]);
    const nothing = [];
    const nothingTimes = [];
    for (let run = 0; run < RUNS; run += 1) {
      const base = time(['-e', '0']);
      const took = time([BIN, '--root', root, 'apply']);
      nothing.push(took / base);
      nothingTimes.push(took);
    }
    show(`nothing to do, ${users} users`, users === 100 ? 5 : '-', nothing, nothingTimes);
    const more = [];
    const moreTimes = [];
    for (let run = 0; run < RUNS; run += 1) {
      time([BIN, '--root', root, 'user', 'add', `more${run}@example.com`, '--password-hash', HASH]);
      rmSync(CALLS, { force: true });
      const took = time(['--import', PRELOAD, BIN, '--root', root, 'apply']);
      const calls = readFileSync(CALLS, 'utf8').trim().split('\n');
      more.push(took / calls.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0));
      moreTimes.push(took);
      if (run === 0) console.log(`  calls: ${calls.map((line) => line.replace(/ (\d+).*/, ' $1 ms')).join(', ')}`);
    }
    show(`one user more, ${users} users`, 2, more, moreTimes);
  } finally {
    spawnSync(process.execPath, [BIN, 'sandbox', 'stop', root], { stdio: 'ignore' });
  }
}
rmSync(WORK, { recursive: true, force: true });
