// `log trace` and `log stats` as ratios to grep on the same file, measured in turns in the same run, and peak memory.
//   node bench/log.mjs [--megabytes 1000] [--runs 3]
// The log is made of the lines of a real run, again and again with ids, addresses and times of their own, in a directory
// that is removed afterwards.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/eboxmail.js', import.meta.url));
const FIXTURE = fileURLToPath(new URL('../test/unit/log/fixtures/mail.log', import.meta.url));
const option = (name, otherwise) => Number(process.argv[process.argv.indexOf(name) + 1]) || otherwise;
const MEGABYTES = option('--megabytes', 1000);
const RUNS = option('--runs', 3);

const env = { ...process.env, LC_ALL: 'C' };
delete env.NODE_EXTRA_CA_CERTS; // see run.mjs

const DIGITS = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz';

/** The first six digits of a long queue id: a time in seconds. */
function secondsOf(time) {
  let [digits, rest] = ['', time];
  for (let n = 0; n < 6; n += 1) {
    digits = DIGITS[rest % 52] + digits;
    rest = Math.floor(rest / 52);
  }
  return digits;
}

/** Four digits that differ from turn to turn, the same for the same id. */
function microseconds(turn, id) {
  let hash = turn * 2_654_435_761;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return [0, 1, 2, 3].map((n) => DIGITS[Math.floor(hash / 52 ** n) % 52]).join('');
}

/** A week of the fixture, again and again; the addresses of each turn have its number. */
function writeLog(path, megabytes) {
  const lines = readFileSync(FIXTURE, 'utf8').trimEnd().split('\n');
  const size = lines.join('\n').length + 1;
  const turns = Math.ceil((megabytes * 1e6) / (size * 1.1));
  const end = Math.floor(Date.now() / 1000) - 60;
  const file = openSync(path, 'w');
  for (let turn = 0; turn < turns; turn += 1) {
    const seconds = end - Math.floor((604_800 * (turns - turn)) / turns);
    const stamp = `${new Date(seconds * 1000).toISOString().slice(0, 19)}+00:00`;
    const tag = turn.toString(36).padStart(5, '0');
    const text = lines
      .map((line) =>
        (stamp + line.slice(15))
          .replace(
            /\b4jY[0-9A-Za-z]{3}([0-9A-Za-z]{4})(z\w{4,5})\b/g,
            (_, of, inode) => `${secondsOf(seconds)}${microseconds(turn, of)}${inode}`,
          )
          .replace(/id=<(?!>)/g, `id=<${tag}.`)
          .replace(/<(\w+)@(a|c|far)\.test>(?= \S+ Saved|, |: )/g, `<$1${tag}@$2.test>`)
          .replace(/> (\w{15})\S+ Saved/g, `> $1${tag} Saved`)
          .replace('REMOTE123', `REMOTE${tag}`),
      )
      .join('\n');
    writeSync(file, `${text}\n`);
  }
  closeSync(file);
  return turns;
}

/** Seconds of processor time and of the clock, and memory in MB, as GNU time tells them; the exit status must be 0. */
function measure(command) {
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S %e %M', ...command], {
    env,
    // grep stops at the first hit when its output is /dev/null.
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
  const [user, system, wall, memory] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { processor: user + system, wall, memory: memory / 1024 };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const WORK = mkdtempSync(join(tmpdir(), 'eboxmail-bench-log-'));
try {
  const log = join(WORK, 'mail.log');
  const turns = writeLog(log, MEGABYTES);
  writeFileSync(
    join(WORK, 'state.yaml'),
    'version: 1\nserver: {mailname: mx.example.test}\ndomains: {a.test: {}, c.test: {}}\n',
  );
  const tag = (turn) => Math.floor(turn).toString(36).padStart(5, '0');
  const early = `alice${tag(turns * 0.1)}@a.test`;
  const late = `alice${tag(turns * 0.99)}@a.test`;
  const program = [process.execPath, BIN, '--root', WORK, '--state', join(WORK, 'state.yaml'), 'log'];
  const cases = [
    ['trace, an address of a week ago', [...program, 'trace', early, '--file', log], ['grep', '-F', early, log]],
    ['trace, an address of today', [...program, 'trace', late, '--file', log], ['grep', '-F', late, log]],
    [
      'trace, the same, --since 1 d',
      [...program, 'trace', late, '--since', '1 d', '--file', log],
      ['grep', '-F', late, log],
    ],
    ['stats, 8 days', [...program, 'stats', '--days', '8', '--file', log], ['grep', '-c', 'status=sent', log]],
  ];
  console.log(
    `${(statSync(log).size / 1e6).toFixed(0)} MB, ${turns} turns, median of ${RUNS} pairs, node ${process.version}`,
  );
  console.log(`${'command'.padEnd(34)}  processor to grep    clock     grep     peak`);
  for (const [name, command, grep] of cases) {
    measure(grep);
    const pairs = Array.from({ length: RUNS }, () => ({ grep: measure(grep), ours: measure(command) }));
    const row = [
      name.padEnd(34),
      median(pairs.map(({ grep, ours }) => ours.processor / grep.processor))
        .toFixed(1)
        .padStart(17),
      `${median(pairs.map(({ ours }) => ours.wall)).toFixed(1)} s`.padStart(7),
      `${median(pairs.map(({ grep }) => grep.wall)).toFixed(1)} s`.padStart(7),
      `${median(pairs.map(({ ours }) => ours.memory)).toFixed(0)} MB`.padStart(7),
    ];
    console.log(row.join('  '));
  }
} finally {
  rmSync(WORK, { recursive: true, force: true });
}
