// The queue commands against Postfix's own tools, as ratios in the same run, on a queue of forged copies of one message.
// Needs root, Postfix and Dovecot; works in a sandbox of its own, which it removes.
//   node bench/queue.mjs [--runs 11] [--messages 10000,100000]
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readdirSync } from 'node:fs';
import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/eboxmail.js', import.meta.url));
const option = (name, otherwise) => process.argv[process.argv.indexOf(name) + 1 || Infinity] ?? otherwise;
const RUNS = Number(option('--runs', 11));
const SIZES = String(option('--messages', '10000,100000')).split(',').map(Number);

const STATE = `version: 1
server: {mailname: mx.example.com}
domains: {example.com: }
users: {alice@example.com: {password: "{SHA512-CRYPT}$6$rounds=5000$saltsaltsaltsalt$nobody"}}
`;

const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
delete env.NODE_EXTRA_CA_CERTS; // costs Node 20 some 39 ms a start and would flatter the ratios

const WORK = mkdtempSync(join(tmpdir(), 'eboxmail-bench-'));
chmodSync(WORK, 0o755); // the daemons are not root
const ROOT = join(WORK, 'sb');
const CONFIG = `${ROOT}/etc/postfix`;
const DEFERRED = `${ROOT}/var/spool/postfix/deferred`;

function run(program, args, options = {}) {
  const result = spawnSync(program, args, { env, encoding: 'utf8', maxBuffer: 2 ** 30, ...options });
  if (result.status !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${result.status}: ${result.stderr}`);
  return result;
}

/** Milliseconds of a program whose output goes nowhere. */
function time(program, args, input) {
  const start = process.hrtime.bigint();
  run(program, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe'], input });
  return Number(process.hrtime.bigint() - start) / 1e6;
}

const eboxmail = (...args) => [process.execPath, [BIN, '--root', ROOT, ...args]];
const postqueue = ['postqueue', ['-c', CONFIG, '-j']];

/** One real message that its next hop does not take; its file is what all others are copies of. */
function startSandbox() {
  writeFileSync(join(WORK, 'state.yaml'), STATE, { mode: 0o600 });
  const offset = 30_000 + (process.pid % 20_000);
  run(
    process.execPath,
    [BIN, 'sandbox', 'start', ROOT, '--state', join(WORK, 'state.yaml'), '--port-offset', `${offset}`],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  run('doveadm', ['-c', `${ROOT}/etc/dovecot/dovecot.conf`, 'stop']);
  run('smtp-source', ['-f', 'x@elsewhere.test', '-t', 'alice@example.com', `127.0.0.1:${25 + offset}`]);
  for (let tries = 0; tries < 200; tries += 1) {
    const found = readdirSync(DEFERRED, { recursive: true, withFileTypes: true }).find((entry) => entry.isFile());
    if (found) {
      const kept = join(WORK, 'message');
      copyFileSync(join(found.parentPath, found.name), kept);
      return { kept, owner: statSync(join(found.parentPath, found.name)).uid };
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
  throw new Error('the message was not deferred');
}

const LETTERS = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz';
const letters = (number, base, width) => {
  let text = '';
  for (let rest = number; rest > 0; rest = Math.floor(rest / base)) text = LETTERS[rest % base] + text;
  return text.padStart(width, '0');
};

/** Fills the deferred queue; ids of this form are the same every time, and the next try is far away. */
function fill({ kept, owner }, count) {
  run('postsuper', ['-c', CONFIG, '-d', 'ALL']);
  const later = Date.now() / 1000 + 86_400;
  for (let n = 0; n < count; n += 1) {
    const microseconds = (n * 7919) % 1_000_000;
    const directory = join(DEFERRED, microseconds.toString(16).toUpperCase().padStart(5, '0')[0]);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chownSync(directory, owner, 0);
    const path = join(directory, `3zzzzz${letters(microseconds, 52, 4)}z${letters(n + 1_000_000, 51, 5)}`);
    copyFileSync(kept, path);
    chownSync(path, owner, 0);
    utimesSync(path, later, later);
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

function report(name, goal, pairs, memory) {
  const ratio = median(pairs.map(([base, took]) => took / base)).toFixed(2);
  const row = [name.padEnd(38), ratio.padStart(6), String(goal).padStart(5)];
  row.push(`${median(pairs.map(([base]) => base)).toFixed(0)} ms`.padStart(9));
  row.push(`${median(pairs.map(([, took]) => took)).toFixed(0)} ms`.padStart(9), memory ?? '');
  console.log(row.join('  '));
}

/** Peak resident memory of this program, in MB. */
function peak(args) {
  writeFileSync(
    join(WORK, 'report.cjs'),
    'process.on("exit",()=>require("fs").writeSync(3,String(process.resourceUsage().maxRSS)))\n',
  );
  const [program, words] = eboxmail(...args);
  const sink = openSync('/dev/null', 'w');
  const { output } = run(program, ['-r', `${WORK}/report.cjs`, ...words], {
    stdio: ['ignore', sink, 'ignore', 'pipe'],
  });
  closeSync(sink);
  return `${Math.round(Number(output[3]) / 1024)} MB`;
}

function measureList(name, args) {
  const pairs = Array.from({ length: RUNS }, () => [time(...postqueue), time(...eboxmail(...args))]);
  report(name, name.includes('--json,') ? 1.25 : '', pairs, peak(args));
}

/** The same ids, deleted by postsuper and by a filter; each time on a fresh queue. */
function measureDelete(message, count, runs) {
  const pairs = [];
  for (let turn = 0; turn < runs; turn += 1) {
    fill(message, count);
    const ids = run(...postqueue).stdout.replaceAll(/^.*"queue_id": "(\w+)".*$/gm, '$1');
    const base = time(...postqueue) + time('postsuper', ['-c', CONFIG, '-d', '-'], ids);
    fill(message, count);
    pairs.push([base, time(...eboxmail('queue', 'delete', '--sender', 'x@elsewhere.*', '--yes', '--quiet'))]);
    rmSync(`${ROOT}/var/spool/postfix/eboxmail-undo`, { recursive: true, force: true });
  }
  report(`queue delete by filter, ${count}`, 1.5, pairs);
}

try {
  const message = startSandbox();
  console.log(
    `${''.padEnd(38)}   ratio   goal    Postfix   eboxmail  peak   (median of ${RUNS} pairs, node ${process.version})`,
  );
  for (const count of SIZES) {
    fill(message, count);
    measureList(`queue list --json, ${count} messages`, ['queue', 'list', '--json']);
    measureList(`queue list --json --sort size, ${count}`, ['queue', 'list', '--json', '--sort', 'size']);
    measureList(`queue list, ${count}`, ['queue', 'list']);
  }
  measureDelete(message, 10_000, Math.max(3, Math.floor(RUNS / 3)));
} finally {
  spawnSync(process.execPath, [BIN, 'sandbox', 'stop', ROOT], { env, stdio: 'ignore' });
  rmSync(WORK, { recursive: true, force: true });
}
