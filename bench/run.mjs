// Start-up and edit times as ratios to `node -e 0`, measured in pairs in the same run, and peak memory.
//   npm run bench [-- --runs 15]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/eboxmail.js', import.meta.url));
const RUNS = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 11;

/** A hash that nobody's password gives; making real ones is not what is measured. */
const HASH = '{SHA512-CRYPT}$6$rounds=100000$saltsaltsaltsalt$' + 'x'.repeat(86);

const env = { ...process.env };
delete env.NODE_EXTRA_CA_CERTS; // costs Node 20 some 39 ms a start and would flatter the ratios

function stateWith(users) {
  const lines = ['version: 1', 'server: {mailname: mx.example.com}', 'domains:', '  example.com: {}', 'users:'];
  for (let n = 0; n < users; n += 1) {
    lines.push(`  user${n}@example.com:`, `    name: User ${n}`, `    password: "${HASH}"`);
  }
  lines.push('aliases:', '  info@example.com: user0@example.com', '');
  return lines.join('\n');
}

/** Milliseconds of one run of node with these arguments. */
function time(args) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return took;
}

/** Peak resident memory of one run, as the process itself reports it, in MB. */
function memory(args) {
  const { output } = spawnSync(process.execPath, ['-r', `${WORK}/report.cjs`, ...args], {
    env,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return Math.round(Number(output[3]) / 1024);
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const WORK = mkdtempSync(join(tmpdir(), 'eboxmail-bench-'));
writeFileSync(
  join(WORK, 'report.cjs'),
  'process.on("exit",()=>require("fs").writeSync(3,String(process.resourceUsage().maxRSS)))\n',
);

function measure(name, goal, argsFor) {
  const ratios = [];
  const times = [];
  time(argsFor(0)); // fills the model cache, as any earlier command would have
  for (let run = 1; run <= RUNS; run += 1) {
    const base = time(['-e', '0']);
    const took = time(argsFor(run));
    times.push(took);
    ratios.push(took / base);
  }
  const peak = memory(argsFor(RUNS + 1));
  const row = [
    name.padEnd(34),
    median(ratios).toFixed(2).padStart(6),
    String(goal).padStart(5),
    `${median(times).toFixed(0)} ms`.padStart(8),
    `${peak} MB`.padStart(8),
  ];
  console.log(row.join('  '));
}

try {
  console.log(
    `${'command'.padEnd(34)}   ratio   goal    median      peak   (median of ${RUNS} pairs, node ${process.version})`,
  );
  measure('--version', 1.5, () => [BIN, '--version']);
  measure('completion of a command', 3, () => [BIN, '__complete', 'bash', 'eboxmail us', '']);
  for (const [users, goals] of [
    [100, [3, 3.5]],
    [10_000, [6, 6]],
  ]) {
    const root = join(WORK, String(users));
    const state = join(WORK, `${users}.yaml`);
    writeFileSync(state, stateWith(users), { mode: 0o600 });
    const common = [BIN, '--root', root, '--state', state];
    measure(`user list, ${users} users`, goals[0], () => [...common, 'user', 'list']);
    const line = `eboxmail --root ${root} --state ${state} user show user1`;
    measure(`completion, ${users} users`, goals[0], () => [BIN, '__complete', 'bash', line, '@:=']);
    measure(`alias add, ${users} users`, goals[1], (run) => [
      ...common,
      'alias',
      'add',
      `a${run}@example.com`,
      'user0@example.com',
    ]);
  }
} finally {
  rmSync(WORK, { recursive: true, force: true });
}
