// How long an apply takes: with nothing to do as a ratio to `node -e 0`, with one user more as a ratio to the calls of the
// daemons' programs (postconf, doveconf, postfix check, the tables, the reloads), and to those alone that it has to make.
// Each pair is measured in the same run. Needs root and the mail packages: it runs sandboxes.
//   npm run bench:apply [-- --runs 7]
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
const PRELOAD = join(WORK, 'calls.cjs');
// Writes down how long each program ran that the measured one called. As a CommonJS module: to load an ES module first would
// cost the measured one some 20 ms.
writeFileSync(
  PRELOAD,
  `const childProcess = require('node:child_process');
const { appendFileSync } = require('node:fs');
const { spawn } = childProcess;
childProcess.spawn = (...args) => {
  const start = process.hrtime.bigint();
  const child = spawn(...args);
  child.once('exit', () => appendFileSync(${JSON.stringify(CALLS)}, args[0] + ' ' + Number(process.hrtime.bigint() - start) / 1e6 + '\\n'));
  return child;
};
`,
);

function time(args, extra = {}) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'], ...extra });
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return took;
}

/** The calls that an apply of everything makes and this one can do without: it looks at what has changed. */
function othersOf(root) {
  const [postfix, dovecot] = [`${root}/etc/postfix`, `${root}/etc/dovecot/dovecot.conf`];
  return [
    ['postconf', '-c', postfix, '-n'],
    ['doveconf', '-c', dovecot, '-n'],
    ['postfix', '-c', postfix, 'check'],
    ['postfix', '-c', postfix, 'reload'],
    ['doveadm', '-c', dovecot, 'reload'],
  ];
}

function timeProgram([program, ...args]) {
  const start = process.hrtime.bigint();
  const { status, error } = spawnSync(program, args, { stdio: 'ignore' });
  if (error ?? status !== 0) throw error ?? new Error(`${program} ${args.join(' ')} ended with ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

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
    const more = { ofAll: [], ofMade: [], times: [] };
    for (let run = 0; run < RUNS; run += 1) {
      time([BIN, '--root', root, 'user', 'add', `more${run}@example.com`, '--password-hash', HASH]);
      // On a busy server Dovecot may be asked, and so look at its accounts, less than a second before: then it is waited for.
      await sleep(1100);
      rmSync(CALLS, { force: true });
      const took = time(['--require', PRELOAD, BIN, '--root', root, 'apply']);
      const calls = readFileSync(CALLS, 'utf8').trim().split('\n');
      const made = sum(calls.map((line) => Number(line.split(' ')[1])));
      more.ofMade.push(took / made);
      more.ofAll.push(took / (made + sum(othersOf(root).map(timeProgram))));
      more.times.push(took);
      if (run === 0) console.log(`  calls: ${calls.map((line) => line.replace(/ (\d+).*/, ' $1 ms')).join(', ')}`);
    }
    show(`one user more, ${users} users`, 2, more.ofAll, more.times);
    show('  to the calls that it made alone', '-', more.ofMade, more.times);
  } finally {
    spawnSync(process.execPath, [BIN, 'sandbox', 'stop', root], { stdio: 'ignore' });
  }
}
rmSync(WORK, { recursive: true, force: true });
